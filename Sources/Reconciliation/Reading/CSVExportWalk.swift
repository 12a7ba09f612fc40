/// The walk over an export in CSV: a line of names, then a line for each group.
struct CSVExportWalk {
    private static let openAITimes = ["start_time", "end_time", "start_time_iso", "end_time_iso"]

    private let text: [UInt8]
    private let expected: ExportFormat?
    private var lines: CSVLines
    private var gather = ExportGather()
    private var problems = ExportProblems()
    /// Where each column is.
    private var columns: [String: Int] = [:]
    private var width = 0

    init(_ text: [UInt8], _ expected: ExportFormat?) {
        self.text = text
        self.expected = expected
        self.lines = CSVLines(text)
    }

    mutating func document() throws(ExportFailure) -> ProviderExport {
        guard let format = self.head() else { throw self.problems.failure }
        let members = ExportMember.members(of: format).filter { self.columns[$0.name] != nil }
        while let cells = self.line() {
            guard !cells.isEmpty else { continue }
            guard cells.count == self.width else {
                self.report("the line has \(cells.count) cells, and there are \(self.width) columns", cells[0])
                continue
            }
            self.take(cells, format, members)
        }
        guard self.problems.isEmpty else { throw self.problems.failure }
        let export = self.gather.export(format)
        guard !export.days.isEmpty else {
            self.problems.add("there are no lines behind the names of the columns", at: nil, of: self.text)
            throw self.problems.failure
        }
        return export
    }

    /// The next line that can be taken apart; nil at the end.
    private mutating func line() -> [CSVLines.Cell]? {
        while true {
            do throws(CSVLines.Fault) {
                return try self.lines.next()
            } catch {
                self.problems.add(error.reason, at: error.offset, of: self.text)
                // What follows a quote that is never closed is not a line of its own.
            }
        }
    }

    // MARK: Names

    /// Reads the names of the columns; nil, and a problem, where they are not an export's.
    private mutating func head() -> ExportFormat? {
        var first: [CSVLines.Cell] = []
        while first.isEmpty {
            guard let cells = self.line() else {
                if self.problems.isEmpty { self.problems.add("it is empty", at: nil, of: self.text) }
                return nil
            }
            first = cells
        }
        self.width = first.count
        for (index, cell) in first.enumerated() {
            var name = cell.bytes[...]
            while name.first == 0x20 { name = name.dropFirst() }
            while name.last == 0x20 { name = name.dropLast() }
            let text = String(decoding: name, as: UTF8.self).lowercased()
            guard !text.isEmpty else { continue }
            guard self.columns[text] == nil else {
                self.report("the column is there twice", cell, text)
                continue
            }
            self.columns[text] = index
        }
        guard let format = self.recognized else {
            self.problems.add(
                "these are not the columns of an export of usage by OpenAI (start_time, end_time, model, input_tokens …) "
                    + "or Anthropic (usage_date_utc, model_version, usage_input_tokens_no_cache …)",
                at: first[0].offset, of: self.text)
            return nil
        }
        if let expected, expected != format {
            self.problems.add(
                "this is \(format.rawValue), and \(expected.rawValue) was expected", at: first[0].offset, of: self.text)
            return nil
        }
        self.checkNames(format, first[0])
        return self.problems.isEmpty ? format : nil
    }

    private var recognized: ExportFormat? {
        if self.columns["usage_date_utc"] != nil { return .anthropicCSV }
        return self.columns["start_time"] != nil && self.columns["end_time"] != nil ? .openAICSV : nil
    }

