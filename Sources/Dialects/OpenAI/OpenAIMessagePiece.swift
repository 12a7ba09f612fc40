internal import JSON

/// What a `delta` (or a `message` in its place) says, as it stands there.
struct OpenAIMessagePiece {
    var thinking: [UInt8] = []
    /// Seals over the thoughts before them, and thoughts that only the provider can read.
    var signatures: [[UInt8]] = []
    var redacted: [[UInt8]] = []
    var text: [UInt8] = []
    var refusal: [UInt8] = []
    var toolCalls: [ToolCallFragment] = []
    /// Further members.
    var extras: [RawMember] = []
    /// The thoughts stood under a name of their own, not among the content.
    private var hasReasoningMember = false

    /// Reads the object in front of the cursor; any other value says nothing.
    init(_ cursor: inout JSONCursor) throws(StreamFault) {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return
        }
        while let key = cursor.nextKey() { try self.read(key, &cursor) }
    }

    private mutating func read(_ key: Range<Int>, _ cursor: inout JSONCursor) throws(StreamFault) {
        if cursor.matches(key, "content") {
            try self.readContent(&cursor)
        } else if cursor.matches(key, "role") {
            _ = cursor.skip()
        } else if cursor.matches(key, "reasoning_content") || cursor.matches(key, "reasoning")
            || cursor.matches(key, "thinking")
        {
            // Providers that use two names say the same under both.
            guard cursor.kind == .string else { return try self.keep(key, &cursor) }
            let thinking = try cursor.string() ?? []
            if !self.hasReasoningMember { self.thinking = thinking }
            self.hasReasoningMember = self.hasReasoningMember || !thinking.isEmpty
        } else if cursor.matches(key, "tool_calls") {
            try self.readToolCalls(&cursor)
        } else if cursor.matches(key, "refusal") {
            self.refusal = try cursor.string() ?? []
        } else if cursor.matches(key, "function_call") {
            guard cursor.kind == .object else { return _ = cursor.skip() }
            var call = ToolCallFragment(isLegacy: true)
            try Self.readFunction(&cursor, into: &call)
            self.toolCalls.append(call)
        } else if cursor.matches(key, "thinking_blocks"), cursor.kind == .array {
            try self.readThinkingBlocks(&cursor)
        } else {
            try self.keep(key, &cursor)
        }
    }

    private mutating func keep(_ key: Range<Int>, _ cursor: inout JSONCursor) throws(StreamFault) {
        if let member = try cursor.member(key) { self.extras.append(member) }
    }

    // MARK: Content

    /// The first piece, nearly always the only one, is taken as it is.
    private static func add(_ text: [UInt8]?, to whole: inout [UInt8]) {
        guard let text else { return }
        if whole.isEmpty { whole = text } else { whole += text }
    }

    private mutating func readContent(_ cursor: inout JSONCursor) throws(StreamFault) {
        switch cursor.kind {
        case .string: Self.add(try cursor.string(), to: &self.text)
        case .array:
            _ = cursor.enterArray()
            while cursor.nextElement() { try self.readContentPart(&cursor) }
        default: _ = cursor.skip()
        }
    }

    /// A part of a content that is a list, as Mistral sends it: text or thoughts. What else there may be, such as the numbers
    /// of references, has no place in a delta.
    private mutating func readContentPart(_ cursor: inout JSONCursor) throws(StreamFault) {
        guard cursor.enterObject() else {
            Self.add(try cursor.string(), to: &self.text)
            return
        }
        while let key = cursor.nextKey() {
            if cursor.matches(key, "text") {
                Self.add(try cursor.string(), to: &self.text)
            } else if cursor.matches(key, "thinking") {
                try self.readThoughts(&cursor)
            } else if cursor.matches(key, "refusal") {
                Self.add(try cursor.string(), to: &self.refusal)
            } else {
                _ = cursor.skip()
            }
        }
    }

    /// A string, or a list of text parts.
    private mutating func readThoughts(_ cursor: inout JSONCursor) throws(StreamFault) {
        guard cursor.enterArray() else {
            Self.add(try cursor.string(), to: &self.thinking)
            return
        }
        while cursor.nextElement() {
            guard cursor.enterObject() else {
                Self.add(try cursor.string(), to: &self.thinking)
                continue
            }
            while let key = cursor.nextKey() {
                if cursor.matches(key, "text") {
                    Self.add(try cursor.string(), to: &self.thinking)
                } else {
                    _ = cursor.skip()
                }
            }
        }
    }

    /// LiteLLM's copy of Anthropic's blocks; the thoughts themselves stand in `reasoning_content`, too.
    private mutating func readThinkingBlocks(_ cursor: inout JSONCursor) throws(StreamFault) {
        _ = cursor.enterArray()
        while cursor.nextElement() {
            guard cursor.enterObject() else {
                _ = cursor.skip()
                continue
            }
            while let key = cursor.nextKey() {
                if cursor.matches(key, "signature") {
                    if let signature = try cursor.string(), !signature.isEmpty { self.signatures.append(signature) }
                } else if cursor.matches(key, "data") {
                    if let data = try cursor.string(), !data.isEmpty { self.redacted.append(data) }
                } else {
                    _ = cursor.skip()
                }
            }
        }
    }

    // MARK: Tool calls

    private mutating func readToolCalls(_ cursor: inout JSONCursor) throws(StreamFault) {
        guard cursor.enterArray() else {
            _ = cursor.skip()
            return
        }
        while cursor.nextElement() {
            guard cursor.enterObject() else {
                _ = cursor.skip()
                continue
            }
            var call = ToolCallFragment()
            while let key = cursor.nextKey() {
                if cursor.matches(key, "index") {
                    if let range = cursor.skip() { call.index = unsafe JSONScalar.integer(cursor.bytes(range)) }
                } else if cursor.matches(key, "id") {
                    let id = try cursor.string() ?? []
                    // Mistral has been seen to write the word.
                    if !id.elementsEqual("null".utf8) { call.id = id }
                } else if cursor.matches(key, "function"), cursor.kind == .object {
                    try Self.readFunction(&cursor, into: &call)
                } else {
                    _ = cursor.skip()
                }
            }
            self.toolCalls.append(call)
        }
    }

    private static func readFunction(
        _ cursor: inout JSONCursor, into call: inout ToolCallFragment
    ) throws(StreamFault) {
        _ = cursor.enterObject()
        while let key = cursor.nextKey() {
            if cursor.matches(key, "name") {
                call.name = try cursor.string() ?? []
            } else if cursor.matches(key, "arguments") {
                // Some give the arguments themselves instead of their text.
                call.arguments = cursor.kind == .string ? try cursor.string() ?? [] : try cursor.json() ?? []
            } else {
                _ = cursor.skip()
            }
        }
    }
}
