import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct EventTailTests {
    private static let member = Array(#""x":1"#.utf8)
    private static let chunk = "data: {\"own\":1}\n\n"

    private static func run(_ pieces: [[UInt8]], _ door: StreamEvent.Door = .openAI) -> (passed: String, end: String) {
        var tail = EventTail(at: door)
        let passed = pieces.flatMap { tail.feed(ByteBuffer(bytes: $0)) }
        let end = tail.finish(Self.member, or: Array(Self.chunk.utf8))
        return (Self.text(passed), Self.text(end))
    }

    private static func text(_ pieces: [ByteBuffer]) -> String { pieces.map { String(buffer: $0) }.joined() }

    struct Case: CustomTestStringConvertible {
        var name: String
        var stream: String
        var extended: String
        var door = StreamEvent.Door.openAI
        var testDescription: String { self.name }
    }

    private static let content =
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}}]}\n\n"
    private static func stop(_ more: String = "") -> String {
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]\(more)}\n\n"
    }
    private static func usage(_ more: String = "") -> String {
        "data: {\"choices\": [ ] ,\"usage\" : {\"prompt_tokens\":1}\(more)}\n\n"
    }
    private static let done = "data: [DONE]\n\n"
    private static let x = ",\"x\":1"
    private static func messageStop(_ more: String = "") -> String {
        "event: message_stop\ndata: {\"type\":\"message_stop\"\(more)}\n\n"
    }
    private static let delta = "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{}}\n\n"

    static let cases = [
        Case(
            name: "the chunk with the finish reason", stream: content + content + stop() + done,
            extended: content + content + stop(x) + done),
        Case(
            name: "the chunk with the usage", stream: content + stop() + usage() + done,
            extended: content + stop() + usage(x) + done),
        Case(
            name: "several choices", stream: stop() + content + stop() + stop() + done,
            extended: stop() + content + stop() + stop(x) + done),
        Case(
            name: "comments stay, before it", stream: ": a\n\n" + stop() + ": b\n\n\n" + done,
            extended: ": a\n\n" + ": b\n\n\n" + stop(x) + done),
        Case(name: "no chunk that could take it", stream: content + done, extended: content + chunk + done),
        Case(name: "nothing at all", stream: done, extended: chunk + done),
        Case(name: "without a mark", stream: content + stop(), extended: content + stop(x)),
        Case(
            name: "something behind the mark", stream: stop() + done + ": x\n\n", extended: stop(x) + done + ": x\n\n"),
        Case(
            name: "lines end with CR LF",
            stream: (content + stop() + done).replacing("\n", with: "\r\n"),
            extended: (content + stop(x) + done).replacing("\n", with: "\r\n")),
        Case(
            name: "no space behind the colon", stream: "data:{\"finish_reason\":\"stop\"}\n\ndata:[DONE]\n\n",
            extended: "data:{\"finish_reason\":\"stop\",\"x\":1}\n\ndata:[DONE]\n\n"),
        Case(name: "the end of a stream that breaks off", stream: content + "data: {", extended: content + "data: {"),
        Case(
            name: "a null reason", stream: "data: {\"finish_reason\":null}\n\n" + done,
            extended: "data: {\"finish_reason\":null}\n\n" + chunk + done),
        Case(
            name: "usage beside choices", stream: "data: {\"choices\":[{}],\"usage\":{}}\n\n" + done,
            extended: "data: {\"choices\":[{}],\"usage\":{}}\n\n" + chunk + done),
        Case(
            name: "Anthropic's end", stream: delta + messageStop(), extended: delta + messageStop(x), door: .anthropic),
        Case(name: "Anthropic's without an end", stream: delta, extended: delta, door: .anthropic),
        Case(
            name: "a name only", stream: "event: message_stop\n\n", extended: "event: message_stop\n\n",
            door: .anthropic),
        Case(
            name: "something behind Anthropic's end", stream: messageStop() + "\n: x\n\n",
            extended: messageStop(x) + "\n: x\n\n", door: .anthropic),
    ]

    @Test(arguments: cases) func atEverySplit(one: Case) {
        let bytes = Array(one.stream.utf8)
        for first in 0...bytes.count {
            for second in Set([
                first, (first + bytes.count) / 2, min(first + 1, bytes.count), min(first + 2, bytes.count),
            ]) {
                let pieces = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                let (passed, end) = Self.run(pieces, one.door)
                #expect(passed + end == one.extended, "\(first) \(second)")
            }
        }
        let (passed, end) = Self.run(bytes.map { [$0] }, one.door)
        #expect(passed + end == one.extended)
    }

    @Test func contentGoesOnAtOnceAndTheEndIsHeld() {
        var tail = EventTail(at: .openAI)
        let first = ByteBuffer(string: Self.content + Self.content)
        #expect(tail.feed(first) == [first])
        #expect(tail.feed(ByteBuffer(string: Self.stop())) == [])
        #expect(Self.text(tail.feed(ByteBuffer(string: Self.usage() + "data: "))) == Self.stop())
        #expect(tail.feed(ByteBuffer(string: "[DONE]\n\n")) == [])
        #expect(Self.text(tail.finish(Self.member, or: [])) == Self.usage(Self.x) + Self.done)
    }

    @Test func whatWasHeldOfAFailedStreamGoesOutButNoEnd() {
        func left(_ text: String, _ door: StreamEvent.Door = .openAI) -> String {
            var tail = EventTail(at: door)
            let passed = Self.text(tail.feed(ByteBuffer(string: text)))
            return passed + Self.text(tail.abandon())
        }
        #expect(left(Self.content + Self.stop()) == Self.content + Self.stop())
        #expect(left(Self.stop() + Self.done) == Self.stop())
        #expect(left(Self.content + "data: {\"a") == Self.content + "data: {\"a")
        #expect(left(Self.delta + Self.messageStop(), .anthropic) == Self.delta)
    }

    @Test func nothingGrowsWithoutABound() {
        let long = Self.content.replacing("stop", with: String(repeating: "y", count: EventTail.longestEvent))
        for size in [1000, EventTail.longestEvent, 3 * EventTail.longestEvent] {
            let stream = Array((Self.content + long + Self.stop() + Self.done).utf8)
            var tail = EventTail(at: .openAI)
            var passed = ""
            for start in stride(from: 0, to: stream.count, by: size) {
                passed += Self.text(tail.feed(ByteBuffer(bytes: stream[start..<min(start + size, stream.count)])))
            }
            #expect(
                passed + Self.text(tail.finish(Self.member, or: []))
                    == Self.content + long + Self.stop(Self.x) + Self.done)
        }
        // One without any end, and one that goes on behind its own.
        let endless = [UInt8](repeating: 0x61, count: 5 * EventTail.longestEvent)
        #expect(Self.run([endless]).passed.utf8.count == endless.count)
        #expect(Self.run([endless]).end.isEmpty)
        let behind = Array((Self.stop() + Self.done).utf8) + endless.prefix(EventTail.longestRest + 1)
        #expect(Self.run([behind]).passed.utf8.count == behind.count && Self.run([behind]).end.isEmpty)
    }
}
