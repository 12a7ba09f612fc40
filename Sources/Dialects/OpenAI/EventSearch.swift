internal import Glibc

/// Searches the raw bytes of an event for what would make it worth parsing.
///
/// A quoted name cannot stand inside a JSON string, where its quotes are escaped, so each member is found by the colon
/// behind its name. A name spelled with escapes, or parted from its colon by the end of a data line, is not found.
enum EventSearch {
    /// Whether `[DONE]` occurs.
    static func mayBeDone(_ raw: UnsafeRawBufferPointer) -> Bool {
        var from = 0
        while let bracket = unsafe self.first(UInt8(ascii: "["), raw, from) {
            if unsafe self.precedes("[DONE]", raw, end: bracket &+ 6) { return true }
            from = bracket &+ 1
        }
        return false
    }

    /// Whether JSON in `raw` may have, at any depth, one of the members usage, error or finish_reason with a value
    /// that is not null, or an index above 0: of a further choice, or of a further tool call.
    static func mayHaveOutcome(_ raw: UnsafeRawBufferPointer) -> Bool {
        var from = 0
        while let colon = unsafe self.first(UInt8(ascii: ":"), raw, from) {
            from = colon &+ 1
            var end = colon
            while end > 0, unsafe raw[end &- 1] <= 0x20 { end &-= 1 }
            guard end >= 7, unsafe raw[end &- 1] == UInt8(ascii: "\"") else { continue }
            let isWanted =
                switch unsafe raw[end &- 2] {
                case UInt8(ascii: "e"): unsafe self.precedes("\"usage\"", raw, end: end)
                case UInt8(ascii: "r"): unsafe self.precedes("\"error\"", raw, end: end)
                case UInt8(ascii: "x"):
                    unsafe self.precedes("\"index\"", raw, end: end) && !self.isZero(raw, behind: colon)
                case UInt8(ascii: "n"): unsafe self.precedes("\"finish_reason\"", raw, end: end)
                default: false
                }
            if isWanted, unsafe !self.isNull(raw, behind: colon) { return true }
        }
        return false
    }

    private static func isNull(_ raw: UnsafeRawBufferPointer, behind colon: Int) -> Bool {
        var start = colon &+ 1
        while start < raw.count, unsafe raw[start] == 0x20 || raw[start] == 0x09 { start &+= 1 }
        return unsafe self.precedes("null", raw, end: start &+ 4)
    }

    private static func isZero(_ raw: UnsafeRawBufferPointer, behind colon: Int) -> Bool {
        var start = colon &+ 1
        while start < raw.count, unsafe raw[start] == 0x20 || raw[start] == 0x09 { start &+= 1 }
        return unsafe start < raw.count && raw[start] == UInt8(ascii: "0")
    }

    /// Whether the bytes in front of `end` are `literal`.
    private static func precedes(_ literal: StaticString, _ raw: UnsafeRawBufferPointer, end: Int) -> Bool {
        let start = end &- literal.utf8CodeUnitCount
        guard start >= 0, end <= raw.count, let base = raw.baseAddress else { return false }
        return unsafe memcmp(base + start, literal.utf8Start, literal.utf8CodeUnitCount) == 0
    }

    private static func first(_ byte: UInt8, _ raw: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        guard let base = raw.baseAddress, start < raw.count else { return nil }
        guard let found = unsafe memchr(base + start, CInt(byte), raw.count &- start) else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }
}
