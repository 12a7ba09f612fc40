/// Follows the pieces of a tool call's arguments: whether they are an object, and whether it has ended. Pure.
///
/// Brackets are counted outside strings only; whether the whole is valid JSON is not looked at.
struct ToolInputProgress {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The first byte that is not blank came.
    private(set) var hasBegun = false
    /// It was an opening brace.
    private(set) var isObject = false
    /// That brace was closed.
    private(set) var isComplete = false

    mutating func feed(_ piece: [UInt8]) {
        for byte in piece {
            if self.isInString {
                if self.isEscaped {
                    self.isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    self.isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    self.isInString = false
                }
                continue
            }
            guard byte > 0x20 else { continue }
            if !self.hasBegun {
                self.hasBegun = true
                self.isObject = byte == UInt8(ascii: "{")
            }
            switch byte {
            case UInt8(ascii: "\""): self.isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): self.depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                self.depth &-= 1
                if self.depth == 0, self.isObject { self.isComplete = true }
            default: break
            }
        }
    }
}
