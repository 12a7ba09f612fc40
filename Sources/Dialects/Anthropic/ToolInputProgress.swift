internal import JSON

/// Follows the pieces of a tool call's arguments: whether they are an object, and whether it has ended. Pure.
///
/// Brackets are counted outside strings only; whether the whole is valid JSON is not looked at.
struct ToolInputProgress {
    private var nesting = JSONNesting()
    /// The first byte that is not blank came.
    private(set) var hasBegun = false
    /// It was an opening brace.
    private(set) var isObject = false
    /// That brace was closed.
    private(set) var isComplete = false

    mutating func feed(_ piece: [UInt8]) {
        for byte in piece {
            if !self.hasBegun, byte > 0x20 {
                self.hasBegun = true
                self.isObject = byte == UInt8(ascii: "{")
            }
            if self.nesting.read(byte), self.nesting.depth == 0, self.isObject { self.isComplete = true }
        }
    }
}
