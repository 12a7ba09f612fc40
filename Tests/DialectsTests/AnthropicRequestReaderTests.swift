import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicRequestReader")
struct AnthropicRequestReaderTests {
    private static let head = #""model":"m","max_tokens":9"#

    @Test(
        "What is no request is refused in Anthropic's words, with the member's path",
        arguments: [
            ("[]", "body: body: Input should be a valid dictionary"), ("{}", "model: model: Field required"),
            (#"{"model":7}"#, "model: model: Input should be a valid string"),
            (#"{"model":"m","messages":[]}"#, "max_tokens: max_tokens: Field required"),
            (#"{"model":"m","max_tokens":null}"#, "max_tokens: max_tokens: Field required"),
            (#"{"model":"m","max_tokens":"9"}"#, "max_tokens: max_tokens: Input should be a valid integer"),
            (#"{"model":"m","max_tokens":1.5}"#, "max_tokens: max_tokens: Input should be a valid integer"),
            (
                #"{"model":"m","max_tokens":0}"#,
                "max_tokens: max_tokens: Input should be greater than or equal to 1"
            ),
            ("{\(head)}", "messages: messages: Field required"),
            (#"{\#(head),"messages":{}}"#, "messages: messages: Input should be a valid list"),
            (#"{\#(head),"messages":[]}"#, "messages: messages: at least one message is required"),
            (#"{\#(head),"messages":["x"]}"#, "messages.0: messages.0: Input should be a valid dictionary"),
            (#"{\#(head),"messages":[{"content":"x"}]}"#, "messages.0.role: messages.0.role: Field required"),
            (
                #"{\#(head),"messages":[{"role":"tool","content":"x"}]}"#,
                "messages.0.role: messages.0.role: Input should be 'user' or 'assistant'"
            ),
            (
                #"{\#(head),"messages":[{"role":"user"}]}"#,
                "messages.0.content: messages.0.content: Field required"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":7}]}"#,
                "messages.0.content: messages.0.content: Input should be a valid string"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":["x"]}]}"#,
                "messages.0.content.0: messages.0.content.0: Input should be a valid dictionary"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
                "messages.0.content.0.text: messages.0.content.0.text: Field required"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"x"}}]}]}"#,
                "messages.0.content.0.cache_control: messages.0.content.0.cache_control: Input tag 'x' found using 'type' does not match any of the expected tags: 'ephemeral'"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":[{"type":"image","source":{"type":"s3"}}]}]}"#,
                "messages.0.content.0.source: messages.0.content.0.source: Input tag 's3' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'"
            ),
            (
                #"{\#(head),"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":"{}"}]}]}"#,
                "messages.0.content.0.input: messages.0.content.0.input: Input should be a valid dictionary"
            ),
            (
                #"{\#(head),"system":[{"type":"image","source":{"type":"url","url":"x"}}],"messages":[{"role":"user","content":"x"}]}"#,
                "system.0.type: system.0.type: Input should be 'text'"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"tools":[{"name":"a"}]}"#,
                "tools.0.input_schema: tools.0.input_schema: Field required"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"required"}}"#,
                "tool_choice: tool_choice: Input tag 'required' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"temperature":1.5}"#,
                "temperature: temperature: range: 0..1"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"stop_sequences":["a",7]}"#,
                "stop_sequences.1: stop_sequences.1: Input should be a valid string"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"stream":"yes"}"#,
                "stream: stream: Input should be a valid boolean"
            ),
            (
                #"{\#(head),"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled"}}"#,
                "thinking.budget_tokens: thinking.budget_tokens: Field required"
            ),
        ])
    func faults(_ body: String, _ expected: String) {
        #expect(AnthropicDoor.fault { _ = try AnthropicDoor.read(body) } == expected)
    }

    @Test("A count of tokens needs no max_tokens")
    func countTokens() throws {
        let body = #"{"model":"m","messages":[{"role":"user","content":"x"}]}"#
        #expect(try AnthropicDoor.read(body, .countTokens).maximumOutput == nil)
    }

    @Test("All members find their place")
    func members() throws {
        let conversation = try AnthropicDoor.read(
            #"""
            {"model":"claude-x","max_tokens":64,"system":"Be brief.","temperature":0.5,"top_p":1,"top_k":3,
             "stop_sequences":["END"],"stream":true,"metadata":{"user_id":"u1","x":1},"service_tier":"standard_only",
             "thinking":{"type":"enabled","budget_tokens":2000,"display":"omitted"},
             "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}},"later":1},
             "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
             "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,
                       "cache_control":{"type":"ephemeral","ttl":"1h"},"defer_loading":true},
                      {"type":"web_search_20250305","name":"web_search"}],
             "messages":[{"role":"user","content":"Hi"}]}
            """#)
        #expect(conversation.model == "claude-x".bytes)
        #expect(conversation.turns == [Turn(.system, [.text("Be brief.")]), Turn(.user, [.text("Hi")])])
        #expect(conversation.sampling == Sampling(temperature: 0.5, topP: 1, topK: 3))
        #expect(conversation.maximumOutput == 64)
        #expect(conversation.stop == ["END".bytes])
        #expect(conversation.isStream)
        #expect(conversation.user == "u1".bytes)
        #expect(
            conversation.reasoning
                == ReasoningRequest(amount: .budget(2000), effort: "low".bytes, display: "omitted".bytes))
        let schema = try AnthropicDoor.tree(#"{"type":"object"}"#)
        #expect(
            conversation.format == .schema(name: "response".bytes, description: nil, schema: schema, isStrict: true))
        #expect(conversation.toolChoice == .named("f".bytes))
        #expect(conversation.allowsParallelCalls == false)
        #expect(
            conversation.tools == [
                .function(
                    ToolDefinition.Function(
                        name: "f".bytes, description: "d".bytes, parameters: schema, isStrict: true, cacheMark: .hour,
                        extras: [JSONValue.Member(key: "defer_loading".bytes, value: .bool(true))])),
                .opaque(try AnthropicDoor.tree(#"{"type":"web_search_20250305","name":"web_search"}"#)),
            ])
        #expect(
            conversation.extras == [
                JSONValue.Member(key: "service_tier".bytes, value: .string("standard_only".bytes)),
                JSONValue.Member(key: "output_config".bytes, value: try AnthropicDoor.tree(#"{"later":1}"#)),
                JSONValue.Member(key: "metadata".bytes, value: try AnthropicDoor.tree(#"{"x":1}"#)),
            ])
    }

    @Test("The older name of answer formats is understood")
    func outputFormat() throws {
        let conversation = try AnthropicDoor.read(
            #"{"model":"m","max_tokens":9,"output_format":{"type":"json_schema","schema":{}},"messages":[{"role":"user","content":"x"}]}"#
        )
        #expect(
            conversation.format
                == .schema(name: "response".bytes, description: nil, schema: .object([]), isStrict: true))
    }

    @Test(
        "Blocks become parts",
        arguments: [
            (#"{"type":"text","text":"a"}"#, .text("a")),
            (
                #"{"type":"text","text":"a","cache_control":{"type":"ephemeral"},"citations":[{"type":"char_location"}]}"#,
                .text(
                    TextPart(
                        "a".bytes, cacheMark: .usual,
                        citations: .array([
                            .object([
                                JSONValue.Member(key: "type".bytes, value: .string("char_location".bytes))
                            ])
                        ])))
            ),
            (
                #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}"#,
                .image(ImagePart(.base64(mediaType: "image/png".bytes, data: "QUJD".bytes)))
            ),
            (
                #"{"type":"image","source":{"type":"url","url":"https://a/b"}}"#,
                .image(ImagePart(.url("https://a/b".bytes)))
            ),
            (
                #"{"type":"image","source":{"type":"file","file_id":"f1"}}"#, .image(ImagePart(.file("f1".bytes)))
            ),
            (
                #"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"t","context":"c"}"#,
                .document(
                    DocumentPart(
                        .text("d".bytes), title: "t".bytes,
                        extras: [JSONValue.Member(key: "context".bytes, value: .string("c".bytes))]))
            ),
            (
                #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"QQ"}}"#,
                .document(DocumentPart(.base64(mediaType: "application/pdf".bytes, data: "QQ".bytes)))
            ),
            (#"{"type":"tool_use","id":"a","name":"f","input":{"x": 1}}"#, .call("a", "f", #"{"x":1}"#)),
            (#"{"type":"tool_result","tool_use_id":"a","content":"r"}"#, .result("a", "r")),
            (
                #"{"type":"tool_result","tool_use_id":"a","is_error":true}"#,
                .toolResult(ToolResult(id: "a".bytes, parts: [], isError: true))
            ),
            (
                #"{"type":"tool_result","tool_use_id":"a","content":[{"type":"image","source":{"type":"url","url":"u"}}]}"#,
                .toolResult(ToolResult(id: "a".bytes, parts: [.image(ImagePart(.url("u".bytes)))]))
            ),
            (
                #"{"type":"thinking","thinking":"t","signature":"s"}"#,
                .thinking(ThinkingPart("t".bytes, signature: "s".bytes))
            ),
            (#"{"type":"redacted_thinking","data":"x"}"#, .redactedThinking("x".bytes)),
        ] as [(String, Part)])
    func blocks(_ block: String, _ part: Part) throws {
        let body = #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[\#(block)]}]}"#
        #expect(try AnthropicDoor.read(body).turns == [Turn(.user, [part])])
    }

    @Test(
        "What only Anthropic knows stays whole",
        arguments: [
            #"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#,
            #"{"type":"web_search_tool_result","tool_use_id":"s","content":[]}"#,
            #"{"type":"search_result","source":"s","title":"t","content":[]}"#,
            #"{"type":"container_upload","file_id":"f"}"#, #"{"type":"later"}"#,
            #"{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"type":"url","url":"u"}}]}}"#,
        ])
    func opaque(_ block: String) throws {
        let body = #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[\#(block)]}]}"#
        #expect(try AnthropicDoor.read(body).turns == [Turn(.user, [.opaque(try AnthropicDoor.tree(block))])])
    }

    @Test("A document of blocks is text for others, and itself for Anthropic")
    func contentDocument() throws {
        let source = #"{"type":"content","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#
        let block = #"{"type":"document","source":\#(source)}"#
        let conversation = try AnthropicDoor.read(
            #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[\#(block)]}]}"#)
        guard case .document(let document)? = conversation.turns.first?.parts.first else {
            Issue.record("no document")
            return
        }
        #expect(document.source == .text("a\nb".bytes))
        #expect(
            try AnthropicDoor.write(conversation, AnthropicDoor.context())
                == #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":\#(source)}]}]}"#
        )
    }
}
