import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicRequestWriter")
struct AnthropicRequestWriterTests {
    private func write(_ turns: [Turn], _ model: String = "claude-sonnet-4-5") throws -> String {
        let body = try AnthropicDoor.write(Conversation(model: model.bytes, turns: turns, maximumOutput: 9))
        let head = #"{"model":"\#(model)","max_tokens":9,"#
        #expect(body.hasPrefix(head))
        return String(body.dropFirst(head.count).dropLast())
    }

    // MARK: Turns

    @Test("Instructions stand apart, as blocks, wherever they were")
    func system() throws {
        let marked = TextPart("b".bytes, cacheMark: .hour)
        #expect(
            try self.write([
                Turn(.system, [.text("a")]), Turn(.system, [.text(marked)]), Turn(.user, [.text("Hi")]),
                Turn(.system, [.text("c")]), Turn(.user, [.text("Ho")]),
            ])
                == #""system":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"c"}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"Ho"}]}]"#
        )
    }

    @Test("Newer models take instructions between question and answer in their place")
    func systemInPlace() throws {
        let turns = [
            Turn(.system, [.text("a")]), Turn(.user, [.text("Hi")]), Turn(.system, [.text("b")]),
        ]
        #expect(
            try self.write(turns, "claude-opus-4-8")
                == #""system":[{"type":"text","text":"a"}],"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"b"}]"#
        )
        #expect(
            try self.write(
                [Turn(.user, [.text("Hi")]), Turn(.system, [.text("b")]), Turn(.system, [.text("c")])],
                "claude-opus-5")
                == #""messages":[{"role":"user","content":"Hi"},{"role":"system","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]}]"#
        )
        #expect(
            try self.write(turns, "claude-opus-4-7")
                == #""system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"Hi"}]"#
        )
    }

    @Test("Turns of one role are one message, results of tools first")
    func merged() throws {
        #expect(
            try self.write([
                Turn(.user, [.text("a")]), Turn(.assistant, [.text("b"), .call("1", "f", "{}")]),
                Turn(.assistant, [.call("2", "g", #"{"x": [1.50]}"#)]), Turn(.user, [.text("c")]),
                Turn(.user, [.result("1", "r")]), Turn(.user, [.result("2", "s")]),
            ])
                == #""messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"1","name":"f","input":{}},{"type":"tool_use","id":"2","name":"g","input":{"x": [1.50]}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"},{"type":"tool_result","tool_use_id":"2","content":"s"},{"type":"text","text":"c"}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}},{"name":"g","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"none"}"#
        )
    }

    @Test("Texts of blanks, thoughts without a seal and messages of nothing are left out")
    func leftOut() throws {
        #expect(
            try self.write([
                Turn(.user, [.text(""), .text("a"), .text(" \n")]),
                Turn(.assistant, [.thinking(ThinkingPart("t".bytes)), .text("")]), Turn(.user, [.text("b")]),
            ])
                == #""messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]"#)
    }

    @Test("Signed thoughts come first, and stay where the model had put them first itself")
    func thoughts() throws {
        let thought = Part.thinking(ThinkingPart("t".bytes, signature: "s".bytes))
        let written = #"{"type":"thinking","thinking":"t","signature":"s"}"#
        #expect(
            try self.write([
                Turn(.user, [.text("q")]), Turn(.assistant, [.text("a"), thought, .redactedThinking("x".bytes)]),
            ])
                == #""messages":[{"role":"user","content":"q"},{"role":"assistant","content":[\#(written),{"type":"redacted_thinking","data":"x"},{"type":"text","text":"a"}]}]"#
        )
        #expect(
            try self.write([Turn(.user, [.text("q")]), Turn(.assistant, [thought, .text("a"), thought, .text("b")])])
                == #""messages":[{"role":"user","content":"q"},{"role":"assistant","content":[\#(written),{"type":"text","text":"a"},\#(written),{"type":"text","text":"b"}]}]"#
        )
    }

    @Test("A conversation of nothing is refused")
    func empty() {
        for turns in [[], [Turn(.system, [.text("a")])], [Turn(.user, [.text("")])]] {
            let fault = AnthropicDoor.fault { _ = try self.write(turns) }
            #expect(fault?.hasPrefix("messages: ") == true, "\(fault ?? "none")")
        }
    }

    // MARK: Blocks

    @Test(
        "Parts become blocks",
        arguments: [
            (
                Part.image(ImagePart(.url("https://a/b".bytes), detail: "high".bytes, cacheMark: .usual)),
                #"{"type":"image","source":{"type":"url","url":"https://a/b"},"cache_control":{"type":"ephemeral"}}"#
            ),
            (
                .image(ImagePart(.base64(mediaType: "image/png".bytes, data: "QQ".bytes))),
                #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QQ"}}"#
            ),
            (
                .document(
                    DocumentPart(.base64(mediaType: "application/pdf".bytes, data: "QQ".bytes), title: "t".bytes)),
                #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"QQ"},"title":"t"}"#
            ),
            (
                .document(DocumentPart(.base64(mediaType: "text/csv".bytes, data: "YSxiCg==".bytes))),
                #"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b\n"}}"#
            ),
            (
                .document(DocumentPart(.file("f1".bytes))),
                #"{"type":"document","source":{"type":"file","file_id":"f1"}}"#
            ),
            (.refusal("no".bytes), #"{"type":"text","text":"no"}"#),
            (.call("a.b:0", "f", " "), #"{"type":"tool_use","id":"a_b_0","name":"f","input":{}}"#),
            (
                .toolResult(
                    ToolResult(
                        id: "a:1".bytes, parts: [.text(""), .text("x"), .image(ImagePart(.url("u".bytes)))],
                        isError: true)),
                #"{"type":"tool_result","tool_use_id":"a_1","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"url","url":"u"}}],"is_error":true}"#
            ),
            (.toolResult(ToolResult(id: "a".bytes, parts: [])), #"{"type":"tool_result","tool_use_id":"a"}"#),
        ] as [(Part, String)])
    func blocks(_ part: Part, _ block: String) throws {
        let body = try self.write([Turn(.user, [part, .text("q")])])
        #expect(
            body.hasPrefix(#""messages":[{"role":"user","content":[\#(block),{"type":"text","text":"q"}]}]"#), "\(body)"
        )
    }

    @Test(
        "Arguments that are no JSON object are refused by name", arguments: ["{", "[]", "7", #""{}""#, "{} x", "null"])
    func arguments(_ arguments: String) {
        let fault = AnthropicDoor.fault {
            _ = try self.write([
                Turn(.user, [.text("q")]),
                Turn(.assistant, [.text("a"), .call("1", "f", "{}"), .call("2", "f", arguments)]),
            ])
        }
        #expect(fault?.hasPrefix("messages[1].tool_calls[1].function.arguments: ") == true, "\(fault ?? "none")")
    }

    @Test("Sound and blocks of other dialects are refused by name, or left out")
    func unsupportedParts() throws {
        let audio = Part.audio(AudioPart(data: "QQ".bytes, format: "wav".bytes))
        let turns = [Turn(.user, [.text("q")]), Turn(.user, [.text("a"), audio])]
        let fault = AnthropicDoor.fault { _ = try self.write(turns) }
        #expect(
            fault
                == "messages[1].content[1].input_audio: 'messages[1].content[1].input_audio' is not supported by provider 'claude'. `drop_unsupported: true` in the provider's configuration leaves it out."
        )
        let dropped = try AnthropicDoor.write(
            Conversation(model: "m".bytes, turns: turns), AnthropicDoor.context(.chatCompletions, drops: true))
        #expect(dropped.contains(#"{"type":"text","text":"q"},{"type":"text","text":"a"}]"#))
        #expect(!dropped.contains("audio"))
    }

    @Test("Paths count the messages that became one turn of results")
    func paths() {
        let audio = Part.audio(AudioPart(data: [], format: []))
        let turns = [
            Turn(.user, [.text("q")]), Turn(.assistant, [.call("1", "f", ""), .call("2", "f", "")]),
            Turn(.user, [.result("1", "r"), .toolResult(ToolResult(id: "2".bytes, parts: [.text("r"), audio]))]),
            Turn(.user, [.text("q"), audio]),
        ]
        let fault = AnthropicDoor.fault { _ = try self.write(turns) }
        #expect(fault?.hasPrefix("messages[3].content[1].input_audio: ") == true, "\(fault ?? "none")")
        let paths = RequestPath(Conversation(model: [], turns: turns), AnthropicDoor.context(.chatCompletions))
        #expect(paths.part(3, 1, of: turns[3].parts) == "messages[4].content[1].input_audio")
        #expect(paths.part(1, 1, of: turns[1].parts) == "messages[1].tool_calls[1]")
        let inside = RequestPath(Conversation(model: [], turns: turns), AnthropicDoor.context())
        #expect(
            inside.part(2, 1, of: turns[2].parts, inner: 1, of: [.text("r"), audio])
                == "messages.2.content.1.content.1")
        let prompt = RequestPath(Conversation(model: [], turns: turns), AnthropicDoor.context(.completions))
        #expect(prompt.part(0, 0, of: turns[0].parts) == "prompt")
    }

    // MARK: Tools and formats

    private func tools(_ change: (inout Conversation) -> Void, model: String = "claude-sonnet-4-5") throws -> String {
        var conversation = Conversation.question(model)
        conversation.maximumOutput = 9
        change(&conversation)
        let body = try AnthropicDoor.write(conversation)
        let head = #"{"model":"\#(model)","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]"#
        #expect(body.hasPrefix(head))
        return String(body.dropFirst(head.count).dropLast())
    }

    private static let function = ToolDefinition.function(ToolDefinition.Function(name: "f".bytes))
    private static let functionText = #"{"name":"f","input_schema":{"type":"object","properties":{}}}"#

    @Test(
        "Choices of tools",
        arguments: [
            (nil, nil, ""), (nil, true, ""), (.auto, nil, #","tool_choice":{"type":"auto"}"#),
            (nil, false, #","tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#),
            (ToolChoice.none, false, #","tool_choice":{"type":"none"}"#),
            (.required, false, #","tool_choice":{"type":"any","disable_parallel_tool_use":true}"#),
            (.named("f".bytes), nil, #","tool_choice":{"type":"tool","name":"f"}"#),
        ] as [(ToolChoice?, Bool?, String)])
    func choices(_ choice: ToolChoice?, _ parallel: Bool?, _ expected: String) throws {
        let written = try self.tools { conversation in
            conversation.tools = [Self.function]
            conversation.toolChoice = choice
            conversation.allowsParallelCalls = parallel
        }
        #expect(written == #","tools":[\#(Self.functionText)]\#(expected)"#)
    }

    @Test("A strict tool is closed for models that keep to it, and a plain one for others")
    func strict() throws {
        let schema = try AnthropicDoor.tree(#"{"properties":{"n":{"type":"integer","minimum":1}}}"#)
        let tool = ToolDefinition.function(
            ToolDefinition.Function(
                name: "f".bytes, description: "d".bytes, parameters: schema, isStrict: true, cacheMark: .usual))
        #expect(
            try self.tools { $0.tools = [tool] }
                == #","tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"n":{"type":"integer","description":"{\"minimum\":1}"}},"additionalProperties":false},"strict":true,"cache_control":{"type":"ephemeral"}}]"#
        )
        #expect(
            try self.tools({ $0.tools = [tool] }, model: "claude-sonnet-4-0")
                == #","tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"n":{"type":"integer","minimum":1}}},"cache_control":{"type":"ephemeral"}}]"#
        )
    }

    private static let schema = JSONValue.object([
        JSONValue.Member(key: "type".bytes, value: .string("object".bytes)),
        JSONValue.Member(key: "properties".bytes, value: .object([])),
    ])

    @Test("An answer format is the model's own, or a tool that has to be called")
    func formats() throws {
        let format = ResponseFormat.schema(name: "s".bytes, description: "d".bytes, schema: Self.schema, isStrict: true)
        #expect(
            try self.tools { $0.format = format }
                == #","output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}}"#
        )
        let tool =
            #"{"name":"sluice_json_answer","description":"Answer with this tool only: its input is the whole answer, as JSON. d","input_schema":{"type":"object","properties":{}}}"#
        let old = "claude-3-7-sonnet-20250219"
        #expect(
            try self.tools({ $0.format = format }, model: old)
                == #","tools":[\#(tool)],"tool_choice":{"type":"tool","name":"sluice_json_answer"}"#)
        #expect(
            try self.tools({ ($0.format, $0.tools) = (format, [Self.function]) }, model: old)
                == #","tools":[\#(Self.functionText),\#(tool)],"tool_choice":{"type":"any"}"#)
        #expect(
            try self.tools({ ($0.format, $0.tools, $0.toolChoice) = (format, [Self.function], .required) }, model: old)
                == #","tools":[\#(Self.functionText)],"tool_choice":{"type":"any"}"#)
        #expect(
            try self.tools { $0.format = .jsonObject }.contains(
                #""tool_choice":{"type":"tool","name":"sluice_json_answer"}"#))
        // Members of any name are no format of Anthropic's.
        let map = try AnthropicDoor.tree(#"{"type":"object","additionalProperties":{"type":"integer"}}"#)
        #expect(
            try self.tools { $0.format = .schema(name: "s".bytes, description: nil, schema: map, isStrict: nil) }
                .contains(#""input_schema":{"type":"object","additionalProperties":{"type":"integer"}}"#))
    }

    // MARK: What Anthropic cannot do

    private typealias Change = @Sendable (inout Conversation) -> Void

    private static let unsupportedMembers: [(String, Change)] = [
        ("n", { $0.choices = 2 }), ("seed", { $0.sampling.seed = 1 }),
        ("presence_penalty", { $0.sampling.presencePenalty = 0.5 }),
        ("frequency_penalty", { $0.sampling.frequencyPenalty = -0.5 }),
        ("logprobs", { $0.sampling.logprobs = true }), ("top_logprobs", { $0.sampling.topLogprobs = 2 }),
        ("stop", { $0.stop = ["\n".bytes] }), ("temperature", { $0.sampling.temperature = 1.5 }),
        ("logit_bias", { $0.extras = [.init(key: "logit_bias".bytes, value: Self.schema)] }),
        ("prediction", { $0.extras = [.init(key: "prediction".bytes, value: Self.schema)] }),
        ("modalities", { $0.extras = [.init(key: "modalities".bytes, value: .array([.string("audio".bytes)]))] }),
        ("web_search_options", { $0.extras = [.init(key: "web_search_options".bytes, value: .object([]))] }),
        ("service_tier", { $0.extras = [.init(key: "service_tier".bytes, value: .string("flex".bytes))] }),
        ("tools[0]", { $0.tools = [.opaque(Self.schema)] }),
        (
            "top_p",
            {
                $0.sampling.temperature = 0.5
                $0.sampling.topP = 0.5
            }
        ),
    ]

    @Test("What Anthropic cannot do is refused by name, or left out", arguments: Self.unsupportedMembers)
    private func unsupported(_ param: String, _ change: Change) throws {
        var conversation = Conversation.question()
        change(&conversation)
        let fault = AnthropicDoor.fault { _ = try AnthropicDoor.write(conversation) }
        #expect(
            fault?.hasPrefix("\(param): '\(param)' is not supported by provider 'claude'. ") == true,
            "\(fault ?? "none")")
        let dropped = try AnthropicDoor.write(conversation, AnthropicDoor.context(.chatCompletions, drops: true))
        let kept = ["temperature": #","temperature":1.0"#, "top_p": #","temperature":0.5"#][param] ?? ""
        #expect(
            dropped
                == #"{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"Hi"}]\#(kept)}"#
        )
    }

    @Test("What asks for nothing is never refused, and labels are left out")
    func nothing() throws {
        var conversation = Conversation.question()
        conversation.sampling = Sampling(presencePenalty: 0, frequencyPenalty: 0, logprobs: false, topLogprobs: 0)
        conversation.sampling.temperature = 0.5
        conversation.sampling.topP = 1
        conversation.extras = [
            .init(key: "store".bytes, value: .bool(false)), .init(key: "metadata".bytes, value: Self.schema),
            .init(key: "logit_bias".bytes, value: .object([])),
            .init(key: "service_tier".bytes, value: .string("auto".bytes)),
            .init(key: "modalities".bytes, value: .array([.string("text".bytes)])),
            .init(key: "safety_identifier".bytes, value: .string("u".bytes)),
            .init(key: "container".bytes, value: .string("c".bytes)),
        ]
        #expect(
            try AnthropicDoor.write(conversation)
                == #"{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"metadata":{"user_id":"u"},"container":"c"}"#
        )
    }

    @Test("Newer models take no sampling")
    func newerModels() throws {
        var conversation = Conversation.question("claude-opus-4-7")
        conversation.sampling = Sampling(temperature: 1, topP: 1)
        #expect(
            try AnthropicDoor.write(conversation)
                == #"{"model":"claude-opus-4-7","max_tokens":4096,"messages":[{"role":"user","content":"Hi"}]}"#)
        conversation.sampling.temperature = 0.7
        #expect(AnthropicDoor.fault { _ = try AnthropicDoor.write(conversation) }?.hasPrefix("temperature: ") == true)
    }

    @Test(
        "Users who are persons' addresses or numbers are not told",
        arguments: ["a@b.example", "+1 (555) 123-4567", "", String(repeating: "x", count: 257)])
    func personalUser(_ user: String) throws {
        var conversation = Conversation.question()
        conversation.user = user.bytes
        #expect(try !AnthropicDoor.write(conversation).contains("metadata"))
        conversation.user = "u-12".bytes
        #expect(try AnthropicDoor.write(conversation).contains(#""metadata":{"user_id":"u-12"}"#))
    }

    @Test("Anthropic's own words of a client of OpenAI's count")
    func ownOutput() throws {
        var conversation = Conversation.question("claude-opus-4-6")
        conversation.reasoning = ReasoningRequest(effort: "low".bytes)
        let output = try AnthropicDoor.tree(#"{"effort":"max","task_budget":{"type":"tokens","total":9}}"#)
        conversation.extras = [.init(key: "output_config".bytes, value: output)]
        #expect(
            try AnthropicDoor.write(conversation).contains(
                #""output_config":{"effort":"max","task_budget":{"type":"tokens","total":9}}"#))
    }

    @Test("The rest of a request")
    func rest() throws {
        var conversation = Conversation.question()
        conversation.stop = ["END".bytes, "\n\nHuman:".bytes]
        conversation.user = "u1".bytes
        conversation.isStream = true
        conversation.sampling = Sampling(temperature: 0.3, topK: 5)
        #expect(
            try AnthropicDoor.write(conversation, AnthropicDoor.context(.chatCompletions, maximumOutput: 777))
                == #"{"model":"claude-sonnet-4-5","max_tokens":777,"messages":[{"role":"user","content":"Hi"}],"temperature":0.3,"top_k":5,"stop_sequences":["END","\n\nHuman:"],"metadata":{"user_id":"u1"},"stream":true}"#
        )
    }
}
