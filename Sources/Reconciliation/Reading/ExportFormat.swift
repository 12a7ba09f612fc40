/// The files that can be read: what providers say was used.
public enum ExportFormat: String, Hashable, Sendable, CaseIterable {
    /// Pages of OpenAI's `GET /v1/organization/usage/completions` (also `embeddings` and `moderations`): objects of `"object": "page"` with
    /// buckets of `start_time`, `end_time` (seconds since 1970) and `results`.
    ///
    /// Source: OpenAI's API reference, "Usage", `UsageCompletionsResult` of its OpenAPI document (2.3.0 and its revisions).
    case openAIJSON = "openai-json"
    /// The export of OpenAI's usage page: a line for each bucket and group, columns as the members of the JSON, and `start_time_iso`,
    /// `end_time_iso`. Days without usage may be lines in which all but the times is empty.
    case openAICSV = "openai-csv"
    /// Pages of Anthropic's `GET /v1/organizations/usage_report/messages`: `data` of buckets with `starting_at`, `ending_at` (RFC 3339) and
    /// `results`.
    ///
    /// Source: Anthropic's Admin API reference, "Get usage report for the Messages API".
    case anthropicJSON = "anthropic-json"
    /// The export of the usage page of Anthropic's console: `usage_date_utc`, `model_version`, `usage_input_tokens_no_cache` and so on.
    case anthropicCSV = "anthropic-csv"

    /// Whose file it is: `openai` or `anthropic`, which are also the names of their dialects.
    public var vendor: String {
        switch self {
        case .openAIJSON, .openAICSV: "openai"
        case .anthropicJSON, .anthropicCSV: "anthropic"
        }
    }

    var isJSON: Bool { self == .openAIJSON || self == .anthropicJSON }
}
