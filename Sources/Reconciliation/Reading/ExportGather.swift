internal import Domain

/// Adds up the lines of an export.
struct ExportGather {
    /// A stretch of time of one report: each is there once.
    private struct Bucket: Hashable {
        let kind: ExportBucket.Result.Kind
        let stretch: Range<Int64>
    }

    /// Groups of a day and a model, and stretches of time.
    private static let mostCells = 200_000
    private static let mostStretches = 200_000
    /// No file says more of one group; sums of many stay within Int64.
    static let largest: Int64 = 1 << 53
    /// Bytes of a model's name.
    static let longestModel = 512
    static let secondsOfDay: Int64 = 86_400

    private var cells: [ProviderExport.Cell: [ComparedClass: Int64]] = [:]
    private var stretches: Set<Range<Int64>> = []
    private var buckets: Set<Bucket> = []
    private var classes: Set<ComparedClass> = []
    private var notes: [String] = []
    private var rows = 0

    /// False: there are too many.
    mutating func add(day: Int64, model: [UInt8], _ numbers: [(ComparedClass, Int64)]) -> Bool {
        let cell = ProviderExport.Cell(day: day, model: model)
        guard self.cells.count < Self.mostCells || self.cells[cell] != nil else { return false }
        self.rows += 1
        for (compared, number) in numbers {
            self.classes.insert(compared)
            self.cells[cell, default: [:]][compared, default: 0] =
                (self.cells[cell]?[compared] ?? 0).addingClamped(number)
        }
        return true
    }

    /// Seconds since 1970 that the export is of. Why it cannot be, in words; nil where it can.
    mutating func add(stretch start: Int64, _ end: Int64) -> String? {
        guard start >= 0, start < end, end <= 253_402_300_800 else {
            return "its time must end after it begins, and lie between 1970 and 9999"
        }
        guard start / Self.secondsOfDay == (end - 1) / Self.secondsOfDay else {
            return "it must lie within one day of UTC: ask for buckets of a day, or shorter ones"
        }
        guard self.stretches.count < Self.mostStretches || self.stretches.contains(start..<end) else {
            return "the file has more than \(Self.mostStretches) stretches of time"
        }
        self.stretches.insert(start..<end)
        return nil
    }

    /// What one report says of a stretch of time that was added before. False: the same was there already.
    mutating func add(_ kind: ExportBucket.Result.Kind, of stretch: Range<Int64>) -> Bool {
        self.buckets.insert(Bucket(kind: kind, stretch: stretch)).inserted
    }

    mutating func note(_ words: String) {
        guard self.notes.count < 50, !self.notes.contains(words) else { return }
        self.notes.append(words)
    }

    func export(_ format: ExportFormat) -> ProviderExport {
        var export = ProviderExport(format)
        export.cells = self.cells
        // What every file of the format has to say is compared also where this one says nothing: it is 0 there.
        let required = ExportMember.members(of: format).filter(\.isRequired).map(\.compared)
        export.classes = self.classes.union(required).sorted()
        export.rows = self.rows
        export.notes = self.notes
        for stretch in self.stretches {
            let milliseconds = (stretch.upperBound - stretch.lowerBound) * 1000
            export.days[stretch.lowerBound / Self.secondsOfDay, default: 0] += milliseconds
        }
        return export
    }

    // MARK: What is read the same way in all formats

    /// A model's name; nil for one that cannot be.
    static func model(_ bytes: [UInt8]) -> [UInt8]? {
        guard !bytes.isEmpty, bytes.count <= Self.longestModel, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return nil
        }
        return bytes
    }

    /// Digits, and nothing else: 0 to 2⁵³.
    static func count(_ digits: some Collection<UInt8>) -> Int64? {
        guard (1...16).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: Int64 = 0
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return value <= Self.largest ? value : nil
    }

    /// Seconds since 1970 of a day such as `2026-11-22`, or of a time such as `2026-11-22T00:00:00Z` (of UTC, whole seconds); nil for anything
    /// else.
    static func seconds(_ text: [UInt8]) -> Int64? {
        func digits(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in text[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard text.count >= 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), let year = digits(0..<4),
            let month = digits(5..<7), let day = digits(8..<10),
            let days = CalendarDay.daysSince1970(year: year, month: month, day: day), days >= 0
        else { return nil }
        let start = Int64(days) * Self.secondsOfDay
        if text.count == 10 { return start }
        // What a file says of fractions of a second is 0.
        guard text.count >= 20, text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: " "),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), let hour = digits(11..<13),
            let minute = digits(14..<16), let second = digits(17..<19), hour < 24, minute < 60, second < 60
        else { return nil }
        var rest = text[19...]
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { $0 == UInt8(ascii: "0") } }
        guard rest.elementsEqual("Z".utf8) || rest.elementsEqual("+00:00".utf8) else { return nil }
        return start + Int64(hour * 3600 + minute * 60 + second)
    }
}
