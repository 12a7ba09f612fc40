import Domain
import JSON
import Testing

@testable import Dialects

@Suite("Anthropic's whole replies")
struct AnthropicReplyTests {
    private let reader = DialectReader()

    private func context(_ endpoint: Endpoint = .chatCompletions, _ dialect: Dialect = .anthropic) -> TranslationContext
    {
        var context = TranslationContext(endpoint: endpoint, row: ProviderTable.row(dialect), provider: "p")
        context.nonce = Array("n1".utf8)
        return context
    }

    private func read(_ body: String) throws(StreamFault) -> Reply {
        try ReplyTranslator.read(Array(body.utf8), self.context(), reader: self.reader)
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let message =
        #"{"model":"claude-x","id":"msg_01","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"text","text":"So","citations":[{"type":"page_location","cited_text":"x"}]},{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"q":1}},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1,2.5,"é"]}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"container":{"id":"c1"},"usage":{"input_tokens":2,"cache_creation_input_tokens":9,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":7},"output_tokens":12,"output_tokens_details":{"thinking_tokens":7},"service_tier":"standard"}}"#

    @Test("Every block has its part, and usage its classes")
    func message() throws {
        let reply = try self.read(Self.message)
        #expect(reply.id == Self.bytes("msg_01") && reply.model == Self.bytes("claude-x"))
        #expect(
            reply.usage
                == TokenUsage(input: 2, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7, output: 5, reasoning: 7))
        #expect(reply.usageExtras.map(\.key) == [Self.bytes("service_tier")])
        #expect(reply.extras.map(\.key) == [Self.bytes("container")])
        let choice = try #require(reply.choices.first)
        #expect(choice.finish == ReplyFinish(.toolCalls))
        #expect(choice.parts.count == 7)
        #expect(choice.parts[0] == .thinking(ThinkingPart(Self.bytes("hm"), signature: Self.bytes("sig"))))
        #expect(choice.parts[1] == .redactedThinking(Self.bytes("ZGF0YQ==")))
        guard case .text(let text) = choice.parts[2], case .opaque = choice.parts[3], case .opaque = choice.parts[4]
        else {
            Issue.record("\(choice.parts)")
            return
        }
        #expect(text.text == Self.bytes("So") && text.citations?.array?.count == 1)
        #expect(
            choice.parts[5]
                == .toolCall(
                    ToolCall(
                        id: Self.bytes("toolu_1"), name: Self.bytes("f"), arguments: Self.bytes(#"{"a":[1,2.5,"é"]}"#)))
        )
        #expect(
            choice.parts[6]
                == .toolCall(ToolCall(id: Self.bytes("toolu_2"), name: Self.bytes("g"), arguments: Self.bytes("{}"))))
    }

    @Test("The tool that stands for JSON is the answer")
    func answer() throws {
        let name = AnthropicJSONTool.name.description
        let reply = try self.read(
            #"{"content":[{"type":"tool_use","id":"t","name":"\#(name)","input":{"a":1}}],"stop_reason":"tool_use"}"#)
        #expect(reply.choices.first?.parts == [.text(TextPart(Self.bytes(#"{"a":1}"#)))])
        #expect(reply.choices.first?.finish == ReplyFinish(.stop))
        #expect(reply.usage == nil && reply.id.isEmpty)
    }

    @Test("A refusal without content tells why")
    func refusal() throws {
        let reply = try self.read(
            #"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"Not that."}}"#)
        #expect(reply.choices.first?.parts == [.refusal(Self.bytes("Not that."))])
        #expect(reply.choices.first?.finish == ReplyFinish(.contentFilter))
        let stopped = try self.read(#"{"content":[],"stop_reason":"stop_sequence","stop_sequence":"42"}"#)
        #expect(stopped.choices.first?.finish == ReplyFinish(.stop, stopSequence: Self.bytes("42")))
    }

    @Test("An error is one, and what is no message is none")
    func faults() {
        let error = #"{"type":"error","error":{"type":"rate_limit_error","message":"Slow"},"request_id":"r"}"#
        do throws(StreamFault) {
            _ = try self.read(error)
            Issue.record("no error")
        } catch {
            guard case .provider(let error) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.status == 429 && error.message == "Slow")
        }
        for body in ["", "[]", "{}", "7", #"{"content":"x"}"#, #"{"content":[}"#, #"{"choices":[]}"#] {
            #expect(throws: StreamFault.invalidResponse) { try self.read(body) }
        }
    }

    @Test("A reply of another dialect becomes a message")
    func write() throws {
        let choice = ReplyChoice(
            parts: [
                .thinking(ThinkingPart(Self.bytes("hm"))), .text(TextPart(Self.bytes("So"))), .text(TextPart([])),
                .toolCall(ToolCall(id: [], name: Self.bytes("f"), arguments: Self.bytes(#"{"a": 1e400}"#))),
                .toolCall(ToolCall(id: Self.bytes("c"), name: Self.bytes("g"), arguments: Self.bytes(" "))),
                .toolCall(ToolCall(id: Self.bytes("d"), name: Self.bytes("h"), arguments: Self.bytes(#"{"a": 1}"#))),
            ], finish: ReplyFinish(.stop))
        let other = ReplyChoice(index: 1, parts: [.text(TextPart(Self.bytes("no")))])
        let reply = Reply(id: Self.bytes("chatcmpl-1"), model: Self.bytes("m"), choices: [other, choice])
        let body = ReplyTranslator.write(
            reply, usage: TokenUsage(input: 3, output: 2), isEstimated: true, self.context(.messages, .groq))
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"id":"msg_n1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"So"},{"type":"tool_use","id":"call_n1_0","name":"f","input":{"_raw":"{\"a\": 1e400}"}},{"type":"tool_use","id":"c","name":"g","input":{}},{"type":"tool_use","id":"d","name":"h","input":{"a": 1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2,"estimated":true}}"#
        )
    }

    @Test("A message that was read and written says the same")
    func roundTrip() throws {
        let reply = try self.read(Self.message)
        let body = ReplyTranslator.write(reply, usage: nil, isEstimated: false, self.context(.messages))
        let parser = JSONReader()
        var before = AnthropicOracle(
            message: try parser.read(Self.bytes(Self.message), maximumBytes: 1 << 20))
        before.citations = before.citations.map { $0 }
        #expect(AnthropicOracle(message: try parser.read(body, maximumBytes: 1 << 20)) == before)
    }

    @Test("What passes is watched for usage, reason and errors")
    func unary() {
        func read(_ body: String) -> UnaryReply? {
            AnthropicUnaryReader.readReply(Array(body.utf8), reader: self.reader)
        }
        let usage = TokenUsage(input: 2, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7, output: 5, reasoning: 7)
        #expect(
            read(Self.message)
                == UnaryReply(usage: usage, terms: UsageTerms(service: .standard), hasError: false, finish: .toolCalls))
        #expect(read(#"{"input_tokens":588}"#) == UnaryReply(usage: nil, hasError: false))
        #expect(read(#"{"type":"error","error":{"type":"x"}}"#)?.hasError == true)
        #expect(read(#"{"error":null,"stop_reason":null}"#) == UnaryReply(usage: nil, hasError: false))
        for body in ["", "[]", "{", "{}x", "null"] { #expect(read(body) == nil) }
    }

    @Test(
        "Counts that are none are ignored, and no token counts twice",
        arguments: [
            (#"{"input_tokens":1,"output_tokens":2}"#, TokenUsage(input: 1, output: 2)),
            (#"{"input_tokens":-1,"output_tokens":2.5}"#, nil), ("[]", nil), ("{}", nil),
            (#"{"output_tokens":2,"output_tokens_details":{"thinking_tokens":9}}"#, TokenUsage(reasoning: 2)),
            (
                #"{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4}}"#,
                TokenUsage(input: 1, cacheWrite: 3, cacheWriteHour: 4)
            ),
            (
                #"{"input_tokens":1,"cache_creation_input_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":4}}"#,
                TokenUsage(input: 1, cacheWriteHour: 2)
            ),
            (
                #"{"input_tokens":9223372036854775807,"output_tokens":9223372036854775808,"cache_creation":7,"output_tokens_details":null}"#,
                TokenUsage(input: 1 << 53)
            ),
        ] as [(String, TokenUsage?)])
    func usage(_ object: String, _ expected: TokenUsage?) throws {
        let body = Array(#"{"usage":\#(object)}"#.utf8)
        #expect(AnthropicUnaryReader.readReply(body, reader: self.reader)?.usage == expected)
        // A number beyond 64 bits is no integer for a tree either.
        guard let tree = try? JSONReader().read(body, maximumBytes: 1 << 16) else { return }
        var usage = AnthropicUsage()
        _ = usage.read(tree["usage"])
        #expect(usage.classes == expected)
    }
}
