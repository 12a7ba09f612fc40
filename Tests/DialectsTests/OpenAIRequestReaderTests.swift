import Domain
import JSON
import Testing

@testable import Dialects

/// OpenAI's requests, read into the middle.
@Suite("OpenAIRequestReader")
struct OpenAIRequestReaderTests {
    private let context = RequestFixture(to: .anthropic).context

    private func read(_ members: String) throws -> Conversation {
        try OpenAIRequestReader.read(try RequestFixture.tree(#"{"model":"m",\#(members)}"#), self.context)
    }

    private func messages(_ messages: String) throws -> [Turn] {
        try self.read(#""messages":[\#(messages)]"#).turns
    }

    private func with(_ members: String) throws -> Conversation {
        try self.read(#""messages":[{"role":"user","content":"hi"}],\#(members)"#)
    }

    /// What is wrong, as `code param`.
    private func fault(_ members: String) throws -> String {
        let tree = try RequestFixture.tree("{\(members)}")
        do throws(GatewayError) {
            _ = try OpenAIRequestReader.read(tree, self.context)
            return "none"
        } catch {
            #expect(error.status == 400 && error.source == .client && error.type == "invalid_request_error")
            return "\(error.code) \(error.param ?? "-")"
        }
    }

    private func text(_ text: String, mark: CacheMark? = nil) -> Part {
        .text(TextPart(Array(text.utf8), cacheMark: mark))
    }

    // MARK: Messages

    @Test("Roles, strings and parts")
    func roles() throws {
        let turns = try self.messages(
            #"{"role":"system","content":"S"},{"role":"developer","content":[{"type":"text","text":"D"}],"name":"d"},{"role":"user","content":["old",{"type":"text","text":"new"}]},{"role":"assistant","content":"A"}"#
        )
        #expect(turns.map(\.role) == [.system, .system, .user, .assistant])
        #expect(turns[0].parts == [self.text("S")])
        #expect(turns[1] == Turn(.system, [self.text("D")], name: Array("d".utf8)))
        #expect(turns[2].parts == [self.text("old"), self.text("new")])
        #expect(turns[3].parts == [self.text("A")])
    }

    @Test("Images: data and web addresses")
    func images() throws {
        let turns = try self.messages(
            #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/PNG;charset=x;base64,AAEC","detail":"high"}},{"type":"image_url","image_url":{"url":"https://h/i.jpg"}},{"type":"image_url","image_url":"HTTP://h/x"}]}"#
        )
        #expect(
            turns[0].parts == [
                .image(
                    ImagePart(
                        .base64(mediaType: Array("image/png".utf8), data: Array("AAEC".utf8)),
                        detail: Array("high".utf8))), .image(ImagePart(.url(Array("https://h/i.jpg".utf8)))),
                .image(ImagePart(.url(Array("HTTP://h/x".utf8)))),
            ])
        for url in ["file:///etc/passwd", "data:image/png,abc", "data:;base64,AA", "data:image/png;base64,", ""] {
            #expect(
                try self.fault(
                    #""model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"\#(url)"}}]}]"#
                ) == "invalid_image_url messages[0].content[0].image_url.url")
        }
    }

    @Test("Files and sound")
    func files() throws {
        let turns = try self.messages(
            #"{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,QQ=="}},{"type":"file","file":{"file_id":"file-1"}},{"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}}]}"#
        )
        #expect(
            turns[0].parts == [
                .document(
                    DocumentPart(
                        .base64(mediaType: Array("application/pdf".utf8), data: Array("QQ==".utf8)),
                        title: Array("a.pdf".utf8))), .document(DocumentPart(.file(Array("file-1".utf8)))),
                .audio(AudioPart(data: Array("QQ==".utf8), format: Array("wav".utf8))),
            ])
    }

    @Test("All results of one answer's calls are one turn, before what the user says")
    func toolResults() throws {
        let turns = try self.messages(
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"2","function":{"name":"g"}}]},{"role":"tool","tool_call_id":"1","content":"r1"},{"role":"tool","tool_call_id":"2","content":[{"type":"text","text":"r2"}]},{"role":"user","content":"go on"},{"role":"tool","tool_call_id":"3","content":""}"#
        )
        #expect(
            turns[0].parts == [
                .toolCall(ToolCall(id: [0x31], name: Array("f".utf8), arguments: Array(#"{"a":1}"#.utf8))),
                .toolCall(ToolCall(id: [0x32], name: Array("g".utf8), arguments: [])),
            ])
        #expect(
            turns[1]
                == Turn(
                    .user,
                    [
                        .toolResult(ToolResult(id: [0x31], parts: [self.text("r1")])),
                        .toolResult(ToolResult(id: [0x32], parts: [self.text("r2")])),
                    ]))
        #expect(turns[2] == Turn(.user, [self.text("go on")]))
        #expect(turns[3] == Turn(.user, [.toolResult(ToolResult(id: [0x33], parts: []))]))
    }

    @Test("Calls and results in the old style find each other by name")
    func functionMessages() throws {
        let turns = try self.messages(
            #"{"role":"user","content":"u"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}"#
        )
        guard case .toolCall(let call) = turns[1].parts[0], case .toolResult(let result) = turns[2].parts[0] else {
            Issue.record("no call or no result")
            return
        }
        #expect(call.id == result.id)
        #expect(result.parts == [self.text("r")])
        #expect(
            try self.fault(#""model":"m","messages":[{"role":"function","name":"f","content":"r"}]"#)
                == "invalid_value messages[0].role")
    }

    @Test("Thoughts and refusals of an answer")
    func thoughts() throws {
        let blocks =
            #"[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"QQ=="}]"#
        let turns = try self.messages(
            #"{"role":"assistant","content":"a","thinking_blocks":\#(blocks),"reasoning_content":"t"},{"role":"assistant","content":"b","reasoning_content":"u"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"}],"refusal":null},{"role":"assistant","content":null,"refusal":"never"}"#
        )
        #expect(
            turns[0].parts == [
                .thinking(ThinkingPart(Array("t".utf8), signature: Array("s".utf8))),
                .redactedThinking(Array("QQ==".utf8)), self.text("a"),
            ])
        #expect(turns[1].parts == [.thinking(ThinkingPart(Array("u".utf8))), self.text("b")])
        #expect(turns[2].parts == [.refusal(Array("no".utf8))])
        #expect(turns[3].parts == [.refusal(Array("never".utf8))])
        let mistral = try self.messages(
            #"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}]}"#
        )
        #expect(mistral[0].parts == [.thinking(ThinkingPart(Array("t".utf8))), self.text("a")])
    }

    @Test("Cache marks of parts, messages, results and tools")
    func cacheMarks() throws {
        let mark = #""cache_control":{"type":"ephemeral"}"#
        let hour = #""cache_control":{"type":"ephemeral","ttl":"1h"}"#
        let conversation = try self.read(
            #""messages":[{"role":"system","content":"s",\#(hour)},{"role":"user","content":[{"type":"text","text":"a",\#(mark)},{"type":"text","text":"b"}]},{"role":"tool","tool_call_id":"1","content":"r",\#(mark)}],"tools":[{"type":"function","function":{"name":"f"},\#(mark)}]"#
        )
        #expect(conversation.turns[0].parts == [self.text("s", mark: .hour)])
        #expect(conversation.turns[1].parts == [self.text("a", mark: .usual), self.text("b")])
        #expect(
            conversation.turns[2].parts == [
                .toolResult(ToolResult(id: [0x31], parts: [self.text("r")], cacheMark: .usual))
            ])
        #expect(conversation.tools == [.function(.init(name: Array("f".utf8), cacheMark: .usual))])
        #expect(
            try self.fault(
                #""model":"m","messages":[{"role":"user","content":"x","cache_control":{"type":"ephemeral","ttl":"2h"}}]"#
            ) == "invalid_value messages[0].cache_control.ttl")
    }

    // MARK: Members

    @Test("Tools, and which of them may be called")
    func tools() throws {
        let tools =
            #""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"web_search"},{"type":"function","function":{"name":"g"}}]"#
        let conversation = try self.with(#"\#(tools),"tool_choice":"required","parallel_tool_calls":false"#)
        #expect(conversation.tools.count == 3)
        #expect(
            conversation.tools[0]
                == .function(
                    .init(
                        name: Array("f".utf8), description: Array("d".utf8),
                        parameters: try RequestFixture.tree(#"{"type":"object"}"#), isStrict: true)))
        #expect(conversation.tools[1] == .opaque(try RequestFixture.tree(#"{"type":"web_search"}"#)))
        #expect(conversation.toolChoice == .required)
        #expect(conversation.allowsParallelCalls == false)
        let named = try self.with(#"\#(tools),"tool_choice":{"type":"function","function":{"name":"g"}}"#)
        #expect(named.toolChoice == .named(Array("g".utf8)))
        let allowed = try self.with(
            #"\#(tools),"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}"#
        )
        #expect(allowed.toolChoice == .auto)
        #expect(allowed.tools == [.function(.init(name: Array("g".utf8)))])
        let old = try self.with(#""functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}"#)
        #expect(old.tools == [.function(.init(name: Array("f".utf8), parameters: .object([])))])
        #expect(old.toolChoice == .named(Array("f".utf8)))
    }

    @Test("Formats, sampling, bounds")
    func members() throws {
        let conversation = try self.with(
            #""temperature":1,"top_p":0.5,"top_k":40,"seed":3,"presence_penalty":0.1,"frequency_penalty":-0.1,"logprobs":true,"top_logprobs":2,"max_tokens":5,"max_completion_tokens":6,"stop":["a","b"],"n":2,"stream":true,"stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b"},"new":null,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":true}}"#
        )
        #expect(
            conversation.sampling
                == Sampling(
                    temperature: 1, topP: 0.5, topK: 40, seed: 3, presencePenalty: 0.1, frequencyPenalty: -0.1,
                    logprobs: true, topLogprobs: 2))
        #expect(conversation.maximumOutput == 6)
        #expect(conversation.stop == [Array("a".utf8), Array("b".utf8)])
        #expect(conversation.choices == 2)
        #expect(conversation.isStream && conversation.wantsUsage)
        #expect(conversation.user == Array("u".utf8))
        #expect(conversation.extras.map { String(decoding: $0.key, as: UTF8.self) } == ["metadata"])
        #expect(
            conversation.format
                == .schema(
                    name: Array("n".utf8), description: Array("d".utf8),
                    schema: try RequestFixture.tree(#"{"type":"object"}"#), isStrict: true))
        #expect(try self.with(#""stop":"x","max_tokens":64.0"#).stop == [Array("x".utf8)])
        #expect(try self.with(#""response_format":{"type":"json_object"}"#).format == .jsonObject)
    }

    @Test("How much to think, in both manners")
    func reasoning() throws {
        #expect(try self.with(#""n":1"#).reasoning == nil)
        #expect(
            try self.with(#""reasoning_effort":"high""#).reasoning == ReasoningRequest(effort: Array("high".utf8)))
        #expect(
            try self.with(#""thinking":{"type":"enabled","budget_tokens":2000}"#).reasoning
                == ReasoningRequest(amount: .budget(2000)))
        #expect(try self.with(#""thinking":{"type":"disabled"}"#).reasoning == ReasoningRequest(amount: .off))
        #expect(
            try self.with(#""thinking":{"type":"adaptive","display":"omitted"},"reasoning_effort":"max""#).reasoning
                == ReasoningRequest(amount: .adaptive, effort: Array("max".utf8), display: Array("omitted".utf8)))
    }

    @Test("How much to think, as OpenRouter's clients say it")
    func reasoningObject() throws {
        #expect(
            try self.with(#""reasoning":{"max_tokens":3000}"#).reasoning == ReasoningRequest(amount: .budget(3000)))
        #expect(
            try self.with(#""reasoning":{"effort":"low"}"#).reasoning == ReasoningRequest(effort: Array("low".utf8)))
        #expect(try self.with(#""reasoning":{"enabled":true}"#).reasoning == ReasoningRequest(amount: .adaptive))
        #expect(try self.with(#""reasoning":{"enabled":false}"#).reasoning == ReasoningRequest(amount: .off))
        #expect(try self.with(#""reasoning":{}"#).reasoning == nil)
        let turns = #""model":"m","messages":[{"role":"user","content":"x"}]"#
        #expect(
            try self.fault(#"\#(turns),"reasoning":{"effort":"a lot"}"#) == "invalid_value reasoning.effort")
    }

    // MARK: Faults

    @Test(
        "Faults name the member",
        arguments: [
            (#""messages":[]"#, "missing_required_parameter model"),
            (#""model":"m""#, "missing_required_parameter messages"),
            (#""model":"m","messages":[]"#, "empty_array messages"),
            (#""model":"m","messages":{}"#, "invalid_type messages"),
            (#""model":"m","messages":["x"]"#, "invalid_type messages[0]"),
            (#""model":"m","messages":[{"content":"x"}]"#, "missing_required_parameter messages[0].role"),
            (#""model":"m","messages":[{"role":"king","content":"x"}]"#, "invalid_value messages[0].role"),
            (#""model":"m","messages":[{"role":"user"}]"#, "missing_required_parameter messages[0].content"),
            (#""model":"m","messages":[{"role":"user","content":3}]"#, "invalid_type messages[0].content"),
            (#""model":"m","messages":[{"role":"user","content":[3]}]"#, "invalid_type messages[0].content[0]"),
            (
                #""model":"m","messages":[{"role":"user","content":[{"type":"video"}]}]"#,
                "invalid_value messages[0].content[0].type"
            ),
            (
                #""model":"m","messages":[{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://h"}}]}]"#,
                "invalid_value messages[0].content[0].type"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":[{"type":"text","text":5}]}]"#,
                "invalid_type messages[0].content[0].text"
            ),
            (
                #""model":"m","messages":[{"role":"tool","content":"x"}]"#,
                "missing_required_parameter messages[0].tool_call_id"
            ),
            (#""model":"m","messages":[{"role":"assistant"}]"#, "missing_required_parameter messages[0].content"),
            (
                #""model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":{}}}]}]"#,
                "invalid_type messages[0].tool_calls[0].function.arguments"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]"#,
                "missing_required_parameter tools[0].function"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"any""#,
                "invalid_value tool_choice"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot""#,
                "invalid_type temperature"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0"#,
                "integer_below_min_value max_tokens"
            ),
            (#""model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1.5"#, "invalid_type max_tokens"),
            (#""model":"m","messages":[{"role":"user","content":"x"}],"stop":[1]"#, "invalid_type stop[0]"),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"xml"}"#,
                "invalid_value response_format.type"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"reasoning_effort":"huge""#,
                "invalid_value reasoning_effort"
            ),
            (
                #""model":"m","messages":[{"role":"user","content":"x"}],"thinking":{"type":"deep"}"#,
                "invalid_value thinking.type"
            ),
        ])
    func faults(_ members: String, _ expected: String) throws {
        #expect(try self.fault(members) == expected)
    }

    @Test("Messages are OpenAI's, and no longer than they have to be")
    func words() {
        let fixture = RequestFixture(to: .anthropic)
        #expect(
            fixture.message(#"{"model":"m","messages":[{"role":"user","content":3}]}"#)
                == "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got an integer instead."
        )
        let long = String(repeating: "x", count: 5_000)
        #expect(fixture.message(#"{"model":"m","messages":[{"role":"\#(long)","content":"x"}]}"#).utf8.count < 400)
    }

    // MARK: The old shape

    @Test("An old-style prompt is what the user says")
    func completions() throws {
        let context = RequestFixture(.completions, to: .anthropic).context
        func read(_ members: String) throws -> Conversation {
            try CompletionRequestReader.read(try RequestFixture.tree(#"{"model":"m",\#(members)}"#), context)
        }
        let plain = try read(
            #""prompt":"p","max_tokens":7,"stop":"x","n":2,"suffix":null,"echo":false,"best_of":2,"logit_bias":{"1":2}"#
        )
        #expect(plain.turns == [Turn(.user, [self.text("p")])])
        #expect(plain.maximumOutput == 7 && plain.choices == 2 && plain.stop == [[0x78]])
        #expect(plain.extras.map { String(decoding: $0.key, as: UTF8.self) } == ["logit_bias"])
        #expect(try read(#""prompt":["p"]"#).turns == [Turn(.user, [self.text("p")])])
        let fixture = RequestFixture(.completions, to: .anthropic)
        for (members, param) in [
            (#""prompt":["a","b"]"#, "prompt"), (#""prompt":[1,2]"#, "prompt"),
            (#""prompt":"p","suffix":"s""#, "suffix"),
            (#""prompt":"p","echo":true"#, "echo"), (#""prompt":"p","best_of":2"#, "best_of"),
            (#""prompt":"p","logprobs":1"#, "logprobs"),
        ] {
            #expect(fixture.refusal(#"{"model":"m",\#(members)}"#) == "400 unsupported_parameter \(param)")
        }
        #expect(fixture.refusal(#"{"model":"m"}"#) == "400 missing_required_parameter prompt")
    }
}
