/// What is wrong with a file, and where.
public struct ExportProblem: Hashable, Sendable, CustomStringConvertible {
    /// From 1; in bytes where the column is concerned. 0: of the file as a whole.
    public let line: Int
    public let column: Int
    /// The member or the column of the table, such as `data[3].results[0].input_tokens`; empty where there is none.
    public let place: String
    /// In words that fit behind it.
    public let reason: String

    /// `3:17: data[0].results[2].model: must be a text`
    public var description: String {
        let at = self.line > 0 ? "\(self.line):\(self.column): " : ""
        return at + (self.place.isEmpty ? "" : "\(self.place): ") + self.reason
    }
}
