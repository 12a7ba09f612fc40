internal import JSON

/// The walk over an export in JSON: a page of a report, several in an array, or one after the other.
struct JSONExportWalk {
    private let text: [UInt8]
    private let expected: ExportFormat?
    private var format: ExportFormat?
    private var gather = ExportGather()
    var problems = ExportProblems()
    /// The members in which the walk is.
    var path: [String] = []
    /// The last page says that there are more.
    private var hasMore = false

    init(_ text: [UInt8], _ expected: ExportFormat?) {
        self.text = text
        self.expected = expected
    }

    mutating func document(_ cursor: inout JSONCursor) -> Result<ProviderExport, ExportFailure> {
        var number = 0
        while cursor.fault == nil, !cursor.isAtEnd {
            if cursor.enterArray() {
                while cursor.nextElement() { self.value(&number, &cursor) }
            } else {
                self.value(&number, &cursor)
            }
        }
        if let fault = cursor.fault { self.report(ExportReader.words(fault), at: fault.offset ?? cursor.offset) }
        guard self.problems.isEmpty else { return .failure(self.problems.failure) }
        guard let format else {
            self.report("there is no usage in it: expected are pages of OpenAI's or Anthropic's usage reports", at: nil)
            return .failure(self.problems.failure)
        }
        if self.hasMore {
            self.gather.note("the last page says that there are more pages: later days are missing")
        }
        return .success(self.gather.export(format))
    }

    private mutating func value(_ number: inout Int, _ cursor: inout JSONCursor) {
        self.path = number == 0 ? [] : ["page \(number + 1)"]
        number += 1
        self.object(&cursor, isPage: true)
        self.path = []
    }

    // MARK: Pages and buckets

