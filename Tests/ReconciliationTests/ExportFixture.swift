import Domain
import Reconciliation
import Testing

/// An export, written by hand after the documentation of its provider, and what Sluice would know where nothing is wrong.
struct ExportFixture: CustomTestStringConvertible, Sendable {
    let format: ExportFormat
    let text: String
    /// The names of the members or columns with numbers that are compared.
    let members: Set<String>
    /// Names whose numbers are compared as calls and searches.
    let counts: Set<String>
    let usage: [GatewayUsage]

    var testDescription: String { self.format.rawValue }
    var bytes: [UInt8] { Array(self.text.utf8) }

    static let all = [Self.openAIJSON, .openAICSV, .anthropicJSON, .anthropicCSV]

    /// 2026-11-20 and the day after, since 1970.
    static let first: Int64 = 20_777
    static let second: Int64 = 20_778

    private static func call(
        _ day: Int64, _ model: String, _ usage: TokenUsage, calls: Int64 = 1, searches: Int64 = 0
    ) -> GatewayUsage {
        GatewayUsage(day: day, model: Array(model.utf8), calls: calls, searches: searches, usage: usage)
    }

    /// Two pages one after the other, and one of another report of the same days; a day is divided by keys, one is empty.
    static let openAIJSON = ExportFixture(
        format: .openAIJSON,
        text: """
            {
              "object": "page",
              "data": [
                {
                  "object": "bucket",
                  "start_time": 1795132800,
                  "end_time": 1795219200,
                  "results": [
                    {
                      "object": "organization.usage.completions.result",
                      "input_tokens": 1000,
                      "output_tokens": 500,
                      "input_cached_tokens": 640,
                      "input_audio_tokens": 30,
                      "output_audio_tokens": 20,
                      "num_model_requests": 5,
                      "project_id": null,
                      "user_id": null,
                      "api_key_id": "key_a",
                      "model": "gpt-4o-2024-08-06",
                      "batch": false
                    },
                    {
                      "model": "gpt-4o-2024-08-06",
                      "num_model_requests": 2,
                      "input_cached_tokens": 0,
                      "output_tokens": 41,
                      "input_tokens": 300,
                      "api_key_id": "key_b",
                      "input_audio_tokens": 0,
                      "output_audio_tokens": 0,
                      "object": "organization.usage.completions.result"
                    }
                  ]
                }
              ],
              "has_more": true,
              "next_page": "page_AAAAAGdGxdEiJdKOAAAAAGcqsYA="
            }
            {"object":"page","data":[{"results":[{"object":"organization.usage.completions.result","input_tokens":77,
            "output_tokens":7,"input_cached_tokens":12,"input_audio_tokens":0,"output_audio_tokens":0,"num_model_requests":1,
            "model":"o4-mini-2025-04-16"}],"object":"bucket","start_time":1795219200,
            "end_time":1795305600},{"object":"bucket","start_time":1795305600,"end_time":1795392000,"results":[]}],
            "has_more":false,"next_page":null}
            {"object":"page","data":[{"object":"bucket","start_time":1795219200,"end_time":1795305600,"results":[{"object":
            "organization.usage.embeddings.result","input_tokens":64,"num_model_requests":4,"model":"text-embedding-3-small"}]},
            {"object":"bucket","start_time":1795305600,"end_time":1795392000,"results":[]}],"has_more":false,"next_page":null}

            """,
        members: [
            "input_tokens", "output_tokens", "input_cached_tokens", "input_audio_tokens", "output_audio_tokens",
        ], counts: ["num_model_requests"],
        usage: [
            Self.call(
                first, "gpt-4o-2024-08-06",
                TokenUsage(input: 330, cacheRead: 640, output: 400, reasoning: 80, audioInput: 30, audioOutput: 20),
                calls: 5),
            Self.call(first, "gpt-4o-2024-08-06", TokenUsage(input: 300, output: 41), calls: 2),
            Self.call(second, "o4-mini-2025-04-16", TokenUsage(input: 65, cacheRead: 12, output: 2, reasoning: 5)),
            Self.call(second, "text-embedding-3-small", TokenUsage(input: 64), calls: 4),
        ])

