import Domain

extension OpenAIStreamSurprise {
    static func call(_ index: Int, _ id: String, _ name: String, first: Bool = false) -> String {
        self.out(
            (first ? #""role":"assistant","content":null,"# : "")
                + #""tool_calls":[{"index":\#(index),"id":"\#(id)","type":"function","function":{"name":"\#(name)","arguments":""}}]"#
        )
    }

    static func arguments(_ index: Int, _ text: String) -> String {
        self.out(#""tool_calls":[{"index":\#(index),"function":{"arguments":"\#(text)"}}]"#)
    }

    // MARK: Tool calls

    static let toolCalls = [
        OpenAIStreamSurprise(
            name: "OpenAI's own: the call, then its arguments in pieces", dialect: .azure,
            events: [
                Self.delta(
                    #""role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]"#
                ),
                Self.delta(#""tool_calls":[{"index":0,"function":{"arguments":"{\"x"}}]"#),
                Self.delta(#""tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]"#),
                Self.finish("tool_calls"), Self.done,
            ],
            expected: [
                Self.call(0, "a", "f", first: true), Self.arguments(0, #"{\"x"#), Self.arguments(0, #"\":1}"#),
                Self.end("tool_calls"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Groq and Ollama: a whole call in one delta; a forced one finishes with stop", dialect: .groq,
            events: [
                Self.delta(
                    #""tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"},"index":0}]"#
                ),
                Self.finish("stop"), Self.done,
            ],
            expected: [
                Self.call(0, "a", "f", first: true), Self.arguments(0, #"{\"x\":1}"#), Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Mistral: calls without type and index, with the finish", dialect: .mistral,
            events: [
                Self.delta(#""role":"assistant","content":"""#),
                Self.chunk(
                    #""delta":{"content":"","tool_calls":[{"id":"abcdefghi","function":{"name":"f","arguments":"{}"}},{"id":"jklmnopqr","function":{"name":"g","arguments":{"y":[2]}}}]},"finish_reason":"tool_calls""#,
                    #","usage":{"prompt_tokens":1,"completion_tokens":1}"#), Self.done,
            ],
            expected: [
                Self.call(0, "abcdefghi", "f", first: true), Self.arguments(0, "{}"), Self.call(1, "jklmnopqr", "g"),
                Self.arguments(1, #"{\"y\":[2]}"#), Self.end("tool_calls"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "An id that comes late, one that is repeated, and one that never comes", dialect: .vllm,
            events: [
                Self.delta(#""tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]"#),
                Self.delta(#""tool_calls":[{"index":0,"id":"late","function":{"arguments":"\"x\""}}]"#),
                Self.delta(#""tool_calls":[{"index":0,"id":"late","function":{"name":"f","arguments":":1}"}}]"#),
                Self.delta(#""tool_calls":[{"index":1,"id":null,"function":{"name":"g","arguments":"{}"}}]"#),
                Self.finish("tool_calls"), Self.done,
            ],
            expected: [
                Self.call(0, "late", "f", first: true), Self.arguments(0, "{"), Self.arguments(0, #"\"x\""#),
                Self.arguments(0, ":1}"), Self.call(1, "call_n0_1", "g"), Self.arguments(1, "{}"),
                Self.end("tool_calls"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "All calls numbered 0, whole, with ids and without", dialect: .litellm,
            events: [
                Self.delta(
                    #""tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{\"z\":0}"}}]"#
                ),
                Self.delta(#""tool_calls":[{"index":0,"id":"","function":{"name":"g","arguments":"{\"q\":1}"}}]"#),
                Self.finish("tool_use"), Self.done,
            ],
            expected: [
                Self.call(0, "a", "f", first: true), Self.arguments(0, "{}"), Self.call(1, "b", "f"),
                Self.arguments(1, #"{\"z\":0}"#), Self.call(2, "call_n0_2", "g"), Self.arguments(2, #"{\"q\":1}"#),
                Self.end("tool_calls"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Calls without number or id go by their order; one without arguments gets an empty object",
            dialect: .llamacpp,
            events: [
                Self.delta(#""content":"x","tool_calls":[]"#),
                Self.delta(#""tool_calls":[{"function":{"name":"f","arguments":""}}]"#),
                Self.delta(
                    #""tool_calls":[{"function":{"name":"g","arguments":"{\"a\""}},{"function":{"arguments":":2}"}}]"#),
                Self.finish("tool_calls"), Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""content":"x""#), Self.call(0, "call_n0_0", "f"),
                Self.call(1, "call_n0_1", "g"), Self.arguments(1, #"{\"a\":2}"#), Self.arguments(0, "{}"),
                Self.end("tool_calls"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "The legacy function_call stays one", dialect: .azure,
            events: [
                Self.delta(#""role":"assistant","content":null,"function_call":{"name":"f","arguments":""}"#),
                Self.delta(#""function_call":{"arguments":"{}"}"#), Self.finish("function_call"), Self.done,
            ],
            expected: [
                Self.out(
                    #""role":"assistant","content":null,"function_call":{"name":"f","arguments":""}"#),
                Self.out(#""function_call":{"arguments":"{}"}"#), Self.end("function_call"), Self.done,
            ]),
    ]

    // MARK: How streams end

    static let ends = [
        OpenAIStreamSurprise(
            name: "vLLM: the finish with the last token, the stop text that was met", dialect: .vllm,
            events: [
                Self.delta(#""role":"assistant""#),
                Self.chunk(#""delta":{"content":"x"},"logprobs":null,"finish_reason":"stop","stop_reason":"END""#),
                Self.done,
            ],
            expected: [
                Self.out(Self.role), Self.out(#""content":"x""#), Self.end("stop", #","stop_reason":"END""#), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "Text behind the finish still comes before it", dialect: .openrouter,
            events: [Self.delta(#""content":"a""#), Self.finish("length"), Self.delta(#""content":"b""#), Self.done],
            expected: [
                Self.out(Self.role), Self.out(#""content":"a""#), Self.out(#""content":"b""#), Self.end("length"),
                Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "A refusal, and probabilities", dialect: .azure,
            events: [
                Self.delta(#""role":"assistant","content":"","refusal":null"#),
                Self.chunk(
                    #""delta":{"refusal":"No"},"logprobs":{"content":null,"refusal":[{"token":"No","logprob":-0.1}]},"finish_reason":null"#
                ),
                Self.finish("stop"), Self.done,
            ],
            expected: [
                Self.out(Self.role),
                #"{"index":0,"delta":{"refusal":"No"},"logprobs":{"content":null,"refusal":[{"token":"No","logprob":-0.1}]},"finish_reason":null}]}"#,
                Self.end("stop"), Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "A word that OpenAI has not is a stop, and stays to be read", dialect: .together,
            events: [Self.delta(#""content":"a""#), Self.finish("tired"), Self.done],
            expected: [
                Self.out(Self.role), Self.out(#""content":"a""#), Self.end("stop", #","native_finish_reason":"tired""#),
                Self.done,
            ]),
        OpenAIStreamSurprise(
            name: "A filtered answer without any text", dialect: .xai,
            events: [Self.finish("content_filter", #","usage":{"prompt_tokens":1,"completion_tokens":0}"#), Self.done],
            expected: [Self.out(Self.role), Self.end("content_filter"), Self.done]),
        OpenAIStreamSurprise(
            name: "The old completions, from chunks of both kinds", dialect: .groq, endpoint: .completions,
            events: [
                #"{"id":"c1","object":"text_completion","created":7,"model":"m","choices":[{"index":0,"text":"He","logprobs":{"tokens":["He"]},"finish_reason":null,"stop_reason":null}],"usage":null}"#,
                Self.delta(#""role":"assistant","reasoning":"Hm","content":"!""#),
                #"{"id":"c1","object":"text_completion","created":7,"model":"m","choices":[{"index":0,"text":"y","logprobs":null,"finish_reason":"length","stop_reason":null}],"usage":null}"#,
                #"{"id":"c1","object":"text_completion","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":2}}"#,
                Self.done,
            ],
            expected: [
                #"{"text":"He","index":0,"logprobs":{"tokens":["He"]},"finish_reason":null}]}"#,
                #"{"text":"!","index":0,"logprobs":null,"finish_reason":null}]}"#,
                #"{"text":"y","index":0,"logprobs":null,"finish_reason":null}]}"#,
                #"{"text":"","index":0,"logprobs":null,"finish_reason":"length"}]}"#, Self.done,
            ]),
    ]
}
