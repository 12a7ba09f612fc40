import Domain

/// One provider's way of streaming, and what a client of OpenAI's gets of it. The bodies are written for these tests.
struct OpenAIStreamSurprise: CustomStringConvertible, Sendable {
    var name: String
    var dialect: Dialect
    var endpoint = Endpoint.chatCompletions
    /// Payloads of events; one that begins with a colon or a name is a line of its own.
    var events: [String]
    var wantsUsage = false
    /// What stands between the lines.
    var lineEnd = "\n"
    /// What follows `"choices":[` in each chunk that the client gets.
    var expected: [String]

    var description: String { self.name }

    var body: [UInt8] {
        let lines = self.events.map { event in
            event.hasPrefix(":") || event.hasPrefix("event:") ? event : "data: " + event
        }
        return Array(lines.map { $0.replacing("\n", with: self.lineEnd) + self.lineEnd + self.lineEnd }.joined().utf8)
    }

    /// A chunk of the provider's, with members of its one choice.
    static func chunk(_ choice: String, _ more: String = "") -> String {
        #"{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,\#(choice)}]\#(more)}"#
    }

    static func delta(_ members: String, _ more: String = "") -> String {
        self.chunk(#""delta":{\#(members)},"finish_reason":null"#, more)
    }

    static func finish(_ word: String, _ more: String = "") -> String {
        self.chunk(#""delta":{},"finish_reason":"\#(word)""#, more)
    }

    /// What the client gets for a delta.
    static func out(_ members: String, index: Int = 0) -> String {
        #"{"index":\#(index),"delta":{\#(members)},"logprobs":null,"finish_reason":null}]}"#
    }

    static func end(_ word: String, _ more: String = "", _ top: String = "", index: Int = 0) -> String {
        #"{"index":\#(index),"delta":{},"logprobs":null,"finish_reason":"\#(word)"\#(more)}]\#(top)}"#
    }

    static let role = #""role":"assistant","content":"","refusal":null"#
    static let done = "[DONE]"

    static let all = Self.starts + Self.thoughts + Self.toolCalls + Self.ends

    // MARK: How streams begin

    private static let starts = [
        OpenAIStreamSurprise(
            name: "Azure begins with a chunk without name and choices, and tells filter results in between",
            dialect: .azure,
            events: [
                #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
                #"{"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"created":7,"id":"c1","model":"m","obfuscation":"xxxx","object":"chat.completion.chunk","system_fingerprint":"fp"}"#,
                #"{"choices":[{"content_filter_results":{"hate":{"filtered":false}},"delta":{"content":"Hi"},"finish_reason":null,"index":0,"logprobs":null}],"created":7,"id":"c1","model":"m","obfuscation":"x","object":"chat.completion.chunk","system_fingerprint":"fp"}"#,
                #"{"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0,"logprobs":null}],"created":7,"id":"c1","model":"m","object":"chat.completion.chunk","system_fingerprint":"fp"}"#,
                #"{"choices":[{"content_filter_offsets":{"check_offset":4},"content_filter_results":{"hate":{"filtered":true}},"finish_reason":null,"index":0}],"created":0,"id":"","model":"","object":""}"#,
                Self.done,
            ],
            expected: [
                #"{"index":0,"delta":{\#(Self.role)},"logprobs":null,"finish_reason":null}],"prompt_filter_results":[{"prompt_index":0}]}"#,
                #"{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null,"content_filter_results":{"hate":{"filtered":false}}}]}"#,
                Self.end(
                    "stop",
                    #","content_filter_offsets":{"check_offset":4},"content_filter_results":{"hate":{"filtered":true}}"#
                ),
                Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "OpenRouter: comments, the role in each chunk, the finish twice, once with usage",
            dialect: .openrouter,
            events: [
                ": OPENROUTER PROCESSING", ": OPENROUTER PROCESSING",
                Self.chunk(
                    #""delta":{"role":"assistant","content":"He","reasoning":null,"reasoning_details":[]},"finish_reason":null,"native_finish_reason":null"#,
                    #","provider":"X""#),
                Self.chunk(
                    #""delta":{"role":"assistant","content":"y"},"finish_reason":null,"native_finish_reason":null"#,
                    #","provider":"X""#),
                Self.chunk(
                    #""delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"completed""#
                ),
                Self.chunk(
                    #""delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"completed""#,
                    #","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"cost":0.5,"cost_details":{"a":null}}"#
                ),
                Self.done,
            ], wantsUsage: true,
            expected: [
                #"{"index":0,"delta":{\#(Self.role)},"logprobs":null,"finish_reason":null}],"usage":null,"provider":"X"}"#,
                #"{"index":0,"delta":{"content":"He"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                #"{"index":0,"delta":{"content":"y"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                Self.end("stop", #","native_finish_reason":"completed""#, #","usage":null"#),
                #"],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0},"cost":0.5,"cost_details":{"a":null}}}"#,
                Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Perplexity: all so far beside the delta, usage and sources in every chunk, CRLF, no [DONE]",
            dialect: .perplexity,
            events: [
                Self.chunk(
                    #""finish_reason":null,"message":{"role":"assistant","content":"One"},"delta":{"role":"assistant","content":"One"}"#,
                    #","usage":{"prompt_tokens":8,"completion_tokens":1},"citations":["https://a"],"search_results":[{"url":"https://a"}]"#
                ),
                Self.chunk(
                    #""finish_reason":null,"message":{"role":"assistant","content":"One two"},"delta":{"content":" two"}"#,
                    #","usage":{"prompt_tokens":8,"completion_tokens":2},"citations":["https://a"],"search_results":[{"url":"https://a"}]"#
                ),
                Self.chunk(
                    #""finish_reason":"stop","message":{"role":"assistant","content":"One two"},"delta":{"content":""}"#,
                    #","usage":{"prompt_tokens":8,"completion_tokens":2},"citations":["https://a","https://b"],"search_results":[{"url":"https://a"}]"#
                ),
            ], lineEnd: "\r\n",
            expected: [
                #"{"index":0,"delta":{\#(Self.role)},"logprobs":null,"finish_reason":null}],"citations":["https://a"],"search_results":[{"url":"https://a"}]}"#,
                Self.out(#""content":"One""#), Self.out(#""content":" two""#),
                Self.end("stop", "", #","citations":["https://a","https://b"]"#), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Choices come by turns", dialect: .vllm,
            events: [
                #"{"id":"c1","created":7,"model":"m","choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#,
                #"{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]}"#,
                #"{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}"#, Self.done,
            ],
            expected: [
                Self.out(Self.role, index: 1), Self.out(#""content":"b""#, index: 1), Self.out(Self.role),
                Self.out(#""content":"a""#), Self.out(#""content":"B""#, index: 1), Self.out(#""content":"A""#),
                Self.end("stop"), Self.end("length", index: 1), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Escapes, and data over several lines", dialect: .azure,
            events: [
                #"{"id":"c1","created":7,"model":"m","choices":[{"index":0,"delta":{"content":"\u0041\ud83d\ude00\n\"\\"}}]}"#,
                "{\"choices\":\ndata: [{\"index\":0,\ndata: \"delta\":{\"content\":\"é\"},\"x\":{\ndata: \"y\":[1,\ndata: 2]}}]}",
                Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""content":"A😀\n\"\\""#),
                #"{"index":0,"delta":{"content":"é"},"logprobs":null,"finish_reason":null,"x":{ "y":[1, 2]}}]}"#,
                Self.end("stop"), Self.done,
            ]),
    ]

    // MARK: Thoughts

    private static let thoughts = [
        OpenAIStreamSurprise(
            name: "DeepSeek: null content beside thoughts, and the other way round; usage with the finish",
            dialect: .deepseek,
            events: [
                Self.delta(#""role":"assistant","content":null,"reasoning_content":"""#, #","usage":null"#),
                Self.delta(#""content":null,"reasoning_content":"Hm""#),
                Self.delta(#""content":"4","reasoning_content":null"#),
                Self.finish("stop", #","usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}"#), Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""reasoning_content":"Hm""#), Self.out(#""content":"4""#),
                Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Groq: thoughts under another name with a channel, usage in x_groq only", dialect: .groq,
            events: [
                Self.delta(#""role":"assistant","content":"""#, #","x_groq":{"id":"r","seed":1}"#),
                Self.delta(#""reasoning":"We","channel":"analysis""#), Self.delta(#""content":"4""#),
                Self.finish(
                    "stop", #","x_groq":{"id":"r","usage":{"queue_time":0.1,"prompt_tokens":5,"completion_tokens":3}}"#),
                Self.done,
            ], wantsUsage: true,
            expected: [
                #"{"index":0,"delta":{\#(Self.role)},"logprobs":null,"finish_reason":null}],"usage":null,"x_groq":{"id":"r","seed":1}}"#,
                #"{"index":0,"delta":{"reasoning_content":"We","channel":"analysis"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                #"{"index":0,"delta":{"content":"4"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                Self.end("stop", "", #","usage":null,"x_groq":{"id":"r"}"#),
                #"],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0},"queue_time":0.1}}"#,
                Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Mistral: content lists, padding, last text with the finish and the usage", dialect: .mistral,
            events: [
                Self.delta(#""role":"assistant","content":"""#),
                Self.delta(
                    #""content":[{"type":"thinking","thinking":[{"type":"text","text":"Th"},{"type":"text","text":"e"}]}]"#,
                    #","p":"abcdef""#),
                Self.delta(#""content":[{"type":"thinking","thinking":[],"closed":true},{"type":"text","text":"4"}]"#),
                Self.chunk(
                    #""delta":{"content":"2"},"finish_reason":"stop""#,
                    #","usage":{"prompt_tokens":5,"completion_tokens":3},"p":"ab""#), Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""reasoning_content":"The""#), Self.out(#""content":"4""#),
                Self.out(#""content":"2""#), Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "OpenRouter: details of thoughts beside them, and alone", dialect: .openrouter,
            events: [
                Self.delta(
                    #""role":"assistant","content":"","reasoning":"A","reasoning_details":[{"type":"reasoning.text","text":"A"}]"#
                ),
                Self.delta(#""content":"","reasoning_details":[{"signature":"s"}]"#),
                Self.delta(#""content":"","reasoning_details":[{"signature":"t"}]"#), Self.delta(#""content":"x""#),
                Self.finish("stop"), Self.done,
            ],
            expected: [
                Self.out(Self.role),
                Self.out(#""reasoning_content":"A","reasoning_details":[{"type":"reasoning.text","text":"A"}]"#),
                Self.out(#""reasoning_details":[{"signature":"s"}]"#),
                Self.out(#""content":"x","reasoning_details":[{"signature":"t"}]"#), Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Thoughts under two names are said once", dialect: .huggingface,
            events: [
                Self.delta(#""reasoning_content":"A","reasoning":"A","content":"b""#), Self.finish("eos"), Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""reasoning_content":"A""#), Self.out(#""content":"b""#),
                Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "LiteLLM: the signature makes a block of the thoughts", dialect: .litellm,
            events: [
                Self.delta(
                    #""reasoning_content":"A","thinking_blocks":[{"type":"thinking","thinking":"A","signature":null}]"#),
                Self.delta(#""reasoning_content":"b""#),
                Self.delta(
                    #""reasoning_content":"","thinking_blocks":[{"type":"thinking","thinking":"","signature":"sig"}]"#),
                Self.delta(#""content":"c""#), Self.finish("end_turn"), Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""reasoning_content":"A""#), Self.out(#""reasoning_content":"b""#),
                Self.out(#""thinking_blocks":[{"type":"thinking","thinking":"Ab","signature":"sig"}]"#),
                Self.out(#""content":"c""#), Self.end("stop"), Self.done,
            ]),
    ]
}
