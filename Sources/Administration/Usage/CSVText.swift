/// Cells and lines of CSV (RFC 4180).
public enum CSVText {
    /// A text as a cell. One that a spreadsheet would take for a formula gets an apostrophe in front: names of models come from clients.
    public static func cell(_ text: [UInt8]) -> [UInt8] {
        guard let first = text.first else { return [] }
        let isFormula = first == 0x09 || first == 0x0D || "=+-@".utf8.contains(first)
        guard isFormula || text.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        let escaped = text.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] }
        return [0x22] + (isFormula ? [UInt8(ascii: "'")] : []) + escaped + [0x22]
    }

    /// Cells as they are, with commas between them.
    public static func line(_ cells: [[UInt8]]) -> [UInt8] {
        Array(cells.joined(separator: [UInt8(ascii: ",")])) + [0x0D, 0x0A]
    }
}
