/// Turns simdjson's tape into a tree.
///
/// A word of the tape holds its kind in the top byte and a payload in the other 56 bits; a number's value is the word
/// behind it. The tape was made and checked by simdjson in this process, so its structure is taken as sound.
/// simdjson does not count an innermost empty array or object as a level; here each counts.
@safe struct JSONTape {
    private let words: UnsafePointer<UInt64>
    private let strings: UnsafePointer<UInt8>
    private let maximumDepth: Int
    private var next = 0
    private var depth = 0

    init(words: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, maximumDepth: Int) {
        self.maximumDepth = maximumDepth
        unsafe self.words = words
        unsafe self.strings = strings
    }

    /// The whole document.
    mutating func document() throws(JSONFault) -> JSONValue {
        // The first word only says where the tape ends.
        _ = self.word()
        return try self.value()
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        let word = self.word()
        switch self.kind(word) {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "l"): return .integer(Int64(bitPattern: self.word()))
        case UInt8(ascii: "u"): return .number(Double(self.word()))
        case UInt8(ascii: "d"): return .number(Double(bitPattern: self.word()))
        case UInt8(ascii: "\""): return .string(try self.string(word))
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try self.container(word)
        default: throw JSONFault(.malformed)
        }
    }

    private mutating func container(_ opening: UInt64) throws(JSONFault) -> JSONValue {
        guard self.depth < self.maximumDepth else { throw JSONFault(.tooDeep) }
        self.depth &+= 1
        let value: JSONValue =
            self.kind(opening) == UInt8(ascii: "[")
            ? .array(try self.elements(opening)) : .object(try self.members(opening))
        self.depth &-= 1
        return value
    }

    private mutating func elements(_ opening: UInt64) throws(JSONFault) -> [JSONValue] {
        var elements: [JSONValue] = []
        elements.reserveCapacity(self.childCount(opening))
        while self.kind(self.peek()) != UInt8(ascii: "]") { elements.append(try self.value()) }
        _ = self.word()
        return elements
    }

    private mutating func members(_ opening: UInt64) throws(JSONFault) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        members.reserveCapacity(self.childCount(opening))
        while self.kind(self.peek()) != UInt8(ascii: "}") {
            let key = try self.string(self.word())
            members.append(JSONValue.Member(key: key, value: try self.value()))
        }
        _ = self.word()
        return members
    }

    /// simdjson 3.0 lets the second half of a surrogate pair pass alone (`\udc00`): that is no UTF-8 and is refused.
    private func string(_ word: UInt64) throws(JSONFault) -> [UInt8] {
        let start = unsafe UnsafeRawPointer(self.strings + Int(self.payload(word)))
        let length = unsafe Int(start.loadUnaligned(as: UInt32.self))
        let bytes = unsafe UnsafeRawBufferPointer(start: start + MemoryLayout<UInt32>.size, count: length)
        var isSurrogate = false
        var previous: UInt8 = 0
        for index in 0..<length {
            let byte = unsafe bytes[index]
            isSurrogate = isSurrogate || (previous == 0xED && byte >= 0xA0)
            previous = byte
        }
        guard !isSurrogate else { throw JSONFault(.malformed) }
        return unsafe [UInt8](bytes)
    }

    private func kind(_ word: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> 56) }

    private func payload(_ word: UInt64) -> UInt64 { word & 0x00FF_FFFF_FFFF_FFFF }

    /// The number of children, which simdjson keeps in bits 32…55, saturated at 2²⁴ − 1.
    private func childCount(_ word: UInt64) -> Int { Int((word >> 32) & 0xFF_FFFF) }

    private func peek() -> UInt64 { unsafe self.words[self.next] }

    private mutating func word() -> UInt64 {
        let word = self.peek()
        self.next &+= 1
        return word
    }
}
