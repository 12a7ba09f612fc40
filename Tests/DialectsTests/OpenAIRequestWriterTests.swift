import Domain
import JSON
import Testing

@testable import Dialects

/// Conversations, and Anthropic's requests, written for OpenAI's family.
@Suite("OpenAIRequestWriter")
struct OpenAIRequestWriterTests {
    /// An Anthropic request with these members goes out with that.
    private func sent(
        _ dialect: Dialect, _ members: String, messages: String = #"[{"role":"user","content":"hi"}]"#,
        drops: Bool = false
    ) throws -> String {
        try RequestFixture(.messages, to: dialect, drops: drops)
            .body(#"{"model":"m","max_tokens":9,"messages":\#(messages)\#(members.isEmpty ? "" : ",")\#(members)}"#)
    }

    /// The messages alone.
    private func messages(_ dialect: Dialect, _ messages: String, drops: Bool = false) throws -> String {
        let body = try self.sent(dialect, "", messages: messages, drops: drops)
        let limit =
            dialect == .openai || dialect == .azure || dialect == .cerebras
            ? #","max_completion_tokens":9}"# : #","max_tokens":9}"#
        #expect(body.hasPrefix(#"{"model":"m","messages":"#) && body.hasSuffix(limit))
        return String(body.dropFirst(#"{"model":"m","messages":"#.count).dropLast(limit.count))
    }

    @Test("The plainest request; each row's own member for the limit")
    func plain() throws {
        #expect(
            try self.sent(.openai, "")
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":9}"#)
        #expect(
            try self.sent(.vllm, #""system":"S""#)
                == #"{"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"hi"}],"max_tokens":9}"#
        )
    }

    @Test("A stream asks for its usage where it has to be asked")
    func streams() throws {
        #expect(
            try self.sent(.groq, #""stream":true"#).hasSuffix(
                #","stream":true,"stream_options":{"include_usage":true}}"#))
        #expect(try self.sent(.mistral, #""stream":true"#).hasSuffix(#","stream":true}"#))
        #expect(try self.sent(.perplexity, #""stream":true"#).hasSuffix(#","stream":true}"#))
    }

    @Test("Sampling, stop texts, user")
    func sampling() throws {
        #expect(
            try self.sent(
                .vllm, #""temperature":1.0,"top_p":0.25,"top_k":5,"stop_sequences":["a"],"metadata":{"user_id":"u"}"#)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":1,"top_p":0.25,"top_k":5,"max_tokens":9,"stop":["a"],"user":"u"}"#
        )
        #expect(
            RequestFixture(.messages, to: .openai)
                .refusal(#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"top_k":5}"#)
                == "400 unsupported_parameter top_k")
        #expect(try !self.sent(.openai, #""top_k":5"#, drops: true).contains("top_k"))
        // Mistral knows no user.
        #expect(try !self.sent(.mistral, #""metadata":{"user_id":"u"}"#).contains("user\":\"u"))
    }

    @Test("Tools and the choice among them")
    func tools() throws {
        let tools = #""tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}}}]"#
        let written =
            #""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}}]"#
        for (choice, word) in [
            (#"{"type":"auto"}"#, #""auto""#), (#"{"type":"any"}"#, #""required""#), (#"{"type":"none"}"#, #""none""#),
            (#"{"type":"tool","name":"f"}"#, #"{"type":"function","function":{"name":"f"}}"#),
        ] {
            #expect(
                try self.sent(.groq, #"\#(tools),"tool_choice":\#(choice)"#)
                    == #"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(written),"tool_choice":\#(word),"max_tokens":9}"#
            )
        }
        #expect(
            try self.sent(.openai, #"\#(tools),"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#)
                .contains(#""parallel_tool_calls":false"#))
        // A choice without tools would be an error.
        #expect(try !self.sent(.groq, #""tool_choice":{"type":"auto"}"#).contains("tool_choice"))
        let server = #""tools":[{"type":"web_search_20250305","name":"web_search"}]"#
        #expect(
            RequestFixture(.messages, to: .groq)
                .refusal(#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],\#(server)}"#)
                == "400 unsupported_parameter tools.0")
        #expect(try !self.sent(.groq, server, drops: true).contains("tools"))
    }

    @Test("Calls and results; results come before what the user says")
    func toolMessages() throws {
        let written = try self.messages(
            .groq,
            #"[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"let me see"},{"type":"tool_use","id":"t1","name":"f","input":{"a":[1]}},{"type":"tool_use","id":"t2","name":"g","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r1"},{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},{"type":"text","text":"and?"}]}]"#
        )
        #expect(
            written
                == #"[{"role":"user","content":"q"},{"role":"assistant","content":"let me see","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":[1]}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"r1"},{"role":"tool","tool_call_id":"t2","content":"Error:\nx\ny"},{"role":"user","content":"and?"}]"#
        )
    }

    @Test("A call alone has no content; Mistral's names of calls are short")
    func callsAlone() throws {
        let messages =
            #"[{"role":"assistant","content":[{"type":"tool_use","id":"toolu_01","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01"}]}]"#
        #expect(
            try self.messages(.openai, messages)
                == #"[{"role":"assistant","content":null,"tool_calls":[{"id":"toolu_01","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"toolu_01","content":""}]"#
        )
        let id = String(decoding: ToolCallID.fitted(Array("toolu_01".utf8), length: 9), as: UTF8.self)
        #expect(id.utf8.count == 9)
        let short = try self.messages(.mistral, messages)
        #expect(short.contains(#""id":"\#(id)""#) && short.contains(#""tool_call_id":"\#(id)""#))
        #expect(!short.contains("toolu_01"))
    }

    @Test("Images, and those in results, which move behind them")
    func images() throws {
        let image = #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAEC"}}"#
        let part = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAEC"}}"#
        #expect(
            try self.messages(.groq, #"[{"role":"user","content":[{"type":"text","text":"what"},\#(image)]}]"#)
                == #"[{"role":"user","content":[{"type":"text","text":"what"},\#(part)]}]"#)
        #expect(
            try self.messages(
                .groq,
                #"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"seen"},\#(image)]},{"type":"tool_result","tool_use_id":"t2","content":[\#(image)]},{"type":"text","text":"so?"}]}]"#
            )
                == #"[{"role":"tool","tool_call_id":"t1","content":"seen"},{"role":"tool","tool_call_id":"t2","content":"See the attachments in the next message."},{"role":"user","content":[{"type":"text","text":"Attachments of tool call t1:"},\#(part),{"type":"text","text":"Attachments of tool call t2:"},\#(part),{"type":"text","text":"so?"}]}]"#
        )
    }

    @Test("Images by URL: sent, refused, or fetched")
    func imageURLs() throws {
        let messages =
            #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"url","url":"https://h/i"}}]}]"#
        #expect(
            try self.messages(.groq, messages)
                == #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://h/i"}}]}]"#
        )
        let body = #"{"model":"m","max_tokens":9,"messages":\#(messages)}"#
        #expect(
            RequestFixture(.messages, to: .ollama, drops: true).refusal(body)
                == "400 unsupported_parameter messages.0.content.1")
        guard case .needsImages(let pending) = try RequestFixture(.messages, to: .ollama, fetches: true).request(body)
        else {
            Issue.record("no image was asked for")
            return
        }
        #expect(pending.urls == [Array("https://h/i".utf8)])
        let fetched = FetchedImage(mediaType: Array("image/gif".utf8), bytes: [0xFF])
        #expect(
            String(decoding: try pending.body([fetched]), as: UTF8.self)
                == #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/gif;base64,/w=="}}]}],"max_tokens":9}"#
        )
    }

    @Test("Documents: text everywhere, files where they are taken")
    func documents() throws {
        let text =
            #"[{"role":"user","content":[{"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"body"}}]}]"#
        #expect(
            try self.messages(.groq, text)
                == #"[{"role":"user","content":[{"type":"text","text":"T\nbody"}]}]"#)
        let cited = text.replacing(#""title":"T""#, with: #""title":"T","citations":{"enabled":true}"#)
        #expect(
            RequestFixture(.messages, to: .groq).refusal(#"{"model":"m","max_tokens":1,"messages":\#(cited)}"#)
                == "400 unsupported_parameter messages.0.content.0.citations")
        let file =
            #"[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"QQ=="}}]}]"#
        #expect(
            try self.messages(.openai, file)
                == #"[{"role":"user","content":[{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,QQ=="}}]}]"#
        )
        #expect(
            RequestFixture(.messages, to: .groq).refusal(#"{"model":"m","max_tokens":1,"messages":\#(file)}"#)
                == "400 unsupported_parameter messages.0.content.0")
    }

    @Test("Thoughts: left out, or in the provider's own words")
    func thoughts() throws {
        let messages =
            #"[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"QQ=="},{"type":"text","text":"a"}]}]"#
        #expect(try self.messages(.openai, messages) == #"[{"role":"assistant","content":"a"}]"#)
        #expect(
            try self.messages(.deepseek, messages)
                == #"[{"role":"assistant","content":"a","reasoning_content":"t"}]"#)
        #expect(try self.messages(.cerebras, messages) == #"[{"role":"assistant","content":"a","reasoning":"t"}]"#)
        #expect(
            try self.messages(.mistral, messages)
                == #"[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}]}]"#
        )
        #expect(
            try self.messages(.litellm, messages)
                == #"[{"role":"assistant","content":"a","reasoning_content":"t","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"QQ=="}]}]"#
        )
    }

    @Test("How much to think, in each provider's words")
    func reasoning() throws {
        func asked(_ dialect: Dialect, _ members: String) throws -> JSONValue {
            try RequestFixture.tree(try self.sent(dialect, members))
        }
        let budget = #""thinking":{"type":"enabled","budget_tokens":2048}"#
        #expect(try asked(.openai, budget)["reasoning_effort"]?.string == Array("medium".utf8))
        #expect(try asked(.openai, #""thinking":{"type":"disabled"}"#)["reasoning_effort"] == nil)
        #expect(
            try asked(.openai, #""thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#)[
                "reasoning_effort"]?
                .string == Array("high".utf8))
        #expect(try asked(.openrouter, budget)["reasoning"] == RequestFixture.tree(#"{"max_tokens":2048}"#))
        #expect(try asked(.deepseek, budget)["thinking"] == RequestFixture.tree(#"{"type":"enabled"}"#))
        #expect(
            try asked(.deepseek, #""thinking":{"type":"disabled"}"#)["thinking"]
                == RequestFixture.tree(#"{"type":"disabled"}"#))
    }

    @Test("Schemas: asked for, or JSON where that is all there is")
    func schemas() throws {
        let format =
            #""output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}}"#
        #expect(
            try self.sent(.openai, format).contains(
                #""response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object","additionalProperties":false},"strict":true}}"#
            ))
        #expect(
            RequestFixture(.messages, to: .deepseek)
                .refusal(#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],\#(format)}"#)
                == "400 unsupported_parameter output_config.format")
        #expect(try self.sent(.deepseek, format, drops: true).contains(#""response_format":{"type":"json_object"}"#))
    }

    @Test("Cache marks pass where they are understood")
    func cacheMarks() throws {
        let messages =
            #"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]"#
        #expect(
            try self.messages(.openrouter, messages)
                == #"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]"#
        )
        #expect(try self.messages(.groq, messages) == #"[{"role":"user","content":"a"}]"#)
    }

