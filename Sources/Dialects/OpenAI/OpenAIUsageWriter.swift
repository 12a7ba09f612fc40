internal import Domain
internal import JSON

/// Writes token classes as OpenAI's `usage`: `prompt_tokens` includes the cache, `completion_tokens` the reasoning.
enum OpenAIUsageWriter {
    /// `extras` are members that no class has; one that is named like one of the details adds its members to those.
    /// `isEstimated`: the provider has not counted.
    static func write(
        _ usage: TokenUsage, extras: [RawMember], isEstimated: Bool, into writer: inout JSONWriter
    ) {
        writer.beginObject()
        // Citations are no part of what the client has sent; their provider's own member is among the extras.
        let prompt = usage.promptTokens &- usage.citation
        self.count("prompt_tokens", prompt, &writer)
        self.count("completion_tokens", usage.completionTokens, &writer)
        self.count("total_tokens", self.sum(prompt, usage.completionTokens), &writer)
        writer.key("prompt_tokens_details")
        writer.beginObject()
        self.writePromptParts(usage, &writer)
        self.writeCacheWrites(usage, &writer)
        self.writeDetails("prompt_tokens_details", extras, &writer)
        writer.endObject()
        writer.key("completion_tokens_details")
        writer.beginObject()
        self.count("reasoning_tokens", usage.reasoning, &writer)
        self.count("audio_tokens", usage.audioOutput, &writer)
        if usage.imageOutput > 0 { self.count("image_tokens", usage.imageOutput, &writer) }
        if usage.videoOutput > 0 { self.count("video_tokens", usage.videoOutput, &writer) }
        self.writeDetails("completion_tokens_details", extras, &writer)
        writer.endObject()
        for extra in extras where !self.isOwn(extra.key) {
            writer.key(extra.key)
            writer.raw(extra.value)
        }
        if isEstimated {
            writer.key("estimated")
            writer.bool(true)
        }
        writer.endObject()
    }

    /// What was read from a cache, and what is no text; audio and images of a cache count as both.
    private static func writePromptParts(_ usage: TokenUsage, _ writer: inout JSONWriter) {
        let (audio, image) = (usage.cacheReadAudio, usage.cacheReadImage)
        self.count("cached_tokens", self.sum(usage.cacheRead, self.sum(audio, image)), &writer)
        self.count("audio_tokens", self.sum(usage.audioInput, audio), &writer)
        if usage.image > 0 || image > 0 { self.count("image_tokens", self.sum(usage.image, image), &writer) }
        if usage.videoInput > 0 { self.count("video_tokens", usage.videoInput, &writer) }
        guard audio > 0 || image > 0 else { return }
        writer.key("cached_tokens_details")
        writer.beginObject()
        self.count("text_tokens", usage.cacheRead, &writer)
        self.count("audio_tokens", audio, &writer)
        self.count("image_tokens", image, &writer)
        writer.endObject()
    }

    /// What was written to a cache; how long it is kept only where some of it stays an hour.
    private static func writeCacheWrites(_ usage: TokenUsage, _ writer: inout JSONWriter) {
        let written = self.sum(usage.cacheWrite, usage.cacheWriteHour)
        guard written > 0 else { return }
        self.count("cache_write_tokens", written, &writer)
        guard usage.cacheWriteHour > 0 else { return }
        writer.key("cache_creation_token_details")
        writer.beginObject()
        self.count("ephemeral_5m_input_tokens", usage.cacheWrite, &writer)
        self.count("ephemeral_1h_input_tokens", usage.cacheWriteHour, &writer)
        writer.endObject()
    }

    /// The members of an object that is among the extras: JSON text, written between the members before it and the closing
    /// bracket.
    private static func writeDetails(_ name: StaticString, _ extras: [RawMember], _ writer: inout JSONWriter) {
        guard let extra = extras.first(where: { JSONName.equals($0.key, name) }) else { return }
        let value = extra.value
        guard value.count > 2, value.first == UInt8(ascii: "{"), value.last == UInt8(ascii: "}") else { return }
        writer.raw(Array(value[1..<value.count - 1]))
    }

    /// Whether it is a member that is written from the classes.
    private static func isOwn(_ key: [UInt8]) -> Bool {
        let names: [StaticString] = [
            "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
            "completion_tokens_details", "estimated",
        ]
        return JSONName.isOne(key, of: names)
    }

    private static func count(_ name: StaticString, _ value: Int64, _ writer: inout JSONWriter) {
        writer.key(name)
        writer.integer(value)
    }

    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