    /// With a mark of the byte order, CRLF, a project whose name has a comma, and a day without usage.
    static let openAICSV = ExportFixture(
        format: .openAICSV,
        text: "\u{FEFF}"
            + [
                "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,batch,input_tokens,output_tokens,input_cached_tokens,input_cache_write_tokens,input_audio_tokens,output_audio_tokens",
                "1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00,\"Web, shop\",5,gpt-4o-2024-08-06,False,1000,500,640,50,30,20",
                "1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00,\"a \"\"b\"\"\",2,gpt-4o-2024-08-06,True,300,41,0,0,0,0",
                "1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,,1,o4-mini-2025-04-16,False,77,7,12,0,0,0",
                "1795305600,1795392000,2026-11-22T00:00:00+00:00,2026-11-23T00:00:00+00:00,,,,,,,,,,",
                "",
            ].joined(separator: "\r\n"),
        members: [
            "input_tokens", "output_tokens", "input_cached_tokens", "input_cache_write_tokens", "input_audio_tokens",
            "output_audio_tokens",
        ], counts: ["num_model_requests"],
        usage: [
            Self.call(
                first, "gpt-4o-2024-08-06",
                TokenUsage(
                    input: 280, cacheRead: 640, cacheWrite: 50, output: 400, reasoning: 80, audioInput: 30,
                    audioOutput: 20),
                calls: 5),
            Self.call(first, "gpt-4o-2024-08-06", TokenUsage(input: 300, output: 41), calls: 2),
            Self.call(second, "o4-mini-2025-04-16", TokenUsage(input: 65, cacheRead: 12, output: 2, reasoning: 5)),
        ])

    static let anthropicJSON = ExportFixture(
        format: .anthropicJSON,
        text: """
            [{"data": [
                {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z", "results": [
                    {"uncached_input_tokens": 1500, "cache_creation": {"ephemeral_1h_input_tokens": 1000,
                     "ephemeral_5m_input_tokens": 500}, "cache_read_input_tokens": 200, "output_tokens": 501,
                     "server_tool_use": {"web_search_requests": 10}, "api_key_id": null, "workspace_id": null,
                     "model": "claude-sonnet-4-5-20250929", "service_tier": "standard", "context_window": "0-200k"},
                    {"model": "claude-haiku-4-5-20251001", "uncached_input_tokens": 9, "cache_read_input_tokens": 0,
                     "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                     "output_tokens": 4}]}],
              "has_more": true, "next_page": "page_2"},
             {"data": [
                {"results": [
                    {"uncached_input_tokens": 31, "cache_creation": {"ephemeral_1h_input_tokens": 0,
                     "ephemeral_5m_input_tokens": 17}, "cache_read_input_tokens": 3, "output_tokens": 8,
                     "server_tool_use": {"web_search_requests": 0}, "model": "claude-sonnet-4-5-20250929"}],
                 "ending_at": "2026-11-22T00:00:00Z", "starting_at": "2026-11-21T00:00:00Z"}],
              "has_more": false, "next_page": null}]
            """,
        members: [
            "uncached_input_tokens", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
        ], counts: ["web_search_requests"],
        usage: [
            Self.call(
                first, "claude-sonnet-4-5-20250929",
                TokenUsage(
                    input: 1500, cacheRead: 200, cacheWrite: 500, cacheWriteHour: 1000, output: 400, reasoning: 101),
                calls: 3, searches: 10),
            Self.call(first, "claude-haiku-4-5-20251001", TokenUsage(input: 9, output: 4)),
            Self.call(
                second, "claude-sonnet-4-5-20250929", TokenUsage(input: 31, cacheRead: 3, cacheWrite: 17, output: 8)),
        ])

    /// As the console gives it: a group of a model and a window each, blanks where a column does not apply.
    static let anthropicCSV = ExportFixture(
        format: .anthropicCSV,
        text: [
            "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed",
            "2026-11-20,claude-sonnet-4-5-20250929,ci,Default,standard,≤ 200k,1000,500,900,200,301,10,not_available,",
            "2026-11-20,claude-sonnet-4-5-20250929,ci,Default,standard,> 200k,500,0,100,0,200,0,not_available,",
            "2026-11-20,claude-haiku-4-5-20251001,ci,Default,standard,≤ 200k,9,0,0,0,4,0,global,",
            "2026-11-21,claude-sonnet-4-5-20250929,\"key, two\",Default,batch,≤ 200k,31,17,0,3,8,0,global,",
            "",
        ].joined(separator: "\n"),
        members: [
            "usage_input_tokens_no_cache", "usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read", "usage_output_tokens",
        ], counts: ["web_search_count"],
        usage: Self.anthropicJSON.usage)
}