    private mutating func checkNames(_ format: ExportFormat, _ first: CSVLines.Cell) {
        let members = ExportMember.members(of: format)
        // The export of days without any usage has nothing but their times.
        let isEmptyExport = format == .openAICSV && self.columns.keys.allSatisfy { Self.openAITimes.contains($0) }
        if !isEmptyExport {
            let names = [format == .openAICSV ? "model" : "model_version"] + members.filter(\.isRequired).map(\.name)
            for name in names where self.columns[name] == nil {
                self.report("the column is missing", first, name)
            }
        }
        if format == .anthropicCSV {
            let (short, long, any) =
                (
                    self.columns["usage_input_tokens_cache_write_5m"] != nil,
                    self.columns["usage_input_tokens_cache_write_1h"] != nil,
                    self.columns["usage_input_tokens_cache_write"] != nil
                )
            if short != long || (!short && !any) {
                self.report(
                    "expected are the columns usage_input_tokens_cache_write_5m and usage_input_tokens_cache_write_1h",
                    first)
            }
        }
        for name in self.columns.keys.sorted() where ExportMember.isUnknownClass(name) {
            guard !members.contains(where: { $0.name == name }) else { continue }
            self.gather.note("\(ExportProblems.shown(name.utf8)) is not compared: this version does not know it")
        }
    }

    // MARK: Lines

    private mutating func take(_ cells: [CSVLines.Cell], _ format: ExportFormat, _ members: [ExportMember]) {
        guard let day = self.day(cells, format) else { return }
        let name = format == .openAICSV ? "model" : "model_version"
        let model = self.columns[name].map { cells[$0] }
        let isEmpty = members.allSatisfy { member in
            self.columns[member.name].map { cells[$0].bytes.isEmpty } ?? true
        }
        // A day without usage.
        if format == .openAICSV, isEmpty, model?.bytes.isEmpty ?? true { return }
        var numbers: [(ComparedClass, Int64)] = []
        var isWhole = true
        for member in members {
            guard let index = self.columns[member.name] else { continue }
            if cells[index].bytes.isEmpty, !member.isRequired { continue }
            guard let number = ExportGather.count(cells[index].bytes) else {
                isWhole = false
                self.report(
                    "must be a number from 0 to \(ExportGather.largest), in digits only", cells[index], member.name)
                continue
            }
            numbers.append((member.compared, number))
        }
        guard let model, let known = ExportGather.model(model.bytes) else {
            let isMissing = model?.bytes.isEmpty ?? true
            return self.report(
                isMissing ? "the model is missing: export the usage grouped by model" : "must be the name of a model",
                model ?? cells[0], name)
        }
        guard isWhole else { return }
        if !self.gather.add(day: day, model: known, numbers) { self.report("there are too many models", cells[0]) }
    }

    /// The day a line is of; nil, and a problem, where that cannot be told.
    private mutating func day(_ cells: [CSVLines.Cell], _ format: ExportFormat) -> Int64? {
        if format == .anthropicCSV {
            guard let index = self.columns["usage_date_utc"] else { return nil }
            guard let seconds = ExportGather.seconds(cells[index].bytes) else {
                self.report("must be a day such as 2026-11-22", cells[index], "usage_date_utc")
                return nil
            }
            let start = seconds - seconds % ExportGather.secondsOfDay
            return self.add(start, start + ExportGather.secondsOfDay, cells[index], "usage_date_utc")
        }
        guard let from = self.columns["start_time"], let to = self.columns["end_time"] else { return nil }
        let start = ExportGather.count(cells[from].bytes)
        let end = ExportGather.count(cells[to].bytes)
        if start == nil { self.report("must be seconds since 1970", cells[from], "start_time") }
        if end == nil { self.report("must be seconds since 1970", cells[to], "end_time") }
        guard let start, let end else { return nil }
        return self.add(start, end, cells[from], "start_time")
    }

    private mutating func add(_ start: Int64, _ end: Int64, _ cell: CSVLines.Cell, _ name: String) -> Int64? {
        if let reason = self.gather.add(stretch: start, end) {
            self.report(reason, cell, name)
            return nil
        }
        return start / ExportGather.secondsOfDay
    }

    private mutating func report(_ reason: String, _ cell: CSVLines.Cell, _ name: String = "") {
        self.problems.add(reason, at: cell.offset, of: self.text, ExportProblems.shown(name.utf8))
    }
}
