import Dialects
import Domain
import JSON
import Testing

@Suite("Whole replies of OpenAI-like providers")
struct OpenAIReplyFamilyTests {
    private let reader = DialectReader()

    /// What the client gets, or why it gets none.
    private func translate(
        _ body: String, _ dialect: Dialect = .mistral, _ endpoint: Endpoint = .chatCompletions,
        isEstimated: Bool = false
    ) throws(StreamFault) -> String {
        let context = TranslatedStream.context(dialect, endpoint)
        let reply = try ReplyTranslator.read(Array(body.utf8), context, reader: self.reader)
        return String(
            decoding: ReplyTranslator.write(reply, usage: reply.usage, isEstimated: isEstimated, context), as: UTF8.self
        )
    }

    private static func reply(_ choice: String) -> String {
        #"{"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,\#(choice)}]}"#
    }

    @Test(
        "Messages in OpenAI's grammar",
        arguments: [
            // Groq leaves the content out; a call without arguments.
            (
                #""message":{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":"tool_calls""#,
                #""message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls""#
            ),
            // Mistral and Azure's other models: an empty content, calls without type, with numbers; arguments that are no text.
            (
                #""message":{"role":"assistant","content":"","tool_calls":[{"id":"a","index":0,"function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"null","function":{"name":"g","arguments":{"y":[1.5]}}}]},"finish_reason":"tool_calls""#,
                #""message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"call_n0_1","type":"function","function":{"name":"g","arguments":"{\"y\":[1.5]}"}}]},"logprobs":null,"finish_reason":"tool_calls""#
            ),
            // vLLM and HuggingFace: no calls in a list; nulls.
            (
                #""message":{"role":"assistant","content":"x","tool_calls":[],"reasoning":null,"function_call":null},"logprobs":null,"finish_reason":"stop","stop_reason":null"#,
                #""message":{"role":"assistant","content":"x","refusal":null},"logprobs":null,"finish_reason":"stop""#
            ),
            // A forced call finishes with stop, and stays so.
            (
                #""message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop""#,
                #""message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":"stop""#
            ),
            // Azure: a filtered choice has no message.
            (
                #""finish_reason":"content_filter","content_filter_results":{"hate":{"filtered":true}}"#,
                #""message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"content_filter","content_filter_results":{"hate":{"filtered":true}}"#
            ),
            // Mistral's thoughts are parts of the content.
            (
                #""message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"T"},{"type":"text","text":"h"}],"closed":true},{"type":"text","text":"4"},{"type":"reference","reference_ids":[1]},{"type":"text","text":"2"}]},"finish_reason":"stop""#,
                #""message":{"role":"assistant","content":"42","refusal":null,"reasoning_content":"Th"},"logprobs":null,"finish_reason":"stop""#
            ),
            // Thoughts by either name, with OpenRouter's details beside them.
            (
                #""message":{"content":"4","reasoning":"R","reasoning_details":[{"type":"reasoning.encrypted","data":"e"}]},"finish_reason":"stop","native_finish_reason":"completed""#,
                #""message":{"role":"assistant","content":"4","refusal":null,"reasoning_content":"R","reasoning_details":[{"type":"reasoning.encrypted","data":"e"}]},"logprobs":null,"finish_reason":"stop","native_finish_reason":"completed""#
            ),
            (
                #""message":{"content":"4","reasoning_content":"R","reasoning":"R"},"finish_reason":"eos""#,
                #""message":{"role":"assistant","content":"4","refusal":null,"reasoning_content":"R"},"logprobs":null,"finish_reason":"stop""#
            ),
            // LiteLLM's blocks.
            (
                #""message":{"content":"4","reasoning_content":"R","thinking_blocks":[{"type":"thinking","thinking":"R","signature":"s"},{"type":"redacted_thinking","data":"d"}]},"finish_reason":"stop""#,
                #""message":{"role":"assistant","content":"4","refusal":null,"reasoning_content":"R","thinking_blocks":[{"type":"thinking","thinking":"R","signature":"s"},{"type":"redacted_thinking","data":"d"}]},"logprobs":null,"finish_reason":"stop""#
            ),
            // A refusal, annotations, sound, probabilities.
            (
                #""message":{"content":null,"refusal":"No","annotations":[],"audio":{"id":"a"}},"logprobs":{"content":[]},"finish_reason":"stop""#,
                #""message":{"role":"assistant","content":null,"refusal":"No","annotations":[],"audio":{"id":"a"}},"logprobs":{"content":[]},"finish_reason":"stop""#
            ),
            // The legacy call.
            (
                #""message":{"content":null,"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call""#,
                #""message":{"role":"assistant","content":null,"refusal":null,"function_call":{"name":"f","arguments":"{}"}},"logprobs":null,"finish_reason":"function_call""#
            ),
            // Perplexity: an empty delta beside the message. No reason; one that is not OpenAI's; a stop text.
            (
                #""message":{"content":"x"},"delta":{"role":"assistant","content":""}"#,
                #""message":{"role":"assistant","content":"x","refusal":null},"logprobs":null,"finish_reason":"stop""#
            ),
            (
                #""message":{"content":"x"},"finish_reason":"tired","seed":1"#,
                #""message":{"role":"assistant","content":"x","refusal":null},"logprobs":null,"finish_reason":"stop","seed":1,"native_finish_reason":"tired""#
            ),
            (
                #""message":{"content":"x"},"finish_reason":"stop","stop_reason":"END""#,
                #""message":{"role":"assistant","content":"x","refusal":null},"logprobs":null,"finish_reason":"stop","stop_reason":"END""#
            ),
        ])
    func messages(_ choice: String, _ expected: String) throws {
        #expect(try self.translate(Self.reply(choice)) == Self.reply(expected))
    }