    /// A page, or a bucket by itself.
    private mutating func object(_ cursor: inout JSONCursor, isPage: Bool) {
        let start = cursor.offset
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return self.report(isPage ? "this is no page of a report" : "this is no object", at: start)
        }
        var bucket = ExportBucket()
        var seen: Set<String> = []
        var hasData = false
        while let key = cursor.nextKey() {
            let place = key.lowerBound - 1
            guard let name = self.name(key, cursor) else {
                _ = cursor.skip()
                continue
            }
            guard seen.insert(name).inserted else {
                self.report("\(ExportProblems.shown(name.utf8)) is there twice", at: place)
                _ = cursor.skip()
                continue
            }
            self.path.append(name)
            switch name {
            case "data" where isPage:
                hasData = true
                self.elements(&cursor) { walk, cursor in walk.object(&cursor, isPage: false) }
            case "has_more" where isPage: self.hasMore = self.flag(&cursor)
            case "results":
                bucket.hasResults = true
                self.elements(&cursor) { walk, cursor in walk.result(&cursor, &bucket) }
            case "start_time", "starting_at": bucket.set(\.start, self.time(&cursor, isNumber: name == "start_time"))
            case "end_time", "ending_at": bucket.set(\.end, self.time(&cursor, isNumber: name == "end_time"))
            default: _ = cursor.skip()
            }
            self.path.removeLast()
        }
        guard cursor.fault == nil else { return }
        if bucket.hasResults { return self.take(bucket, at: start) }
        if !hasData {
            self.report(
                isPage ? "this is no page of a usage report: it has neither data nor results" : "it has no results",
                at: start)
        }
    }

    private mutating func take(_ bucket: ExportBucket, at offset: Int) {
        guard let start = bucket.start, let end = bucket.end, start.format == end.format else {
            if !bucket.hasBadTime {
                self.report("a bucket needs start_time and end_time, or starting_at and ending_at", at: offset)
            }
            return
        }
        if let known = self.format ?? self.expected, known != start.format {
            return self.report("this is \(start.format.rawValue), and \(known.rawValue) was expected", at: offset)
        }
        self.format = start.format
        if let reason = self.gather.add(stretch: start.seconds, end.seconds) { return self.report(reason, at: offset) }
        // Reports of completions and embeddings have buckets of the same times. One without results counts nothing twice.
        for kind in Set(bucket.results.map(\.kind)) where !self.gather.add(kind, of: start.seconds..<end.seconds) {
            return self.report("there is another bucket of the same time: is a page there twice?", at: offset)
        }
        let members = ExportMember.members(of: start.format)
        for result in bucket.results {
            self.path.append("results[\(result.index)]")
            self.take(result, members, day: start.seconds / ExportGather.secondsOfDay)
            self.path.removeLast()
        }
    }

    private mutating func take(_ result: ExportBucket.Result, _ members: [ExportMember], day: Int64) {
        var numbers: [(ComparedClass, Int64)] = []
        var isWhole = true
        for member in members {
            if let number = result.numbers[member.name] {
                numbers.append((member.compared, number))
            } else if member.isRequired, !(member.compared == .outputTotal && result.kind.isInputOnly) {
                isWhole = false
                guard !result.bad.contains(member.name) else { continue }
                self.report("\(member.name) is missing", at: result.offset)
            }
        }
        for name in result.unknown where !members.contains(where: { $0.name == name }) {
            self.gather.note("\(ExportProblems.shown(name.utf8)) is not compared: this version does not know it")
        }
        guard isWhole, let model = result.model else { return }
        guard self.gather.add(day: day, model: model, numbers) else {
            return self.report("there are too many models", at: result.offset)
        }
    }

    // MARK: Values

    private mutating func elements(
        _ cursor: inout JSONCursor, _ body: (inout JSONExportWalk, inout JSONCursor) -> Void
    ) {
        let start = cursor.offset
        guard cursor.enterArray() else {
            _ = cursor.skip()
            return self.report("must be an array", at: start)
        }
        let name = self.path.removeLast()
        var index = 0
        while cursor.nextElement() {
            self.path.append("\(name)[\(index)]")
            body(&self, &cursor)
            self.path.removeLast()
            index += 1
        }
        self.path.append(name)
    }

    enum Number {
        case number(Int64)
        case null
        case bad
    }

    mutating func numberOrNull(_ cursor: inout JSONCursor) -> Number {
        let start = cursor.offset
        let isScalar = cursor.kind == .scalar
        guard let value = cursor.skip() else { return .bad }
        if isScalar {
            if unsafe JSONScalar.isNull(cursor.bytes(value)) { return .null }
            if let count = unsafe ExportGather.count(cursor.bytes(value)) { return .number(count) }
        }
        self.report("must be a number from 0 to \(ExportGather.largest), in digits only", at: start)
        return .bad
    }

    /// A number as OpenAI has it, or a text as Anthropic has it.
    private mutating func time(_ cursor: inout JSONCursor, isNumber: Bool) -> ExportBucket.Time? {
        let start = cursor.offset
        if isNumber {
            switch self.numberOrNull(&cursor) {
            case .number(let number): return ExportBucket.Time(seconds: number, .openAIJSON)
            case .null: self.report("must be a number", at: start)
            case .bad: break
            }
            return nil
        }
        guard let value = cursor.skip() else { return nil }
        guard let text = self.string(value, cursor), let seconds = ExportGather.seconds(text) else {
            self.report("must be a time in UTC such as 2026-11-22T00:00:00Z", at: start)
            return nil
        }
        return ExportBucket.Time(seconds: seconds, .anthropicJSON)
    }

    private mutating func flag(_ cursor: inout JSONCursor) -> Bool {
        guard let value = cursor.skip() else { return false }
        return unsafe JSONScalar.boolean(cursor.bytes(value)) ?? false
    }

    /// What a string stands for; nil for anything else.
    func string(_ value: Range<Int>, _ cursor: borrowing JSONCursor) -> [UInt8]? {
        let bytes = unsafe cursor.bytes(value)
        guard bytes.count >= 2, unsafe bytes.first == UInt8(ascii: "\"") else { return nil }
        let content = unsafe cursor.bytes(value.lowerBound + 1..<value.upperBound - 1)
        var text: [UInt8] = []
        return unsafe JSONText.unescape(content, into: &text) ? text : nil
    }

    /// The name of a member; nil for one that none of ours can be.
    func name(_ key: Range<Int>, _ cursor: borrowing JSONCursor) -> String? {
        guard key.count <= 256 else { return nil }
        var text: [UInt8] = []
        guard unsafe JSONText.unescape(cursor.bytes(key), into: &text) else { return nil }
        return String(validating: text, as: UTF8.self)
    }

    mutating func report(_ reason: String, at offset: Int?) {
        let place = self.path.joined(separator: ".")
        self.problems.add(reason, at: offset, of: self.text, ExportProblems.shown(place.utf8))
    }
}
