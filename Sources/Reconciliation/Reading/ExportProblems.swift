/// Gathers what is wrong with a file, a bounded number of problems, and finds their lines.
struct ExportProblems {
    /// Characters of a place or a value from the file that are told.
    static let shownCharacters = 120

    private(set) var list: [ExportProblem] = []
    private(set) var more = 0
    /// Where the line was found last, so that all lines together are counted once where problems come in order.
    private var lastOffset = 0
    private var lastLine = 1
    private var lastStart = 0

    var isEmpty: Bool { self.list.isEmpty }

    /// `offset`: bytes in front of it in `text`; nil for the file as a whole.
    mutating func add(_ reason: String, at offset: Int?, of text: [UInt8], _ place: String = "") {
        guard self.list.count < ExportFailure.limit else { return self.more += 1 }
        guard let offset else {
            return self.list.append(ExportProblem(line: 0, column: 0, place: place, reason: reason))
        }
        let end = min(max(0, offset), text.count)
        if end < self.lastOffset { (self.lastOffset, self.lastLine, self.lastStart) = (0, 1, 0) }
        var index = self.lastOffset
        while index < end {
            if text[index] == 0x0A {
                self.lastLine += 1
                self.lastStart = index + 1
            }
            index += 1
        }
        self.lastOffset = end
        self.list.append(
            ExportProblem(line: self.lastLine, column: end - self.lastStart + 1, place: place, reason: reason))
    }

    var failure: ExportFailure { ExportFailure(problems: self.list, more: self.more) }

    /// Bytes of the file, safe to show.
    static func shown(_ bytes: some Sequence<UInt8>) -> String {
        String(
            decoding: bytes.prefix(Self.shownCharacters).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}
