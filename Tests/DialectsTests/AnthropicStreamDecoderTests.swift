import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicStreamDecoder")
struct AnthropicStreamDecoderTests {
    private typealias F = AnthropicFixture

    private let reader = DialectReader()
    private let context = TranslationContext(
        endpoint: .chatCompletions, row: ProviderTable.row(.anthropic), provider: "claude", isStream: true)

    private func decode(_ events: [String]) throws(StreamFault) -> [ReplyEvent] {
        var decoder = AnthropicStreamDecoder(self.context)
        var decoded: [ReplyEvent] = []
        for event in events {
            let raw = Array(AnthropicFixture.event(event).utf8)
            try unsafe raw.withUnsafeBytesThrowing { raw throws(StreamFault) in
                unsafe try decoder.decode(raw, with: self.reader, into: &decoded)
            }
        }
        return decoded
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static let begin = ReplyEvent.begin(id: Self.bytes("msg_01"), model: Self.bytes("claude-x"), created: nil)
    private static let usage = ReplyEvent.usage(
        TokenUsage(input: 20, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7, output: 12), extras: [])

    private static func text(_ text: String) -> ReplyEvent { .text(choice: 0, Self.bytes(text)) }
    private static func finish(_ reason: FinishReason) -> ReplyEvent { .finish(choice: 0, ReplyFinish(reason)) }

    @Test("A text, its padding and pings; the end tells the output only, the beginning the prompt")
    func plain() throws {
        #expect(
            try self.decode(F.plain.events) == [
                Self.begin, Self.text("Hé\n😀"), Self.text(" [DONE] \"usage\":{"), Self.usage, Self.finish(.stop), .done,
            ])
    }

