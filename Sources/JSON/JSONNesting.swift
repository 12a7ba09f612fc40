/// Follows the brackets of a JSON text byte by byte, however it is cut: how deep it is nested, outside of strings. Whether the
/// text is valid is not looked at.
public struct JSONNesting: Hashable, Sendable {
    /// Brackets that are open; below 0 where more were closed.
    public private(set) var depth: Int
    private var isInString = false
    private var isEscaped = false

    /// A text that goes on inside `depth` brackets.
    public init(depth: Int = 0) {
        self.depth = depth
    }

    /// Takes the next byte. True where it closed a bracket.
    public mutating func read(_ byte: UInt8) -> Bool {
        if self.isInString {
            if self.isEscaped {
                self.isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                self.isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                self.isInString = false
            }
            return false
        }
        switch byte {
        case UInt8(ascii: "\""): self.isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.depth &+= 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            self.depth &-= 1
            return true
        default: break
        }
        return false
    }
}
