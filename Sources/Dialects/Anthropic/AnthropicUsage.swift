internal import Domain
internal import JSON

/// Adds up what Anthropic says of usage, object by object, into disjoint token classes.
///
/// `input_tokens` has neither what was read from a cache nor what was written to one; `output_tokens` includes thinking. A later
/// object overwrites what it has and leaves the rest: some streams tell the prompt at the start only, some correct it at the
/// end. What of the whole was written for an hour is told by some objects only, so it is bound by the whole that was told
/// last. A count that is not a non-negative integer is ignored.
struct AnthropicUsage {
    /// No call has more tokens than this; it also keeps every sum of counts within Int64.
    private static let maximumCount: Int64 = 1 << 53

    private var input: Int64?
    private(set) var output: Int64?
    private var cacheRead: Int64?
    /// Written to a cache, for whatever time.
    private var written: Int64?
    private var writtenShort: Int64?
    private var writtenHour: Int64?
    private var thinking: Int64?
    private var service: ServiceTier?
    private var isFast = false
    private var searches: Int64?

    init() {}

    /// How the call was served, and what it used besides tokens, as far as it was told.
    var terms: UsageTerms {
        var terms = UsageTerms(service: self.isFast ? .ultrafast : self.service)
        if let searches = self.searches { terms.set(.query, searches) }
        return terms
    }

    /// The usage so far; nil where neither prompt nor output was counted.
    var classes: TokenUsage? {
        guard self.input != nil || self.output != nil else { return nil }
        var usage = TokenUsage()
        usage.input = self.input ?? 0
        usage.cacheRead = self.cacheRead ?? 0
        let times = (self.writtenShort ?? 0) + (self.writtenHour ?? 0)
        let written = self.written ?? times
        usage.cacheWriteHour = min(self.writtenHour ?? 0, written)
        usage.cacheWrite = written - usage.cacheWriteHour
        let output = self.output ?? 0
        usage.reasoning = min(self.thinking ?? 0, output)
        usage.output = output - usage.reasoning
        return usage
    }

    /// The prompt's part of it; nil where it was not counted.
    var prompt: TokenUsage? {
        guard self.input != nil, var usage = self.classes else { return nil }
        usage.output = 0
        usage.reasoning = 0
        return usage
    }

    // MARK: By cursor

    /// Reads the object in front of the cursor, which is stepped over. `other` gets the ranges of each member that no class has.
    mutating func read(_ cursor: inout JSONCursor, other: (Range<Int>, Range<Int>) -> Void = { _, _ in }) {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return
        }
        while let key = cursor.nextKey() {
            if cursor.matches(key, "input_tokens") {
                Self.take(&cursor, into: &self.input)
            } else if cursor.matches(key, "output_tokens") {
                Self.take(&cursor, into: &self.output)
            } else if cursor.matches(key, "cache_read_input_tokens") {
                Self.take(&cursor, into: &self.cacheRead)
            } else if cursor.matches(key, "cache_creation_input_tokens") {
                Self.take(&cursor, into: &self.written)
            } else if cursor.matches(key, "cache_creation"), cursor.enterObject() {
                while let inner = cursor.nextKey() { self.readTimes(inner, &cursor) }
            } else if cursor.matches(key, "output_tokens_details"), cursor.enterObject() {
                while let inner = cursor.nextKey() {
                    if cursor.matches(inner, "thinking_tokens") {
                        Self.take(&cursor, into: &self.thinking)
                    } else {
                        _ = cursor.skip()
                    }
                }
            } else if let value = cursor.skip() {
                self.note(key, value, cursor)
                other(key, value)
            }
        }
    }

    /// What a member says that goes to the client as it is.
    private mutating func note(_ key: Range<Int>, _ value: Range<Int>, _ cursor: borrowing JSONCursor) {
        if cursor.matches(key, "service_tier") {
            self.service = ServiceWord.read(value, cursor) ?? self.service
        } else if cursor.matches(key, "speed") {
            self.isFast = cursor.matches(value, "\"fast\"")
        } else if cursor.matches(key, "server_tool_use") {
            let searches = unsafe NestedCount.find("\"web_search_requests\"", in: cursor.bytes(value))
            self.searches = searches.map { min($0, Self.maximumCount) } ?? self.searches
        }
    }

    /// How long what was written is kept.
    private mutating func readTimes(_ key: Range<Int>, _ cursor: inout JSONCursor) {
        if cursor.matches(key, "ephemeral_5m_input_tokens") {
            Self.take(&cursor, into: &self.writtenShort)
        } else if cursor.matches(key, "ephemeral_1h_input_tokens") {
            Self.take(&cursor, into: &self.writtenHour)
        } else {
            _ = cursor.skip()
        }
    }

    private static func take(_ cursor: inout JSONCursor, into member: inout Int64?) {
        guard let range = cursor.skip(), let value = unsafe JSONScalar.integer(cursor.bytes(range)), value >= 0
        else { return }
        member = min(value, self.maximumCount)
    }

    // MARK: By tree

    /// Reads an object; returns the members that no class has and that say something.
    mutating func read(_ tree: JSONValue?) -> [JSONValue.Member] {
        guard let tree, case .object(let members) = tree else { return [] }
        Self.take(tree["input_tokens"], into: &self.input)
        Self.take(tree["output_tokens"], into: &self.output)
        Self.take(tree["cache_read_input_tokens"], into: &self.cacheRead)
        Self.take(tree["cache_creation_input_tokens"], into: &self.written)
        Self.take(tree["cache_creation"]?["ephemeral_5m_input_tokens"], into: &self.writtenShort)
        Self.take(tree["cache_creation"]?["ephemeral_1h_input_tokens"], into: &self.writtenHour)
        Self.take(tree["output_tokens_details"]?["thinking_tokens"], into: &self.thinking)
        self.service = ServiceWord.read(tree["service_tier"]) ?? self.service
        if let speed = tree["speed"]?.string { self.isFast = JSONName.equals(speed, "fast") }
        Self.take(tree["server_tool_use"]?["web_search_requests"], into: &self.searches)
        return members.filter { $0.value != .null && !Self.isCounted($0.key) }
    }

    private static func isCounted(_ key: [UInt8]) -> Bool {
        switch String(decoding: key, as: UTF8.self) {
        case "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
            "cache_creation", "output_tokens_details":
            true
        default: false
        }
    }

    private static func take(_ value: JSONValue?, into member: inout Int64?) {
        guard let value = value?.integer, value >= 0 else { return }
        member = min(value, self.maximumCount)
    }
}
