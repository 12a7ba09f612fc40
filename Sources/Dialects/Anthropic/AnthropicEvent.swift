internal import JSON

/// One event of Anthropic's stream, by where its parts stand in the text of the cursor that read it. Nothing is copied.
///
/// Ranges of strings are without their quotes, and what they stand for is still escaped.
struct AnthropicEvent {
    enum Kind: UInt8, Sendable {
        case messageStart, blockStart, blockDelta, blockStop, messageDelta, messageStop, ping, error
        /// A type that came later than this program.
        case other
    }

    /// nil where the object does not say.
    private(set) var kind: Kind?
    private(set) var index: Int64 = 0
    /// Of the message, or of the block that starts.
    private(set) var id: Range<Int>?
    private(set) var model: Range<Int>?
    /// The type of the block that starts, or of the delta.
    private(set) var partType: Range<Int>?
    private(set) var name: Range<Int>?
    private(set) var text: Range<Int>?
    private(set) var thinking: Range<Int>?
    private(set) var signature: Range<Int>?
    /// Of redacted thinking.
    private(set) var data: Range<Int>?
    private(set) var partialJSON: Range<Int>?
    /// A value, not a string's content.
    private(set) var input: Range<Int>?
    private(set) var citation: Range<Int>?
    private(set) var stopReason: Range<Int>?
    private(set) var stopSequence: Range<Int>?
    /// Why the model was stopped, for human beings.
    private(set) var explanation: Range<Int>?
    private(set) var hasUsage = false
    /// Keys and values of usage that no token class has.
    private(set) var usageExtras: [(Range<Int>, Range<Int>)] = []
    /// The same of the message.
    private(set) var extras: [(Range<Int>, Range<Int>)] = []

    /// Reads the whole text of the cursor, and its usage into `usage`; nil where it is not one JSON object.
    init?(_ cursor: inout JSONCursor, usage: inout AnthropicUsage) {
        guard cursor.enterObject() else { return nil }
        var hasError = false
        while let key = cursor.nextKey() {
            if cursor.matches(key, "type") {
                if let type = Self.string(&cursor) { self.kind = Self.kind(type, cursor) }
            } else if cursor.matches(key, "index") {
                if let range = cursor.skip() { self.index = unsafe JSONScalar.integer(cursor.bytes(range)) ?? 0 }
            } else if cursor.matches(key, "delta") || cursor.matches(key, "content_block"), cursor.enterObject() {
                while let inner = cursor.nextKey() { self.readPart(inner, &cursor) }
            } else if cursor.matches(key, "message"), cursor.enterObject() {
                while let inner = cursor.nextKey() { self.readMessage(inner, &cursor, &usage) }
            } else if cursor.matches(key, "usage") {
                self.readUsage(&cursor, &usage)
            } else if cursor.matches(key, "error") {
                hasError = cursor.kind == .object || cursor.kind == .string
                _ = cursor.skip()
            } else if let value = cursor.skip(), cursor.matches(key, "context_management") {
                self.extras.append((key, value))
            }
        }
        guard cursor.isAtEnd else { return nil }
        // What stands before a provider may write errors of its own.
        if self.kind == nil, hasError { self.kind = .error }
    }

    /// Whether a client that gets it has got something of the answer.
    var isContent: Bool {
        switch self.kind {
        case .blockStart, .blockDelta:
            self.partIsOfUnknownKind
                || [self.text, self.thinking, self.signature, self.data, self.partialJSON]
                    .contains { $0?.isEmpty == false }
        case .messageDelta: self.stopReason != nil
        case .messageStop: true
        default: false
        }
    }

    /// It begins a text or thoughts, or goes on with one of the known parts: then it is content only if it is not empty.
    private var partIsOfUnknownKind = false

    // MARK: Members

    private mutating func readMessage(
        _ key: Range<Int>, _ cursor: inout JSONCursor, _ usage: inout AnthropicUsage
    ) {
        if cursor.matches(key, "id") {
            self.id = Self.string(&cursor)
        } else if cursor.matches(key, "model") {
            self.model = Self.string(&cursor)
        } else if cursor.matches(key, "usage") {
            self.readUsage(&cursor, &usage)
        } else {
            _ = cursor.skip()
        }
    }

    private mutating func readUsage(_ cursor: inout JSONCursor, _ usage: inout AnthropicUsage) {
        self.hasUsage = self.hasUsage || cursor.kind == .object
        usage.read(&cursor) { key, value in self.usageExtras.append((key, value)) }
    }

    /// Blocks and deltas of all types share their names, and none means two things.
    private mutating func readPart(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "type") {
            self.partType = Self.string(&cursor)
            if let type = self.partType { self.partIsOfUnknownKind = !Self.mayBeEmpty(type, cursor) }
        } else if cursor.matches(key, "text") {
            self.text = Self.string(&cursor)
        } else if cursor.matches(key, "partial_json") {
            self.partialJSON = Self.string(&cursor)
        } else if cursor.matches(key, "thinking") {
            self.thinking = Self.string(&cursor)
        } else if cursor.matches(key, "signature") {
            self.signature = Self.string(&cursor)
        } else if cursor.matches(key, "id") {
            self.id = Self.string(&cursor)
        } else if cursor.matches(key, "name") {
            self.name = Self.string(&cursor)
        } else if cursor.matches(key, "input") {
            self.input = cursor.kind == .object ? cursor.skip() : nil
            if self.input == nil { _ = cursor.skip() }
        } else if cursor.matches(key, "data") {
            self.data = Self.string(&cursor)
        } else if cursor.matches(key, "citation") {
            self.citation = cursor.skip()
        } else if cursor.matches(key, "stop_reason") {
            self.stopReason = Self.string(&cursor)
        } else if cursor.matches(key, "stop_sequence") {
            self.stopSequence = Self.string(&cursor)
        } else if cursor.matches(key, "stop_details"), cursor.enterObject() {
            while let inner = cursor.nextKey() {
                if cursor.matches(inner, "explanation") {
                    self.explanation = Self.string(&cursor)
                } else {
                    _ = cursor.skip()
                }
            }
        } else if let value = cursor.skip(), cursor.matches(key, "container") {
            self.extras.append((key, value))
        }
    }

    /// Steps over a value; its content where it is a string.
    private static func string(_ cursor: inout JSONCursor) -> Range<Int>? {
        let isString = cursor.kind == .string
        guard let range = cursor.skip(), isString, range.count >= 2 else { return nil }
        return range.lowerBound &+ 1..<range.upperBound &- 1
    }

    private static func mayBeEmpty(_ type: Range<Int>, _ cursor: borrowing JSONCursor) -> Bool {
        cursor.matches(type, "text") || cursor.matches(type, "text_delta") || cursor.matches(type, "input_json_delta")
            || cursor.matches(type, "thinking") || cursor.matches(type, "thinking_delta")
            || cursor.matches(type, "signature_delta")
    }

    private static func kind(_ type: Range<Int>, _ cursor: borrowing JSONCursor) -> Kind {
        if cursor.matches(type, "content_block_delta") { return .blockDelta }
        if cursor.matches(type, "content_block_start") { return .blockStart }
        if cursor.matches(type, "content_block_stop") { return .blockStop }
        if cursor.matches(type, "message_delta") { return .messageDelta }
        if cursor.matches(type, "message_start") { return .messageStart }
        if cursor.matches(type, "message_stop") { return .messageStop }
        if cursor.matches(type, "ping") { return .ping }
        return cursor.matches(type, "error") ? .error : .other
    }
}
