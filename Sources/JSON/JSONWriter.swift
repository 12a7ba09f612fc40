/// Appends JSON to an array of bytes, commas included.
///
/// A value type without depth bookkeeping: it puts commas between values, and the caller balances what it opens. What
/// it writes is always valid UTF-8.
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    /// A writer that appends to `bytes`, which may already hold something that is not JSON (such as `data: `).
    public init(appendingTo bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    // MARK: Structure

    public mutating func beginObject() { self.open(UInt8(ascii: "{")) }
    public mutating func endObject() { self.close(UInt8(ascii: "}")) }
    public mutating func beginArray() { self.open(UInt8(ascii: "[")) }
    public mutating func endArray() { self.close(UInt8(ascii: "]")) }

    /// The name of the member whose value comes next.
    public mutating func key(_ name: StaticString) {
        self.separate()
        unsafe self.quote(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    /// The name, as UTF-8, of the member whose value comes next.
    public mutating func key(_ name: [UInt8]) {
        self.string(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    // MARK: Values

    public mutating func null() { self.literal("null") }
    public mutating func bool(_ value: Bool) { self.literal(value ? "true" : "false") }

    /// A decimal integer.
    public mutating func integer(_ value: some BinaryInteger) {
        self.separate()
        self.bytes.append(contentsOf: value.description.utf8)
        self.needsComma = true
    }

    /// The shortest text that reads back as the same Double; null for what JSON cannot say (infinities, NaN).
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return self.null() }
        self.separate()
        self.bytes.append(contentsOf: value.description.utf8)
        self.needsComma = true
    }

    /// A string.
    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { unsafe self.string(UnsafeRawBufferPointer($0)) }
    }

    /// A string given as UTF-8; each byte that is no part of a valid sequence becomes U+FFFD.
    public mutating func string(_ value: [UInt8]) {
        unsafe value.withUnsafeBytes { unsafe self.string($0) }
    }

    /// A string given as UTF-8; each byte that is no part of a valid sequence becomes U+FFFD.
    public mutating func string(_ value: UnsafeRawBufferPointer) {
        self.separate()
        unsafe self.quote(value)
        self.needsComma = true
    }

    /// A value that is JSON already.
    public mutating func raw(_ value: [UInt8]) {
        self.separate()
        self.bytes.append(contentsOf: value)
        self.needsComma = true
    }

    /// A tree, as it was read.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: self.null()
        case .bool(let flag): self.bool(flag)
        case .integer(let number): self.integer(number)
        case .number(let number): self.number(number)
        case .string(let bytes): self.string(bytes)
        case .array(let elements):
            self.beginArray()
            for element in elements { self.value(element) }
            self.endArray()
        case .object(let members):
            self.beginObject()
            for member in members { self.member(member) }
            self.endObject()
        }
    }

    /// A member of the object that is open.
    public mutating func member(_ member: JSONValue.Member) {
        self.key(member.key)
        self.value(member.value)
    }

    // MARK: Bytes

    private mutating func literal(_ text: StaticString) {
        self.separate()
        unsafe self.bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        self.needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        self.separate()
        self.bytes.append(bracket)
        self.needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        self.bytes.append(bracket)
        self.needsComma = true
    }

    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func quote(_ value: UnsafeRawBufferPointer) {
        self.bytes.append(UInt8(ascii: "\""))
        var plain = 0
        var index = 0
        while index < value.count {
            let byte = unsafe value[index]
            let length = unsafe byte < 0x80 ? 1 : UTF8Sequence.length(value, at: index)
            if length > 0, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                index &+= length
                continue
            }
            unsafe self.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: value[plain..<index]))
            self.escape(byte)
            index &+= 1
            plain = index
        }
        unsafe self.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: value[plain..<index]))
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// What stands for a byte that may not stand for itself.
    private mutating func escape(_ byte: UInt8) {
        let letter: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
        case 0x08: letter = UInt8(ascii: "b")
        case 0x09: letter = UInt8(ascii: "t")
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0x0D: letter = UInt8(ascii: "r")
        case 0x00..<0x20:
            self.bytes.append(contentsOf: [0x5C, 0x75, 0x30, 0x30, 0x30 &+ byte >> 4, self.hexDigit(byte & 0x0F)])
            return
        default:
            self.bytes.append(contentsOf: [0xEF, 0xBF, 0xBD])
            return
        }
        self.bytes.append(UInt8(ascii: "\\"))
        self.bytes.append(letter)
    }

    private func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 &+ nibble : 0x61 &+ nibble &- 10
    }
}
