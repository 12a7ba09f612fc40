import Dialects
import Domain
import JSON
import Testing

/// OpenAI's requests for providers of its family: spliced, byte for byte the same elsewhere.
@Suite("FamilyRequestEdit")
struct FamilyRequestEditTests {
    @Test("Mistral: what would be a 422 is stripped or renamed")
    func mistral() throws {
        let fixture = RequestFixture(to: .mistral)
        #expect(
            try fixture.chat(
                #""store":true,"max_completion_tokens":64 ,"user":"u","seed":7,"stream_options":{"include_usage":true}"#
            )
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":64 ,"random_seed":7}"#)
        #expect(
            try fixture.body(#"{ "store" : false , "model":"m","messages":[] }"#) == #"{ "model":"m","messages":[] }"#)
        #expect(try fixture.body(#"{"store":1}"#) == "{}")
        #expect(
            try fixture.chat(#""max_tokens":5,"max_completion_tokens":6"#)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":5}"#)
        #expect(
            try fixture.chat(#""max_tokens":null,"max_completion_tokens":6"#)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":6}"#)
        #expect(
            fixture.refusal(#"{"model":"m","messages":[],"logit_bias":{"1":2}}"#)
                == "400 unsupported_parameter logit_bias")
        let dropping = RequestFixture(to: .mistral, drops: true)
        #expect(
            try dropping.chat(#""logit_bias":{"1":2},"x":1"#)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"x":1}"#)
    }

    @Test("Mistral: names of calls have 9 letters and digits, the same for the call and its result")
    func callIDs() throws {
        let fixture = RequestFixture(to: .mistral)
        let body = try fixture.chat(
            "",
            messages:
                #"[{"role":"assistant","content":null,"tool_calls":[{"id":"call_0123456789","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"AbCdEf123","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_0123456789","name":"f","content":"1"},{"role":"tool","tool_call_id":"AbCdEf123","content":"2"}]"#
        )
        let messages = try #require(try RequestFixture.tree(body)["messages"]?.array)
        let calls = try #require(messages[0]["tool_calls"]?.array)
        let id = try #require(calls[0]["id"]?.string)
        #expect(id.count == 9)
        #expect(id.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) })
        #expect(messages[1]["tool_call_id"]?.string == id)
        #expect(calls[1]["id"]?.string == Array("AbCdEf123".utf8))
        #expect(messages[2]["tool_call_id"]?.string == Array("AbCdEf123".utf8))
        // A tool's name stays there, and only there.
        #expect(messages[1]["name"]?.string == Array("f".utf8))
    }

    @Test("Mistral: thoughts become a part of the content")
    func mistralThoughts() throws {
        let fixture = RequestFixture(to: .mistral)
        #expect(
            try fixture.chat(
                "", messages: #"[{"role":"assistant","content":"A\n","reasoning_content":"T\u00e9","refusal":null}]"#)
                == #"{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"T\u00e9"}]},{"type":"text","text":"A\n"}]}]}"#
        )
        #expect(
            try fixture.chat(
                "", messages: #"[{"reasoning_content":"T","role":"assistant","content":[{"type":"text","text":"A"}]}]"#)
                == #"{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"T"}]},{"type":"text","text":"A"}]}]}"#
        )
    }

    @Test("Groq: logprobs, logit_bias, names and more than one choice are refused by name")
    func groq() throws {
        let fixture = RequestFixture(to: .groq)
        for (members, param) in [
            (#""logprobs":true"#, "logprobs"), (#""top_logprobs":2"#, "top_logprobs"),
            (#""logit_bias":{"5":1}"#, "logit_bias"), (#""n":2"#, "n"),
        ] {
            #expect(
                fixture.refusal(#"{"model":"m","messages":[],\#(members)}"#) == "400 unsupported_parameter \(param)")
        }
        #expect(
            fixture.refusal(
                #"{"messages":[{"role":"system","content":""},{"role":"user","name":"bob","content":"x"}]}"#)
                == "400 unsupported_parameter messages[1].name")
        let message = fixture.message(#"{"n":2}"#)
        #expect(message.contains("'n' is not supported by provider 'p'"))
        #expect(message.contains("drop_unsupported: true"))
        // What asks for nothing is no reason to refuse.
        #expect(
            try fixture.body(#"{"n":1,"logprobs":false,"top_logprobs":0,"logit_bias":{},"model":"m","messages":[]}"#)
                == #"{"model":"m","messages":[]}"#)
        let dropping = RequestFixture(to: .groq, drops: true)
        #expect(
            try dropping.chat(#""n":3"#, messages: #"[{"name":"bob","role":"user","content":"x"}]"#)
                == #"{"model":"m","messages":[{"role":"user","content":"x"}]}"#)
    }

    @Test("What an SDK gives back of an answer that was nothing is left out")
    func emptyAnswerMembers() throws {
        #expect(
            try RequestFixture(to: .groq).chat(
                "",
                messages:
                    #"[{"content":"a","refusal":null,"role":"assistant","annotations":[],"audio":null,"function_call":null}]"#
            )
                == #"{"model":"m","messages":[{"content":"a","role":"assistant"}]}"#)
    }

    @Test("The role developer becomes system where that is not known")
    func developer() throws {
        let messages = #"[{"role": "developer", "content": "be kind"}]"#
        #expect(
            try RequestFixture(to: .groq).chat("", messages: messages)
                == #"{"model":"m","messages":[{"role": "system", "content": "be kind"}]}"#)
        for dialect in [Dialect.openai, .azure, .openrouter, .litellm] {
            guard case .exact = try RequestFixture(to: dialect).request(#"{"messages":\#(messages)}"#) else {
                Issue.record("\(dialect.name) was edited")
                continue
            }
        }
    }

    @Test("Thoughts are given back in each provider's own member, or not at all")
    func thoughts() throws {
        let messages =
            #"[{"role":"assistant","content":"a","reasoning_content":"t","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}]}]"#
        func sent(_ dialect: Dialect, _ given: String) throws -> String {
            let body = try RequestFixture(to: dialect).chat("", messages: given)
            return String(body.dropFirst(#"{"model":"m","messages":"#.count).dropLast())
        }
        #expect(try sent(.cerebras, messages) == #"[{"role":"assistant","content":"a","reasoning":"t"}]"#)
        #expect(try sent(.ollama, messages) == #"[{"role":"assistant","content":"a","reasoning":"t"}]"#)
        #expect(try sent(.deepseek, messages) == #"[{"role":"assistant","content":"a","reasoning_content":"t"}]"#)
        #expect(try sent(.together, messages) == #"[{"role":"assistant","content":"a"}]"#)
        #expect(try sent(.azure, messages) == #"[{"role":"assistant","content":"a"}]"#)
        #expect(try sent(.litellm, messages) == messages)
        let details =
            #"[{"role":"assistant","content":"a","reasoning":"t","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"s"}]}]"#
        #expect(try sent(.openrouter, details) == details)
        #expect(try sent(.deepseek, details) == #"[{"role":"assistant","content":"a","reasoning_content":"t"}]"#)
        let both = #"[{"role":"assistant","content":"a","reasoning":"t","reasoning_content":"t"}]"#
        #expect(try sent(.ollama, both) == #"[{"role":"assistant","content":"a","reasoning":"t"}]"#)
    }

    @Test("A tool's list of texts becomes a string where only that is taken")
    func toolContent() throws {
        let messages =
            #"[{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a\"b","cache_control":{"type":"ephemeral"}},{"type":"text","text":"c"}]}]"#
        #expect(
            try RequestFixture(to: .deepseek).chat("", messages: messages)
                == #"{"model":"m","messages":[{"role":"tool","tool_call_id":"c","content":"a\"b\nc"}]}"#)
        #expect(
            try RequestFixture(to: .vllm).chat("", messages: messages)
                == #"{"model":"m","messages":[{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a\"b"},{"type":"text","text":"c"}]}]}"#
        )
    }

    @Test("Cache marks go where they are not known, in messages, parts and tools")
    func cacheMarks() throws {
        let mark = #""cache_control":{"type":"ephemeral"}"#
        let messages = #"[{\#(mark),"role":"user","content":[{"type":"text",\#(mark),"text":"x"}]}]"#
        let tools = #""tools":[{"type":"function","function":{"name":"f"},\#(mark)}]"#
        #expect(
            try RequestFixture(to: .xai).chat(tools, messages: messages)
                == #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"type":"function","function":{"name":"f"}}]}"#
        )
        let kept = try RequestFixture(to: .openrouter).chat(tools, messages: messages)
        #expect(kept == #"{"model":"m","messages":\#(messages),\#(tools)}"#)
    }

    @Test("A schema is refused where the provider keeps to none, or becomes JSON")
    func schemas() throws {
        let format = #""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#
        #expect(
            RequestFixture(to: .deepseek).refusal("{\(format)}") == "400 unsupported_parameter response_format")
        #expect(
            try RequestFixture(to: .deepseek, drops: true).body("{\(format)}")
                == #"{"response_format":{"type":"json_object"}}"#)
        #expect(try RequestFixture(to: .groq).body("{\(format)}") == "{\(format)}")
    }

    @Test("Images by URL are refused for providers that fetch none, or fetched")
    func images() throws {
        let image = #"{"type":"image_url","image_url":{"detail":"low","url":"https:\/\/h/a.png"}}"#
        let data = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}"#
        let body =
            #"{"messages":[{"role":"user","content":[{"type":"text","text":"what"},\#(image),\#(data),\#(image)]}],"store":true}"#
        #expect(
            RequestFixture(to: .ollama).refusal(body) == "400 unsupported_parameter messages[0].content[1].image_url")
        // Leaving an image out would ask for something else.
        #expect(
            RequestFixture(to: .llamacpp, drops: true).refusal(body)
                == "400 unsupported_parameter messages[0].content[1].image_url")
        #expect(RequestFixture(to: .ollama).message(body).contains("fetch_images: true"))
        guard case .needsImages(let pending) = try RequestFixture(to: .ollama, fetches: true).request(body) else {
            Issue.record("no image was asked for")
            return
        }
        #expect(pending.urls == [Array("https://h/a.png".utf8)])
        let fetched = FetchedImage(mediaType: Array("image/png".utf8), bytes: [1, 2, 3, 4])
        let inlined = #"{"type":"image_url","image_url":{"detail":"low","url":"data:image/png;base64,AQIDBA=="}}"#
        #expect(
            String(decoding: try pending.body([fetched]), as: UTF8.self)
                == #"{"messages":[{"role":"user","content":[{"type":"text","text":"what"},\#(inlined),\#(data),\#(inlined)]}]}"#
        )
        #expect(throws: GatewayError.self) { try pending.body([]) }
        guard
            case .exact = try RequestFixture(to: .vllm).request(
                #"{"messages":[{"role":"user","content":[\#(image)]}]}"#)
        else {
            Issue.record("vLLM fetches images itself")
            return
        }
    }

    @Test("Requests that need nothing pass as they are")
    func exact() throws {
        let body = #"{ "model":"m", "messages":[{"role":"user","content":"\u0041"}], "new_thing": [1.50, {"a":null}] }"#
        for dialect in Dialect.allCases where dialect != .anthropic {
            guard case .exact = try RequestFixture(to: dialect).request(body) else {
                Issue.record("\(dialect.name) was edited")
                continue
            }
        }
    }

    @Test("Keys with escapes are the members they stand for")
    func escapedKeys() throws {
        #expect(try RequestFixture(to: .mistral).body(#"{"st\u006fre":true,"model":"m"}"#) == #"{"model":"m"}"#)
    }

    @Test("Embeddings: Mistral's own names")
    func embeddings() throws {
        #expect(
            try RequestFixture(.embeddings, to: .mistral).body(#"{"model":"m","input":"x","dimensions":8,"user":"u"}"#)
                == #"{"model":"m","input":"x","output_dimension":8}"#)
        guard case .exact = try RequestFixture(.embeddings, to: .vllm).request(#"{"input":"x","user":"u"}"#) else {
            Issue.record("an embedding was edited")
            return
        }
    }

    @Test("Perplexity has no tools")
    func perplexity() {
        #expect(
            RequestFixture(to: .perplexity).refusal(#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#)
                == "400 unsupported_parameter tools")
        #expect(RequestFixture(to: .perplexity).refusal(#"{"tools":[]}"#) == "none: {}")
    }

    @Test(
        "What is no JSON object is refused",
        arguments: ["", "[]", "{", #"{"a":1]"#, #"{"messages":[{]}"#, "{}{}", #"{"messages":[{"content":[}]}]}"#])
    func invalid(_ body: String) {
        #expect(RequestFixture(to: .mistral).refusal(body) == "400 invalid_json -")
    }

    @Test("Odd shapes are left for the provider to refuse")
    func oddShapes() throws {
        for body in [
            #"{"messages":1}"#, #"{"messages":[1,"x",null,[]]}"#, #"{"messages":[{"role":"tool","content":[1]}]}"#,
            #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":7}]}]}"#,
            #"{"messages":[{"role":"assistant","tool_calls":[3,{"id":4}],"content":{}}]}"#, #"{"tools":[1]}"#,
        ] {
            for dialect in [Dialect.mistral, .ollama, .groq, .deepseek] {
                #expect(try RequestFixture(to: dialect).body(body) == body)
            }
        }
    }
}
