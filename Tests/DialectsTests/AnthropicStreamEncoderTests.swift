import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicStreamEncoder")
struct AnthropicStreamEncoderTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func encode(_ events: [ReplyEvent], usage: TokenUsage? = nil, isEstimated: Bool = false) -> [UInt8] {
        var context = TranslationContext(endpoint: .messages, row: ProviderTable.row(.groq), provider: "g")
        context.nonce = Self.bytes("n1")
        var encoder = AnthropicStreamEncoder(context)
        var output: [UInt8] = []
        for event in events { encoder.encode(event, into: &output) }
        encoder.end(usage: usage, isEstimated: isEstimated, into: &output)
        return output
    }

    private func read(_ events: [ReplyEvent], usage: TokenUsage? = nil) -> AnthropicOracle {
        let oracle = AnthropicOracle(stream: self.encode(events, usage: usage))
        #expect(oracle.isWellFormed)
        return oracle
    }

    private static func text(_ text: String) -> ReplyEvent { .text(choice: 0, Self.bytes(text)) }
    private static func call(_ index: Int, _ name: String) -> ReplyEvent {
        .toolCall(choice: 0, index: index, id: Self.bytes("call_\(index)"), name: Self.bytes(name))
    }
    private static func arguments(_ index: Int, _ json: String) -> ReplyEvent {
        .arguments(choice: 0, index: index, Self.bytes(json))
    }
    private static func finish(_ reason: FinishReason) -> ReplyEvent { .finish(choice: 0, ReplyFinish(reason)) }
    private static let begin = ReplyEvent.begin(id: Self.bytes("chatcmpl-1"), model: Self.bytes("m\"1"), created: 5)

    @Test("The bytes of a short stream")
    func golden() {
        let output = self.encode(
            [Self.begin, Self.text(""), Self.text("H\"i"), Self.finish(.stop)],
            usage: TokenUsage(input: 3, cacheRead: 4, output: 2, reasoning: 5))
        #expect(
            String(decoding: output, as: UTF8.self) == """
                event: message_start
                data: {"type":"message_start","message":{"id":"msg_n1","type":"message","role":"assistant","model":"m\\"1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"H\\"i"}}

                event: content_block_stop
                data: {"type":"content_block_stop","index":0}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":7,"output_tokens_details":{"thinking_tokens":5}}}

                event: message_stop
                data: {"type":"message_stop"}


                """)
    }

    @Test("Usage that is known early is told early, and an estimate is called one")
    func usage() throws {
        let prompt = TokenUsage(input: 3, cacheWrite: 1, cacheWriteHour: 2, output: 9)
        let output = self.encode([.usage(prompt, extras: []), Self.text("a")], usage: prompt, isEstimated: true)
        let events = StreamOracle.events(output).compactMap { StreamOracle.json($0) }
        let start = try #require(events.first?["message"]?["usage"])
        #expect(start["input_tokens"] == .integer(3) && start["output_tokens"] == .integer(0))
        let end = try #require(events.first { $0["usage"] != nil }?["usage"])
        #expect(end["cache_creation_input_tokens"] == .integer(3) && end["output_tokens"] == .integer(9))
        #expect(end["cache_creation"]?["ephemeral_1h_input_tokens"] == .integer(2))
        #expect(end["estimated"] == .bool(true))
        #expect(start["estimated"] == nil)
    }

    @Test("Parallel calls, one after the other and interleaved, become whole blocks")
    func calls() {
        let orders: [[ReplyEvent]] = [
            [
                Self.call(0, "a"), Self.arguments(0, #"{"x":"}"#), Self.arguments(0, #"\""}"#), Self.call(1, "b"),
                Self.arguments(1, "[1]"), Self.call(2, "c"),
            ],
            [
                Self.call(0, "a"), Self.call(1, "b"), Self.call(2, "c"), Self.arguments(1, "["),
                Self.arguments(0, #"{"x":"}\"""#), Self.arguments(1, "1]"), Self.arguments(0, "}"),
            ],
            [
                Self.call(0, "a"), Self.arguments(0, #"{"x":"#), Self.call(1, "b"), Self.arguments(1, " [1]"),
                Self.arguments(0, #""}\""}"#), Self.call(2, "c"), Self.arguments(2, "null"),
            ],
        ]
        for order in orders {
            let oracle = self.read([Self.begin, Self.text("t")] + order + [Self.finish(.stop)])
            #expect(oracle.text == Self.bytes("t"))
            #expect(oracle.stopReason == Self.bytes("tool_use"))
            #expect(oracle.calls.map(\.name) == [Self.bytes("a"), Self.bytes("b"), Self.bytes("c")])
            #expect(
                oracle.calls.map(\.id) == [Self.bytes("call_0"), Self.bytes("call_1"), Self.bytes("call_2")])
            let inputs = oracle.calls.map(\.input)
            #expect(inputs[0] == .object([.init(key: Self.bytes("x"), value: .string(Self.bytes("}\"")))]))
            guard case .object(let raw)? = inputs[1], let text = raw.first?.value.string else {
                Issue.record("\(inputs)")
                continue
            }
            #expect(raw.first?.key == Self.bytes("_raw") && text.suffix(3).elementsEqual("[1]".utf8))
            #expect(inputs[2] == .object([]))
        }
    }

    @Test("What follows a call is a block of its own, behind it")
    func textAfterCall() {
        let oracle = self.read([
            .thinking(choice: 0, Self.bytes("hm")), Self.text("one "), Self.call(0, "a"), Self.arguments(0, "{"),
            Self.text("two"), Self.text(" three"), Self.arguments(0, "}"), Self.finish(.toolCalls), Self.text("!"),
        ])
        #expect(oracle.text == Self.bytes("one two three!") && oracle.thinking == Self.bytes("hm"))
        #expect(oracle.calls.first?.input == .object([]))
    }

    @Test("A call streams as it comes where nothing is in its way")
    func streams() {
        var encoder = AnthropicStreamEncoder(
            TranslationContext(endpoint: .messages, row: ProviderTable.row(.groq), provider: "g"))
        var output: [UInt8] = []
        encoder.encode(Self.call(0, "a"), into: &output)
        for piece in ["{\"x\"", ":", "1}"] {
            let before = output.count
            encoder.encode(Self.arguments(0, piece), into: &output)
            #expect(output.count > before)
        }
        let before = output.count
        encoder.encode(Self.call(1, "b"), into: &output)
        encoder.encode(Self.arguments(1, "{"), into: &output)
        let text = String(decoding: output[before...], as: UTF8.self)
        #expect(text.contains("content_block_stop") && text.contains(#""partial_json":"{""#))
    }

    @Test("Thoughts, their seals, and what only the provider can read")
    func thinking() {
        let oracle = self.read([
            .thinking(choice: 0, Self.bytes("a")), .thinking(choice: 0, Self.bytes("b")),
            .signature(choice: 0, Self.bytes("s1")), .thinking(choice: 0, Self.bytes("c")),
            .redactedThinking(choice: 0, Self.bytes("r")), .signature(choice: 0, Self.bytes("s2")), Self.text("x"),
            .citation(choice: 0, Self.bytes(#"{"type":"n"}"#)),
        ])
        #expect(oracle.thinking == Self.bytes("abc") && oracle.redacted == [Self.bytes("r")])
        #expect(oracle.signatures == [Self.bytes("s1"), Self.bytes("s2")] && oracle.text == Self.bytes("x"))
        #expect(oracle.citations.count == 1)
    }

    @Test(
        "Why it stopped",
        arguments: [
            ([Self.text("a"), Self.finish(.stop)], "end_turn"), ([Self.text("a"), Self.finish(.length)], "max_tokens"),
            ([Self.text("a"), Self.finish(.contentFilter)], "refusal"),
            ([Self.call(0, "a"), Self.finish(.length)], "max_tokens"),
            ([Self.call(0, "a"), Self.finish(.stop)], "tool_use"), ([Self.call(0, "a")], "tool_use"),
            ([.refusal(choice: 0, Self.bytes("no")), Self.finish(.stop)], "refusal"),
            ([.finish(choice: 0, ReplyFinish(.stop, stopSequence: Self.bytes("#")))], "stop_sequence"),
            ([Self.finish(.other), Self.finish(.length)], "max_tokens"),
            ([Self.finish(.length), Self.finish(.stop)], "max_tokens"), ([], "end_turn"),
        ])
    func reasons(_ events: [ReplyEvent], _ word: String) {
        let oracle = self.read(events)
        #expect(oracle.stopReason == Self.bytes(word))
        #expect(oracle.stopSequence == (word == "stop_sequence" ? Self.bytes("#") : nil))
    }

    @Test("Only the first choice is told; a name that is missing is made")
    func names() {
        let oracle = self.read([
            .begin(id: Self.bytes("msg_9"), model: Self.bytes("m"), created: nil),
            .begin(id: Self.bytes("msg_8"), model: Self.bytes("n"), created: nil), .text(choice: 1, Self.bytes("no")),
            .toolCall(choice: 1, index: 0, id: [], name: Self.bytes("no")),
            .toolCall(choice: 0, index: 0, id: [], name: Self.bytes("yes")), .finish(choice: 1, ReplyFinish(.length)),
            .topExtra(RawMember(key: Self.bytes("k"), value: Self.bytes("1"))),
        ])
        #expect(oracle.id == Self.bytes("msg_9") && oracle.model == Self.bytes("m") && oracle.text.isEmpty)
        #expect(oracle.calls.map(\.id) == [Self.bytes("call_n1_0")] && oracle.stopReason == Self.bytes("tool_use"))
    }

    @Test("What waits for a call that never ends is bounded")
    func bound() {
        var queue = AnthropicBlockQueue(maximumWaitingBytes: 1124)
        var steps: [AnthropicBlockQueue.Step] = []
        queue.begin(.tool(call: 0, id: [], name: []), into: &steps)
        queue.addInput(Self.bytes("{"), call: 0, into: &steps)
        queue.add(.text(Array(repeating: 0x78, count: 60)), into: &steps)
        #expect(steps.count == 2)
        queue.add(.text(Array(repeating: 0x79, count: 60)), into: &steps)
        #expect(steps.dropFirst(2).first == .stop && steps.count == 6)
        // What comes for the call later is lost.
        queue.addInput(Self.bytes("}"), call: 0, into: &steps)
        queue.add(.text([0x7A]), into: &steps)
        queue.end(into: &steps)
        #expect(steps.suffix(2) == [.piece(.text([0x7A])), .stop] && steps.count == 8)
    }

    @Test("Whatever the order, the stream is well-formed and nothing is lost")
    func randomOrders() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<60 {
            var events: [ReplyEvent] = []
            var pieces: [[String]] = (0..<Int.random(in: 0...4, using: &random)).map { number in
                ["{\"k\(number)\"", ":[\"}", "\\\"{\",", "1]", "}"]
            }
            var text = ""
            for index in pieces.indices { events.append(Self.call(index, "f\(index)")) }
            var last = 0
            while pieces.contains(where: { !$0.isEmpty }) {
                let index = Int.random(in: pieces.indices, using: &random)
                if !pieces[index].isEmpty { events.append(Self.arguments(index, pieces[index].removeFirst())) }
                if Bool.random(using: &random) {
                    last += 1
                    text += "t\(last)"
                    events.append(Self.text("t\(last)"))
                }
            }
            let oracle = self.read(events + [Self.finish(.toolCalls)])
            #expect(oracle.text == Self.bytes(text))
            #expect(oracle.calls.allSatisfy { $0.input != nil && $0.raw.isEmpty })
            #expect(oracle.calls.map(\.name) == pieces.indices.map { Self.bytes("f\($0)") })
        }
    }
}
