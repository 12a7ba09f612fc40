internal import CSimdJSON

/// A walk over one indexed JSON text, token by token, without building anything.
///
/// Exists only inside `JSONIndexer.read`. Each step checks the comma, colon and brackets it passes; the first thing
/// found wrong is kept in `fault`, and from then on every step returns nil or false. Ranges are byte offsets in the
/// text, exact to the byte, without blanks around them.
@safe public struct JSONCursor: ~Copyable {
    /// What a value is, judged by its first byte alone.
    public enum Kind: UInt8, Sendable {
        case object, array, string
        /// A number, true, false or null, or something that is none of them: not yet looked at.
        case scalar
    }

    private let parser: OpaquePointer
    private let text: UnsafePointer<UInt8>
    private let count: Int
    private let offsets: UnsafePointer<UInt32>
    private let tokenCount: Int
    private var next = 0

    /// What was wrong with the part of the text that was walked; nil while nothing was.
    public private(set) var fault: JSONFault?

    /// `offsets` is simdjson's index of `text`; all of it stays in place while the cursor lives.
    init(
        parser: OpaquePointer, text: UnsafePointer<UInt8>, count: Int, offsets: UnsafePointer<UInt32>, tokenCount: Int
    ) {
        unsafe self.parser = parser
        unsafe self.text = text
        self.count = count
        unsafe self.offsets = offsets
        self.tokenCount = tokenCount
    }

    /// The kind of the value in front of the cursor; nil where there is none.
    public var kind: Kind? {
        switch self.token(self.next) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case 0, UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ":"): nil
        default: .scalar
        }
    }

    /// Where the next token begins, or the end of the text, in bytes.
    public var offset: Int { self.offset(self.next) }

    /// Where the token that was walked last begins, in bytes.
    var lastOffset: Int { self.next > 0 ? self.offset(self.next &- 1) : 0 }

    /// Where the value that was walked last ends, in bytes: a value that was stepped over, or an object or array that was
    /// left.
    public var valueEnd: Int {
        guard self.next > 0 else { return 0 }
        return self.trimmedEnd(self.next &- 1)
    }

    /// Whether every token was walked: nothing but blanks follows.
    public var isAtEnd: Bool { self.next == self.tokenCount && self.fault == nil }

    // MARK: Containers

    /// Steps into the object in front of the cursor; false, and no step, where there is no object.
    public mutating func enterObject() -> Bool { self.enter(UInt8(ascii: "{")) }

    /// Steps into the array in front of the cursor; false, and no step, where there is no array.
    public mutating func enterArray() -> Bool { self.enter(UInt8(ascii: "[")) }

    /// The next key of the object that was entered, as written between its quotes; the cursor then stands at the value.
    ///
    /// nil behind the last member, where the cursor has left the object, and where a fault was found.
    public mutating func nextKey() -> Range<Int>? {
        guard self.fault == nil else { return nil }
        // Only directly behind an entered object is the token before this one an opening brace.
        let isFirst = self.next > 0 && self.token(self.next &- 1) == UInt8(ascii: "{")
        if self.leave(UInt8(ascii: "}")) { return nil }
        guard isFirst || self.step(over: UInt8(ascii: ",")) else { return nil }
        guard self.token(self.next) == UInt8(ascii: "\""), let key = self.stringRange(self.next) else {
            self.fail(.malformed)
            return nil
        }
        self.next &+= 1
        guard self.step(over: UInt8(ascii: ":")) else { return nil }
        return key
    }

    /// Whether the array that was entered has a further element, at which the cursor then stands.
    ///
    /// false behind the last one, where the cursor has left the array, and where a fault was found.
    public mutating func nextElement() -> Bool {
        guard self.fault == nil else { return false }
        let isFirst = self.next > 0 && self.token(self.next &- 1) == UInt8(ascii: "[")
        if self.leave(UInt8(ascii: "]")) { return false }
        guard isFirst || self.step(over: UInt8(ascii: ",")) else { return false }
        guard self.kind != nil else {
            self.fail(.malformed)
            return false
        }
        return true
    }

    /// Steps over the value in front of the cursor and returns its range, quotes and brackets included.
    ///
    /// Of objects and arrays only the brackets are checked, of strings only that they end, of other scalars nothing.
    public mutating func skip() -> Range<Int>? {
        guard self.fault == nil else { return nil }
        let start = self.offset
        switch self.kind {
        case .object, .array:
            let end = unsafe sluice_json_parser_skip(self.parser, self.text, self.next)
            guard end >= 0 else {
                self.fail(end == -2 ? .tooDeep : .malformed)
                return nil
            }
            self.next = end &+ 1
            return start..<(self.offset(end) &+ 1)
        case .string:
            guard let content = self.stringRange(self.next) else {
                self.fail(.malformed)
                return nil
            }
            self.next &+= 1
            return start..<(content.upperBound &+ 1)
        case .scalar:
            let end = self.trimmedEnd(self.next)
            self.next &+= 1
            return start..<end
        case nil:
            self.fail(.malformed)
            return nil
        }
    }

    // MARK: Bytes

    /// The bytes of a range that this cursor returned; valid while the cursor lives.
    public func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        let range = range.clamped(to: 0..<self.count)
        return unsafe UnsafeRawBufferPointer(start: self.text + range.lowerBound, count: range.count)
    }

    /// Whether the bytes of a range are exactly `literal`.
    public func matches(_ range: Range<Int>, _ literal: StaticString) -> Bool {
        unsafe JSONScalar.equals(self.bytes(range), literal)
    }

    // MARK: Tokens

    private func token(_ index: Int) -> UInt8 {
        // NUL never begins a legal token, so it can stand for "none".
        index < self.tokenCount ? unsafe self.text[Int(self.offsets[index])] : 0
    }

    private func offset(_ index: Int) -> Int {
        index < self.tokenCount ? unsafe Int(self.offsets[index]) : self.count
    }

    /// The end of a scalar token: the start of the next one, less the blanks between.
    private func trimmedEnd(_ index: Int) -> Int {
        let start = self.offset(index)
        var end = self.offset(index &+ 1)
        while end > start &+ 1, JSONScalar.isBlank(unsafe self.text[end &- 1]) { end &-= 1 }
        return end
    }

    /// What stands between the quotes of a string token. The index guarantees that the string ends before the next
    /// token, so its closing quote is the last byte in front of that which is not blank.
    private func stringRange(_ index: Int) -> Range<Int>? {
        let start = self.offset(index) &+ 1
        let end = self.trimmedEnd(index) &- 1
        guard end >= start, unsafe self.text[end] == UInt8(ascii: "\"") else { return nil }
        return start..<end
    }

    private mutating func enter(_ bracket: UInt8) -> Bool {
        guard self.fault == nil, self.token(self.next) == bracket else { return false }
        self.next &+= 1
        return true
    }

    private mutating func leave(_ bracket: UInt8) -> Bool {
        guard self.token(self.next) == bracket else { return false }
        self.next &+= 1
        return true
    }

    private mutating func step(over byte: UInt8) -> Bool {
        guard self.token(self.next) == byte else {
            self.fail(.malformed)
            return false
        }
        self.next &+= 1
        return true
    }

    private mutating func fail(_ kind: JSONFault.Kind) {
        if self.fault == nil { self.fault = JSONFault(kind, offset: self.offset) }
    }
}
