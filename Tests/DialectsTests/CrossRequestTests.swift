import Domain
import JSON
import Testing

@testable import Dialects

/// Requests of one dialect's clients on their way to the other's providers.
@Suite("Requests across dialects")
struct CrossRequestTests {
    private let reader = DialectReader()

    private func translate(_ body: JSONValue, _ context: TranslationContext) throws -> TranslatedRequest {
        var writer = JSONWriter()
        writer.value(body)
        let bytes = writer.bytes
        return try unsafe bytes.withUnsafeBytes { buffer in
            try unsafe RequestTranslator.translate(buffer, capacity: buffer.count, context, reader: self.reader)
        }
    }

    private func text(_ body: String, _ context: TranslationContext) throws -> String {
        guard case .body(let bytes) = try self.translate(AnthropicDoor.tree(body), context) else { return "no body" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func context(_ endpoint: Endpoint, _ dialect: Dialect) -> TranslationContext {
        TranslationContext(
            endpoint: endpoint, row: ProviderTable.row(dialect), provider: "p", dropsUnsupported: true,
            fetchesImages: false, nonce: Array("n".utf8))
    }

    // MARK: Golden

    @Test("A chat with a tool loop, thoughts and an image becomes Anthropic's")
    func chatToAnthropic() throws {
        let body = #"""
            {"model":"claude-sonnet-4-5","messages":[
              {"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"And kind.","cache_control":{"type":"ephemeral"}}]},
              {"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD","detail":"low"}}]},
              {"role":"assistant","content":null,"thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"sig"}],
               "tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"x\":1}"}},{"id":"call_2","type":"function","function":{"name":"look","arguments":""}}]},
              {"role":"tool","tool_call_id":"call_2","content":"b"},{"role":"tool","tool_call_id":"call_1","content":"a"},
              {"role":"user","content":"So?"}],
             "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],
             "tool_choice":"auto","parallel_tool_calls":false,"max_completion_tokens":5000,"temperature":0.5,
             "reasoning_effort":"low","stop":"END","user":"u","stream":true,"stream_options":{"include_usage":true}}
            """#
        let expected = [
            #"{"model":"claude-sonnet-4-5","max_tokens":5000,"#,
            #""system":[{"type":"text","text":"Be brief."},{"type":"text","text":"And kind.","cache_control":{"type":"ephemeral"}}],"#,
            #""messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}]},"#,
            #"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"tool_use","id":"call_1","name":"look","input":{"x":1}},{"type":"tool_use","id":"call_2","name":"look","input":{}}]},"#,
            #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_2","content":"b"},{"type":"tool_result","tool_use_id":"call_1","content":"a"},{"type":"text","text":"So?"}]}],"#,
            #""tools":[{"name":"look","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"#,
            #""thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["END"],"metadata":{"user_id":"u"},"stream":true}"#,
        ]
        #expect(try self.text(body, self.context(.chatCompletions, .anthropic)) == expected.joined())
    }

    @Test("The arguments of a call are named as the client wrote them")
    func arguments() {
        let body = #"""
            {"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{x"}}]}]}
            """#
        let fault = AnthropicDoor.fault { _ = try self.text(body, self.context(.chatCompletions, .anthropic)) }
        #expect(fault?.hasPrefix("messages[1].tool_calls[1].function.arguments: ") == true, "\(fault ?? "none")")
    }

    @Test("An old completion becomes one question")
    func completion() throws {
        #expect(
            try self.text(
                #"{"model":"claude-3-5-haiku-latest","prompt":"Say hi","max_tokens":5}"#,
                self.context(.completions, .anthropic))
                == #"{"model":"claude-3-5-haiku-latest","max_tokens":5,"messages":[{"role":"user","content":"Say hi"}]}"#
        )
        let fault = AnthropicDoor.fault {
            _ = try self.text(#"{"model":"m","prompt":""}"#, self.context(.completions, .anthropic))
        }
        #expect(fault?.hasPrefix("prompt: ") == true, "\(fault ?? "none")")
    }

    @Test("Tokens are counted here for providers that count none, and by Anthropic for its own")
    func counts() throws {
        let body = try AnthropicDoor.tree(#"{"model":"m","messages":[{"role":"user","content":"1234"}]}"#)
        guard case .countHere(let bytes) = try self.translate(body, self.context(.countTokens, .groq)) else {
            Issue.record("not counted here")
            return
        }
        #expect(bytes == 20)
        guard case .exact = try self.translate(body, self.context(.countTokens, .anthropic)) else {
            Issue.record("not exact")
            return
        }
        guard case .exact = try self.translate(body, self.context(.messages, .anthropic)) else {
            Issue.record("not exact")
            return
        }
    }

    // MARK: Recordings

    /// What Anthropic demands of every request.
    private func check(_ body: [UInt8]) throws {
        let tree = try JSONReader().read(body, maximumBytes: 64 << 20)
        #expect((tree["max_tokens"]?.integer ?? 0) >= 1)
        var last: [UInt8] = []
        for message in try #require(tree["messages"]?.array) {
            let role = try #require(message["role"]?.string)
            #expect(role != last, "turns of one role are one message")
            last = role
            guard let blocks = message["content"]?.array else {
                #expect(message["content"]?.string?.isEmpty == false)
                continue
            }
            #expect(!blocks.isEmpty)
            var sawOther = false
            for block in blocks {
                let type = try #require(block["type"]?.string)
                let isResult = JSONName.equals(type, "tool_result")
                #expect(!isResult || !sawOther, "results come first")
                if !isResult { sawOther = true }
                if JSONName.equals(type, "text") { #expect(block["text"]?.string?.isEmpty == false) }
            }
        }
        if let budget = tree["thinking"]?["budget_tokens"]?.integer {
            #expect(budget < tree["max_tokens"]?.integer ?? 0)
        }
        // Anthropic's own door takes it, too.
        _ = try AnthropicRequestReader.read(tree, AnthropicDoor.context())
    }

    @Test(
        "Recorded chats can be asked of Anthropic",
        .withRecordings, arguments: Recording.chatRequests)
    func recordedChats(_ recording: Recording) throws {
        var members = recording.request
        if recording.request["model"] == nil, case .object(let rest) = recording.request {
            // Azure's deployments have it in the URL.
            members = .object(rest + [JSONValue.Member(key: "model".bytes, value: .string("m".bytes))])
        }
        guard case .body(let body) = try self.translate(members, self.context(.chatCompletions, .anthropic)) else {
            Issue.record("no body")
            return
        }
        try self.check(body)
    }

    @Test(
        "Recorded messages can be asked of every provider",
        .withRecordings, arguments: Recording.messageRequests)
    func recordedMessages(_ recording: Recording) throws {
        for dialect in Dialect.allCases where dialect != .anthropic {
            var context = self.context(.messages, dialect)
            context.fetchesImages = true
            switch try self.translate(recording.request, context) {
            case .body(let body):
                let tree = try JSONReader().read(body, maximumBytes: 64 << 20)
                #expect(tree["messages"]?.array?.isEmpty == false)
                #expect(tree["model"] == recording.request["model"])
            case .needsImages(let pending): #expect(!pending.urls.isEmpty)
            case .exact, .countHere: Issue.record("\(dialect.name) got no body")
            }
        }
    }
}
