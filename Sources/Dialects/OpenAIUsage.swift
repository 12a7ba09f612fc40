internal import Domain
internal import JSON

/// Reads OpenAI's `usage` object into disjoint token classes.
///
/// `prompt_tokens` includes the cached ones and `completion_tokens` the reasoning ones, and some providers report more
/// of the part than of the whole; the whole then wins. A count that is not a non-negative integer is ignored.
enum OpenAIUsage {
    /// No call has more tokens than this; it also keeps every sum of counts within Int64.
    private static let maximumCount: Int64 = 1 << 53

    /// The usage in the object in front of the cursor, which is stepped over; nil where it has neither a prompt nor a
    /// completion count.
    static func read(_ cursor: inout JSONCursor) -> TokenUsage? {
        var prompt: Int64?
        var completion: Int64?
        var cached: Int64?
        var reasoning: Int64?
        guard cursor.enterObject() else { return nil }
        while let key = cursor.nextKey() {
            if cursor.matches(key, "prompt_tokens") {
                prompt = self.count(&cursor)
            } else if cursor.matches(key, "completion_tokens") {
                completion = self.count(&cursor)
            } else if cursor.matches(key, "prompt_tokens_details") {
                cached = self.detail("cached_tokens", &cursor) ?? cached
            } else if cursor.matches(key, "completion_tokens_details") {
                reasoning = self.detail("reasoning_tokens", &cursor) ?? reasoning
            } else {
                _ = cursor.skip()
            }
        }
        guard prompt != nil || completion != nil else { return nil }
        let cacheRead = min(cached ?? 0, prompt ?? 0)
        let thought = min(reasoning ?? 0, completion ?? 0)
        return TokenUsage(
            input: (prompt ?? 0) &- cacheRead, cacheRead: cacheRead, output: (completion ?? 0) &- thought,
            reasoning: thought)
    }

    private static func detail(_ name: StaticString, _ cursor: inout JSONCursor) -> Int64? {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return nil
        }
        var value: Int64?
        while let key = cursor.nextKey() {
            if cursor.matches(key, name) { value = self.count(&cursor) } else { _ = cursor.skip() }
        }
        return value
    }

    private static func count(_ cursor: inout JSONCursor) -> Int64? {
        guard let range = cursor.skip(), let value = unsafe JSONScalar.integer(cursor.bytes(range)), value >= 0
        else { return nil }
        return min(value, self.maximumCount)
    }
}