    @Test("What only Anthropic has is refused by its name, or left out")
    func extras() throws {
        func refusal(_ members: String) -> String {
            RequestFixture(.messages, to: .openai)
                .refusal(#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],\#(members)}"#)
        }
        #expect(refusal(#""container":"c""#) == "400 unsupported_parameter container")
        #expect(refusal(#""mcp_servers":[]"#).hasPrefix("none"))
        #expect(refusal(#""service_tier":"auto""#).hasPrefix("none"))
        let block =
            #"[{"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"text","text":"a"}]}]"#
        #expect(
            RequestFixture(.messages, to: .openai).refusal(#"{"model":"m","max_tokens":1,"messages":\#(block)}"#)
                == "400 unsupported_parameter messages.0.content.0")
        #expect(try self.messages(.openai, block, drops: true) == #"[{"role":"assistant","content":"a"}]"#)
    }

    @Test("The row's rules hold for what the gateway writes too")
    func rules() throws {
        let tools = #""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}"#
        #expect(
            RequestFixture(.messages, to: .perplexity)
                .refusal(#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],\#(tools)}"#)
                == "400 unsupported_parameter tools")
        #expect(
            try self.sent(.perplexity, tools, drops: true)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9}"#)
    }

    @Test("Old-style completions for a provider that has chats only")
    func completions() throws {
        #expect(
            try RequestFixture(.completions, to: .groq)
                .body(#"{"model":"m","prompt":"p","max_tokens":3,"stop":["x"],"stream":true,"seed":0,"logit_bias":{}}"#)
                == #"{"model":"m","messages":[{"role":"user","content":"p"}],"seed":0,"max_tokens":3,"stop":["x"],"stream":true,"stream_options":{"include_usage":true}}"#
        )
        #expect(
            RequestFixture(.completions, to: .groq).refusal(#"{"model":"m","prompt":"p","n":2}"#)
                == "400 unsupported_parameter n")
        guard case .exact = try RequestFixture(.completions, to: .vllm).request(#"{"prompt":[1,2]}"#) else {
            Issue.record("vLLM has completions of its own")
            return
        }
    }
}
