/// A number of an export, by the name it has there: a member of a result, or a column.
struct ExportMember: Hashable, Sendable {
    /// Inside an object of the result, its name and a dot stand before it.
    let name: String
    /// What it is compared as. Several members of one class are added up.
    let compared: ComparedClass
    /// A line without it cannot be compared.
    var isRequired = false

    /// The numbers of a format. Of an alternative (a class with and without a time to live) either does.
    static func members(of format: ExportFormat) -> [ExportMember] {
        switch format {
        case .openAIJSON, .openAICSV: self.openAI
        case .anthropicJSON: self.anthropic
        case .anthropicCSV: self.console
        }
    }

    /// "The aggregated number of input tokens used, including cached and cache-write tokens. This includes text, audio, and image tokens",
    /// as OpenAI's document says of `input_tokens`; what is in it is therefore compared as a whole, and its parts beside it.
    /// `input_audio_tokens` are those that were not read from the cache where `input_cached_audio_tokens` stands beside it, else all of them.
    private static let openAI = [
        ExportMember(name: "input_tokens", compared: .inputTotal, isRequired: true),
        ExportMember(name: "input_cached_tokens", compared: .cacheRead),
        ExportMember(name: "input_cache_write_tokens", compared: .cacheWriteAny),
        ExportMember(name: "input_audio_tokens", compared: .audioInput),
        ExportMember(name: "input_cached_audio_tokens", compared: .audioInput),
        ExportMember(name: "output_tokens", compared: .outputTotal, isRequired: true),
        ExportMember(name: "output_audio_tokens", compared: .audioOutput),
        ExportMember(name: "num_model_requests", compared: .requests),
    ]

    private static let anthropic = [
        ExportMember(name: "uncached_input_tokens", compared: .input, isRequired: true),
        ExportMember(name: "cache_read_input_tokens", compared: .cacheRead, isRequired: true),
        ExportMember(name: "cache_creation.ephemeral_5m_input_tokens", compared: .cacheWrite, isRequired: true),
        ExportMember(name: "cache_creation.ephemeral_1h_input_tokens", compared: .cacheWriteHour, isRequired: true),
        ExportMember(name: "output_tokens", compared: .outputTotal, isRequired: true),
        ExportMember(name: "server_tool_use.web_search_requests", compared: .searches),
    ]

    /// Older files have one column for what was written to the cache.
    private static let console = [
        ExportMember(name: "usage_input_tokens_no_cache", compared: .input, isRequired: true),
        ExportMember(name: "usage_input_tokens_cache_read", compared: .cacheRead, isRequired: true),
        ExportMember(name: "usage_input_tokens_cache_write_5m", compared: .cacheWrite),
        ExportMember(name: "usage_input_tokens_cache_write_1h", compared: .cacheWriteHour),
        ExportMember(name: "usage_input_tokens_cache_write", compared: .cacheWriteAny),
        ExportMember(name: "usage_output_tokens", compared: .outputTotal, isRequired: true),
        ExportMember(name: "web_search_count", compared: .searches),
    ]

    /// Parts of numbers that are compared, which the replies of the provider do not tell apart in the same way.
    static let parts: Set<String> = [
        "input_uncached_tokens", "input_text_tokens", "input_image_tokens", "input_cached_text_tokens",
        "input_cached_image_tokens", "output_text_tokens", "output_image_tokens",
    ]

    /// Whether a name that nobody knows sounds like a class of tokens, so that it has to be said that it is not compared.
    static func isUnknownClass(_ name: String) -> Bool {
        (name.hasSuffix("_tokens") || name.hasPrefix("usage_input_tokens") || name.hasPrefix("usage_output_tokens"))
            && !Self.parts.contains(name)
    }
}
