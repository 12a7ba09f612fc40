internal import Dialects
internal import Domain

/// What is still known of a JSON reply that was too large to be held and has passed: its last bytes and whether its outermost
/// value has been closed. Pure.
struct PassedReply {
    /// Bytes of the reply's end in which usage is searched for.
    static let keptEnd = 4 << 10

    private var end: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private let watchesBrackets: Bool

    /// Without `watchesBrackets` nothing is learned of `isClosed`, and the bytes are not looked at one by one.
    init(watchesBrackets: Bool) {
        self.watchesBrackets = watchesBrackets
    }

    /// The outermost object or array has been closed. No part of a JSON text that lacks its end is like that.
    private(set) var isClosed = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.end.append(contentsOf: bytes.suffix(Self.keptEnd))
        if self.end.count > 2 * Self.keptEnd { self.end.removeFirst(self.end.count - Self.keptEnd) }
        guard self.watchesBrackets else { return }
        for index in 0..<bytes.count { unsafe self.read(bytes[index]) }
    }

    private mutating func read(_ byte: UInt8) {
        if self.isInString {
            if self.isEscaped {
                self.isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                self.isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                self.isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): self.isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.depth &+= 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            self.depth &-= 1
            self.isClosed = self.depth == 0
        default: break
        }
    }

    /// The usage among the last members of the reply, which has ended; nil where it stands elsewhere.
    ///
    /// A quote behind a comma or a brace opens a member's name, as those inside strings are escaped. What follows it,
    /// with the brace that opened its object before it, is an object exactly where the member is one of the outermost.
    func usage(_ reader: OpenAIReplyReader) -> TokenUsage? {
        let name = Array("\"usage\"".utf8)
        let end = self.end.suffix(Self.keptEnd)
        var start = end.endIndex - name.count
        while start > end.startIndex {
            if end[start] == name[0], end[start...].starts(with: name), Self.opensMember(end[..<start]),
                let usage = reader.readReply([UInt8(ascii: "{")] + end[start...])?.usage
            {
                return usage
            }
            start -= 1
        }
        return nil
    }

    private static func opensMember(_ before: ArraySlice<UInt8>) -> Bool {
        let last = before.last { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return last == UInt8(ascii: ",") || last == UInt8(ascii: "{")
    }
}