    @Test("Calls count by themselves, one without JSON has {}, and the provider's own tools do not surface")
    func tools() throws {
        func call(_ index: Int, _ name: String) -> ReplyEvent {
            .toolCall(choice: 0, index: index, id: Self.bytes("toolu_\(index + 1)"), name: Self.bytes(name))
        }
        func arguments(_ index: Int, _ json: String) -> ReplyEvent {
            .arguments(choice: 0, index: index, Self.bytes(json))
        }
        #expect(
            try self.decode(F.tools.events) == [
                Self.begin, Self.text("I look."), call(0, "weather"), arguments(0, #"{"city": "Pa"#),
                arguments(0, #"ris }"}"#), call(1, "now"), arguments(1, "{}"), call(2, "whole"),
                arguments(2, #"{"a":[1]}"#), Self.usage, Self.finish(.toolCalls), .done,
            ])
    }

    @Test("Thoughts keep their signature, redacted ones their data, texts their citations")
    func thinking() throws {
        #expect(
            try self.decode(F.thinking.events) == [
                Self.begin, .thinking(choice: 0, Self.bytes("Let me")), .thinking(choice: 0, Self.bytes(" see")),
                .signature(choice: 0, Self.bytes("c2ln")), .redactedThinking(choice: 0, Self.bytes("c2VjcmV0")),
                Self.text("So"),
                .citation(choice: 0, Self.bytes(#"{"type":"page_location","cited_text":"a\nb","n":1}"#)),
                .usage(
                    TokenUsage(input: 31, output: 5, reasoning: 7),
                    extras: [
                        RawMember(
                            key: Self.bytes("server_tool_use"), value: Self.bytes(#"{"web_search_requests":1}"#))
                    ]),
                Self.finish(.stop), .done,
            ])
    }

    @Test("A refusal tells why; compaction and what is unknown say nothing; a call that is cut off stays so")
    func others() throws {
        #expect(
            try self.decode(F.all[3].events).dropFirst() == [
                .usage(TokenUsage(input: 20, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7), extras: []),
                .refusal(choice: 0, Self.bytes("Not that.")), Self.finish(.contentFilter), .done,
            ])
        #expect(
            try self.decode(F.all[4].events) == [Self.begin, Self.text("Hi"), Self.usage, Self.finish(.stop), .done])
        #expect(
            try self.decode(F.all[5].events).suffix(4) == [
                .arguments(choice: 0, index: 0, Self.bytes(#"{"name": "ta"#)), Self.usage, Self.finish(.length), .done,
            ])
        #expect(
            try self.decode(F.all[6].events) == [
                Self.begin, Self.text("a"), Self.text("b"), Self.usage, Self.finish(.stop), .done,
            ])
    }

    @Test(
        "Reasons for stopping",
        arguments: [
            ("end_turn", ReplyFinish(.stop)), ("max_tokens", ReplyFinish(.length)),
            ("model_context_window_exceeded", ReplyFinish(.length)), ("tool_use", ReplyFinish(.toolCalls)),
            ("refusal", ReplyFinish(.contentFilter)),
            ("pause_turn", ReplyFinish(.stop, word: Array("pause_turn".utf8))),
            ("whim", ReplyFinish(.other, word: Array("whim".utf8))),
        ])
    func reasons(_ word: String, _ finish: ReplyFinish) throws {
        #expect(try self.decode([F.finish(word)]).last == .finish(choice: 0, finish))
        let stop =
            #"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"\n#"},"usage":{}}"#
        let sequence = ReplyFinish(.stop, stopSequence: Array("\n#".utf8))
        #expect(try self.decode([stop]) == [.finish(choice: 0, sequence)])
    }

    @Test("The tool that stands for JSON is the answer, and no call")
    func answer() throws {
        let name = AnthropicJSONTool.name.description
        let answer = [
            F.begin(0, #"{"type":"tool_use","id":"toolu_1","name":"\#(name)","input":{}}"#), F.json(0, ""),
            F.json(0, "{\\\"a\\\":"), F.json(0, "1}"), F.end(0),
        ]
        #expect(
            try self.decode(answer + [F.finish("tool_use", "{}")]) == [
                Self.text(#"{"a":"#), Self.text("1}"), Self.finish(.stop),
            ])
        let other = [F.begin(1, #"{"type":"tool_use","id":"t","name":"x","input":{}}"#), F.end(1)]
        #expect(try self.decode(answer + other + [F.finish("tool_use", "{}")]).last == Self.finish(.toolCalls))
        #expect(try self.decode([answer[0], F.end(0)]) == [Self.text("{}")])
    }

    @Test("Blocks may interleave")
    func interleaved() throws {
        let events = try self.decode([
            F.begin(4, #"{"type":"tool_use","id":"a","name":"x","input":{}}"#),
            F.begin(7, #"{"type":"tool_use","id":"b","name":"y","input":{}}"#), F.json(7, "{}"),
            F.json(4, "{\\\"q\\\":1}"),
            F.end(7), F.end(4), F.json(4, "lost"), F.end(9),
        ])
        #expect(
            events.dropFirst(2) == [
                .arguments(choice: 0, index: 1, Self.bytes("{}")),
                .arguments(choice: 0, index: 0, Self.bytes(#"{"q":1}"#)),
            ])
    }

    @Test("An error is one wherever it comes")
    func errors() throws {
        let events = try self.decode([
            F.start, #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        ])
        guard case .error(let error) = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(error.status == 529 && error.message == "Overloaded" && error.retry == .later)
        guard case .error? = try self.decode([#"{"error":{"message":"bad gateway"}}"#]).last else {
            Issue.record("no error")
            return
        }
        #expect(try self.decode(["[DONE] "]) == [.done])
    }

    @Test("Usage that stands at the beginning only is told at the end")
    func usageAtStart() throws {
        let events = try self.decode([F.start, #"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#, F.stop])
        #expect(
            events.suffix(2) == [
                .usage(TokenUsage(input: 20, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7, output: 1), extras: []),
                .done,
            ])
    }

    @Test(
        "What is none of Anthropic's events is a fault",
        arguments: [
            "7 ", "[] ", "{ ", #"{"choices":[]}"#, #"{"type":7}"#, #"{"type":"message_start"}}"#,
            "{\"type\":\"ping\u{1}\"}",
            #"{"type":"content_block_delta","delta":{"type":"text_delta","text":"\ud83d"}}"#,
            #"{"type":"content_block_delta","delta":{"type":"text_delta","text":"\x"}}"#,
        ])
    func faults(_ event: String) {
        #expect(throws: StreamFault.invalidResponse) { try self.decode([event]) }
    }

    @Test("Blocks that never end are bounded")
    func endless() {
        #expect(throws: StreamFault.invalidResponse) {
            try self.decode((0..<100).map { F.begin($0, #"{"type":"text","text":""}"#) })
        }
    }
}
