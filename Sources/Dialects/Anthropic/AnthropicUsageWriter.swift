internal import Domain
internal import JSON

/// Writes usage as Anthropic's clients expect it.
enum AnthropicUsageWriter {
    /// The object: `input_tokens` without what a cache gave or got, `output_tokens` with thinking. Nothing known counts as 0,
    /// for Anthropic's clients take no usage without the two.
    static func write(_ usage: TokenUsage?, isEstimated: Bool, into writer: inout JSONWriter) {
        let usage = usage ?? TokenUsage()
        writer.beginObject()
        writer.key("input_tokens")
        writer.integer(usage.input &+ usage.audioInput &+ usage.image &+ usage.videoInput)
        writer.key("cache_creation_input_tokens")
        writer.integer(usage.cacheWrite &+ usage.cacheWriteHour)
        writer.key("cache_read_input_tokens")
        writer.integer(usage.cacheRead &+ usage.cacheReadAudio &+ usage.cacheReadImage)
        if usage.cacheWriteHour > 0 {
            writer.key("cache_creation")
            writer.beginObject()
            writer.key("ephemeral_5m_input_tokens")
            writer.integer(usage.cacheWrite)
            writer.key("ephemeral_1h_input_tokens")
            writer.integer(usage.cacheWriteHour)
            writer.endObject()
        }
        writer.key("output_tokens")
        writer.integer(usage.completionTokens)
        if usage.reasoning > 0 {
            writer.key("output_tokens_details")
            writer.beginObject()
            writer.key("thinking_tokens")
            writer.integer(usage.reasoning)
            writer.endObject()
        }
        if isEstimated {
            writer.key("estimated")
            writer.bool(true)
        }
        writer.endObject()
    }
}