    @Test("Members of the reply stay, usage is OpenAI's with what only the provider says")
    func members() throws {
        let body =
            #"{"id":"c1","created":7,"model":"m","object":"chat.completion","choices":[],"citations":["u"],"service_tier":null,"x_groq":{"id":"r"},"usage":{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":4,"text_tokens":10},"completion_tokens_details":{"reasoning_tokens":5,"rejected_prediction_tokens":0},"cost":{"total_cost":0.5}}}"#
        #expect(
            try self.translate(body, isEstimated: true)
                == #"{"id":"c1","object":"chat.completion","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0,"text_tokens":10},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0,"rejected_prediction_tokens":0},"cost":{"total_cost":0.5},"estimated":true},"citations":["u"],"x_groq":{"id":"r"}}"#
        )
        let groq =
            #"{"choices":[{"message":{"content":"x"}}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":1}}}"#
        #expect(
            try self.translate(groq, .groq).contains(
                #""usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"#))
        #expect(
            try self.translate(#"{"choices":[{"text":"x"}]}"#, .groq, .completions)
                == #"{"id":"cmpl-n0","object":"text_completion","created":1700000000,"model":"","choices":[{"text":"x","index":0,"logprobs":null,"finish_reason":"stop"}]}"#
        )
    }

    @Test("What was written to a cache is told, by the time it is kept")
    func cacheWrites() throws {
        var usage = TokenUsage(input: 1, cacheRead: 2, cacheWrite: 3, cacheWriteHour: 4, output: 5, image: 6)
        let context = TranslatedStream.context(.mistral)
        func text() -> String {
            String(decoding: ReplyTranslator.write(Reply(), usage: usage, isEstimated: false, context), as: UTF8.self)
        }
        #expect(
            text().contains(
                #""usage":{"prompt_tokens":16,"completion_tokens":5,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0,"image_tokens":6,"cache_write_tokens":7,"cache_creation_token_details":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4}}"#
            ))
        usage.output = .max
        usage.cacheWriteHour = 0
        #expect(text().contains(#""total_tokens":9223372036854775807"#))
        #expect(!text().contains("ephemeral"))
    }

    @Test(
        "An error inside a success is the provider's",
        arguments: [
            (#"{"error":{"code":429,"message":"slow"},"user_id":"u"}"#, 429),
            (#"{"choices":[],"error":{"code":502,"message":"x"}}"#, 502), (#"{"error":"x"}"#, 502),
            (#"{"object":"error","message":"x","code":400}"#, 400), (#"{"detail":"x"}"#, 502),
            (#"{"message":"x","type":"y","code":"z"}"#, 502), (reply(#""message":{},"finish_reason":"error""#), 502),
        ] as [(String, UInt16)])
    func errors(_ body: String, _ status: UInt16) {
        #expect {
            try self.translate(body)
        } throws: { fault in
            guard case .provider(let error)? = fault as? StreamFault else { return false }
            return error.status == status
        }
    }

    @Test(
        "What is no reply is none",
        arguments: ["", "[]", "{", "{}", #"{"choices":{}}"#, #"{"choices":[7]}"#, #"{"choices":[{"text":"\ud800"}]}"#])
    func refused(_ body: String) {
        #expect(throws: StreamFault.invalidResponse) { try self.translate(body) }
    }

    @Test("Citations of the web become annotations, others stay as they are")
    func citations() throws {
        let web = JSONValue.object([
            JSONValue.Member(key: Array("url".utf8), value: .string(Array("https://a".utf8))),
            JSONValue.Member(key: Array("title".utf8), value: .string(Array("A".utf8))),
        ])
        let place = JSONValue.object([JSONValue.Member(key: Array("document_index".utf8), value: .integer(0))])
        var part = TextPart(Array("né".utf8))
        part.citations = .array([web, place])
        let reply = Reply(choices: [ReplyChoice(parts: [.text(TextPart(Array("Ö ".utf8))), .text(part)])])
        let context = TranslatedStream.context(.mistral)
        let text = String(
            decoding: ReplyTranslator.write(reply, usage: nil, isEstimated: false, context), as: UTF8.self)
        #expect(text.contains(#""content":"Ö né""#))
        #expect(
            text.contains(
                #""annotations":[{"type":"url_citation","url_citation":{"start_index":2,"end_index":4,"url":"https://a","title":"A"}}],"citations":[{"document_index":0}]"#
            ))
    }
}
