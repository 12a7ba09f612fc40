import Dialects
import Domain
import Testing

/// Usage objects as providers send them, in disjoint classes.
@Suite("OpenAIUsage")
struct OpenAIUsageTests {
    private let reader = OpenAIReplyReader()

    @Test(
        "Every class is read and no token is counted twice",
        arguments: [
            (  // OpenAI, with audio.
                #"{"prompt_tokens":100,"completion_tokens":90,"total_tokens":190,"prompt_tokens_details":{"cached_tokens":20,"audio_tokens":30,"image_tokens":10,"text_tokens":40},"completion_tokens_details":{"reasoning_tokens":50,"audio_tokens":25,"accepted_prediction_tokens":0}}"#,
                TokenUsage(
                    input: 40, cacheRead: 20, output: 15, reasoning: 50, audioInput: 30, audioOutput: 25, image: 10)
            ),
            (  // OpenRouter.
                #"{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.95,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":100,"audio_tokens":0,"video_tokens":0},"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":0,"image_tokens":0}}"#,
                TokenUsage(input: 94, cacheWrite: 100, output: 2)
            ),
            (  // DeepSeek: the same count under two names.
                #"{"prompt_tokens":24,"completion_tokens":8,"total_tokens":32,"prompt_tokens_details":{"cached_tokens":16},"prompt_cache_hit_tokens":16,"prompt_cache_miss_tokens":8}"#,
                TokenUsage(input: 8, cacheRead: 16, output: 8)
            ),
            (  // DeepSeek, before it had details.
                #"{"prompt_tokens":24,"completion_tokens":8,"prompt_cache_hit_tokens":24,"prompt_cache_miss_tokens":0}"#,
                TokenUsage(cacheRead: 24, output: 8)
            ),
            (  // A gateway in front of Anthropic: names of both worlds.
                #"{"prompt_tokens":1000,"completion_tokens":5,"cache_read_input_tokens":300,"cache_creation_input_tokens":600,"prompt_tokens_details":{"cached_tokens":300,"cache_creation_tokens":600,"cache_creation_token_details":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":400}}}"#,
                TokenUsage(input: 100, cacheRead: 300, cacheWrite: 200, cacheWriteHour: 400, output: 5)
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4}}"#,
                TokenUsage(input: 3, cacheWrite: 3, cacheWriteHour: 4, output: 1)
            ),
            (  // Written, of which only a part is said to be kept for an hour.
                #"{"prompt_tokens":10,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":4}}"#,
                TokenUsage(input: 1, cacheWrite: 5, cacheWriteHour: 4)
            ),
            (  // xAI: reasoning stands beside completion_tokens.
                #"{"prompt_tokens":32,"completion_tokens":1,"total_tokens":238,"prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":205,"audio_tokens":0}}"#,
                TokenUsage(input: 24, cacheRead: 8, output: 1, reasoning: 205)
            ),
            (  // Gemini's: thinking stands in the total only.
                #"{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}"#,
                TokenUsage(input: 35, output: 12, reasoning: 62)
            ),
            (  // A total that fits nothing adds nothing where reasoning is told apart.
                #"{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109,"completion_tokens_details":{"reasoning_tokens":10}}"#,
                TokenUsage(input: 35, output: 2, reasoning: 10)
            ),
            (  // Mistral's audio is no reasoning.
                #"{"prompt_tokens":5,"completion_tokens":6,"total_tokens":400,"prompt_audio_seconds":30}"#,
                TokenUsage(input: 5, output: 6)
            ),
            (#"{"prompt_tokens":5,"completion_tokens":6,"total_tokens":3}"#, TokenUsage(input: 5, output: 6)),
            (  // Perplexity.
                #"{"prompt_tokens":5,"completion_tokens":9,"reasoning_tokens":4,"total_tokens":14}"#,
                TokenUsage(input: 5, output: 5, reasoning: 4)
            ),
            (  // Parts that are more than the whole.
                #"{"prompt_tokens":10,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":7,"image_tokens":7},"completion_tokens_details":{"reasoning_tokens":7,"audio_tokens":7}}"#,
                TokenUsage(cacheRead: 7, reasoning: 7, audioInput: 3, audioOutput: 3)
            ),
            (
                #"{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":-4,"audio_tokens":1.5,"image_tokens":"2"},"completion_tokens_details":null}"#,
                TokenUsage(input: 10)
            ),
            (
                #"{"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":9},"completion_tokens_details":[]}"#,
                TokenUsage(output: 3)
            ),
        ])
    func classes(_ object: String, _ expected: TokenUsage) {
        let reply = self.reader.readReply(Array(#"{"id":"x","usage":\#(object)}"#.utf8))
        #expect(reply?.usage == expected)
    }

    @Test(
        "The finish reason of a whole reply",
        arguments: [
            (#"[{"index":0,"message":{"content":"\"finish_reason\":\"length\""},"finish_reason":"stop"}]"#, .stop),
            (#"[{"finish_reason":"length"}]"#, .length), (#"[{"finish_reason":"tool_calls"}]"#, .toolCalls),
            (#"[{"finish_reason":"content_filter"}]"#, .contentFilter),
            (#"[{"finish_reason":"function_call"}]"#, .functionCall), (#"[{"finish_reason":"eos"}]"#, .stop),
            (#"[{"finish_reason":"model_length"}]"#, .length), (#"[{"finish_reason":"sto"}]"#, .other),
            (#"[{"finish_reason":7}]"#, .other), (#"[{"finish_reason":null}]"#, .none), (#"[{}]"#, .none),
            ("[]", .none), ("{}", .none), (#"[{"finish_reason":""}]"#, .none),
            (#"[{"finish_reason":"stop"},{"finish_reason":"length"},{"finish_reason":null}]"#, .length),
            (#"[{"message":{"finish_reason":"length"}},[{"finish_reason":"length"}]]"#, .none),
        ] as [(String, FinishReason)])
    func finish(_ choices: String, _ expected: FinishReason) {
        let reply = self.reader.readReply(Array(#"{"id":"x","choices":\#(choices),"usage":null}"#.utf8))
        #expect(reply?.finish == expected)
    }

    @Test("The finish reason of a stream, and whether it said anything")
    func streams() throws {
        func filter(_ events: [String]) throws -> OpenAIStreamFilter {
            let filter = OpenAIStreamFilter(reader: self.reader, askedForUsage: false)
            let bytes = Array(events.map { "data: \($0)\n\n" }.joined().utf8)
            try unsafe bytes.withUnsafeBytes { unsafe try filter.feed($0) { _ in } }
            return filter
        }
        let text = #"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}"#
        let said = try filter([text, text])
        #expect(said.finish == .none && said.hasAnswer && said.hasContent)
        let cut = try filter([
            text, text, #"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":1}}"#, "[DONE]",
        ])
        #expect(cut.finish == .length && cut.hasAnswer)
        let first = try filter([#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"tool_calls"}]}"#])
        #expect(first.finish == .toolCalls)
        let failed = try filter([#"{"error":{"message":"no"}}"#])
        #expect(failed.hasContent && failed.sawError && !failed.hasAnswer && failed.finish == .none)
        #expect(try !filter([#"{"choices":[{"delta":{"role":"assistant"}}]}"#]).hasAnswer)
    }
}
