internal import JSON

/// Values that are kept and written again have to be JSON to the last byte, which the index alone does not promise.
extension JSONCursor {
    /// Nesting beyond this, of a value that is kept, is refused.
    private static var maximumDepth: Int { 64 }

    /// Steps over the value in front of the cursor; what it stands for where it is a string, else nil.
    mutating func string() throws(StreamFault) -> [UInt8]? {
        let isString = self.kind == .string
        guard let range = self.skip() else { throw .invalidResponse }
        return isString ? try self.unescaped(range.lowerBound &+ 1..<range.upperBound &- 1) : nil
    }

    /// What stands for itself or for another between two quotes.
    func unescaped(_ content: Range<Int>) throws(StreamFault) -> [UInt8] {
        let bytes = unsafe self.bytes(content)
        guard unsafe JSONText.hasEscapes(bytes) else { return unsafe Array(bytes) }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        guard unsafe JSONText.unescape(bytes, into: &text) else { throw .invalidResponse }
        return text
    }

    /// Steps over the value in front of the cursor, every token of it checked; its JSON text, in one line, or nil where it says
    /// nothing: null, or an empty string, list or object.
    mutating func json() throws(StreamFault) -> [UInt8]? {
        let start = self.offset
        try self.check(Self.maximumDepth)
        // The cursor stands at the next token: what lies between is blank.
        let walked = unsafe self.bytes(start..<max(start, self.offset))
        var end = walked.count
        while end > 0, unsafe walked[end &- 1] <= 0x20 { end &-= 1 }
        let value = unsafe UnsafeRawBufferPointer(rebasing: walked[..<end])
        switch unsafe value.first {
        case UInt8(ascii: "n"): return nil
        case UInt8(ascii: "\""), UInt8(ascii: "["), UInt8(ascii: "{"): if value.count == 2 { return nil }
        default: break
        }
        var json = unsafe Array(value)
        // A line end can only stand between two tokens, and would end a line of the event that the value is written to.
        for index in json.indices where json[index] == 0x0A || json[index] == 0x0D { json[index] = 0x20 }
        return json
    }

    /// The member whose name is `key` and whose value is in front of the cursor; nil where it says nothing.
    mutating func member(_ key: Range<Int>) throws(StreamFault) -> RawMember? {
        guard let value = try self.json() else { return nil }
        let name = try self.unescaped(key)
        // A member that the gateway writes itself must not come a second time, by a name that is spelled in another way.
        if name.count != key.count, Self.isReserved(name) { throw .invalidResponse }
        return RawMember(key: name, value: value)
    }

    private static func isReserved(_ name: [UInt8]) -> Bool {
        let names: [StaticString] = [
            "id", "object", "created", "model", "choices", "usage", "error", "index", "delta", "message", "text",
            "finish_reason", "logprobs", "role", "content", "refusal", "reasoning_content", "thinking_blocks",
            "tool_calls", "function_call",
        ]
        return JSONName.isOne(name, of: names)
    }

    private mutating func check(_ depth: Int) throws(StreamFault) {
        guard depth > 0 else { throw .invalidResponse }
        switch self.kind {
        case .object:
            _ = self.enterObject()
            while let key = self.nextKey() {
                try self.checkString(key)
                try self.check(depth &- 1)
            }
        case .array:
            _ = self.enterArray()
            while self.nextElement() { try self.check(depth &- 1) }
        case .string:
            guard let range = self.skip() else { throw .invalidResponse }
            try self.checkString(range.lowerBound &+ 1..<range.upperBound &- 1)
        case .scalar:
            guard let range = self.skip() else { throw .invalidResponse }
            let bytes = unsafe self.bytes(range)
            guard
                unsafe JSONScalar.isNull(bytes) || JSONScalar.boolean(bytes) != nil || JSONScalar.number(bytes) != nil
            else { throw .invalidResponse }
        case nil: throw .invalidResponse
        }
        guard self.fault == nil else { throw .invalidResponse }
    }

    private func checkString(_ content: Range<Int>) throws(StreamFault) {
        guard unsafe JSONText.hasEscapes(self.bytes(content)) else { return }
        _ = try self.unescaped(content)
    }
}
