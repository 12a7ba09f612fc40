import Domain
import JSON
import Testing

@testable import Dialects

@Suite("AnthropicStreamFilter")
struct AnthropicStreamFilterTests {
    private typealias F = AnthropicFixture

    struct Outcome: Equatable {
        var output: [UInt8] = []
        var end: ReplyStreamEnd?
        var fault: StreamFault?
        var usage: TokenUsage?
        var finish = FinishReason.none
        var sawDone = false
        var sawError = false
        var hasAnswer = false
        var isBetweenEvents = true
    }

    private let reader = DialectReader()

    private func run(_ pieces: [[UInt8]], held: Int = 256 << 10, event: Int = 1 << 20) -> Outcome {
        let filter = AnthropicStreamFilter(reader: self.reader, maximumHeldBytes: held, maximumEventBytes: event)
        var outcome = Outcome()
        var isReleased = false
        for piece in pieces {
            do throws(StreamFault) {
                try unsafe piece.withUnsafeBytesThrowing { piece throws(StreamFault) in
                    try unsafe filter.feed(piece) { bytes in
                        isReleased = true
                        #expect(unsafe !bytes.isEmpty)
                        unsafe outcome.output.append(contentsOf: bytes)
                    }
                }
            } catch {
                outcome.fault = error
                break
            }
            #expect(filter.hasContent == isReleased)
            #expect(filter.hasContent || filter.isBetweenEvents)
        }
        outcome.end = unsafe filter.finish { bytes in unsafe outcome.output.append(contentsOf: bytes) }
        outcome.usage = filter.usage
        outcome.finish = filter.finish
        outcome.sawDone = filter.sawDone
        outcome.sawError = filter.sawError
        outcome.hasAnswer = filter.hasAnswer
        outcome.isBetweenEvents = filter.isBetweenEvents
        return outcome
    }

    private func run(_ events: [String]) -> Outcome { self.run([AnthropicFixture("", events).body]) }

    private func check(_ body: [UInt8], cuts: [Int]) {
        let whole = self.run([body])
        for cut in cuts {
            #expect(self.run([Array(body[..<cut]), Array(body[cut...])]) == whole, "cut \(cut)")
        }
        for size in [1, 2, 13] { #expect(self.run(Cuts.pieces(body, of: size)) == whole, "pieces of \(size)") }
        #expect(self.run([[], body, []]) == whole)
    }

    @Test("Every byte passes, whatever the cuts", arguments: AnthropicFixture.all)
    func fixtures(_ fixture: AnthropicFixture) {
        let body = fixture.body
        self.check(body, cuts: Array(0...body.count))
        let outcome = self.run([body])
        #expect(outcome.output == body && outcome.end == .complete && outcome.sawDone && outcome.hasAnswer)
        #expect(outcome.finish != .none && outcome.usage != nil && outcome.isBetweenEvents)
        let returns = Array(String(decoding: body, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
        #expect(self.run([returns]).output == returns)
    }

    @Test("Nothing goes out before the first content, and all of it with that")
    func preamble() {
        let preamble = [F.start, F.ping, F.begin(0, #"{"type":"text","text":""}"#), F.text(0, "")]
        var outcome = self.run(preamble)
        #expect(outcome.output.isEmpty && outcome.end == .noContent && !outcome.hasAnswer && outcome.usage == nil)
        let contents = [
            F.text(0, "x"), F.json(0, "{"), F.delta(0, "signature_delta", #""signature":"s""#),
            F.delta(0, "citations_delta", #""citation":{}"#), F.begin(1, #"{"type":"tool_use","id":"t","name":"n"}"#),
            F.begin(1, #"{"type":"server_tool_use","id":"t","name":"n"}"#), F.finish("refusal"), F.stop,
        ]
        for content in contents {
            outcome = self.run(preamble + [content])
            #expect(outcome.output == F("", preamble + [content]).body && outcome.hasAnswer, "\(content)")
        }
        for nothing in [F.json(0, ""), F.end(0), F.begin(1, #"{"type":"thinking","thinking":"","signature":""}"#)] {
            #expect(self.run(preamble + [nothing]).output.isEmpty, "\(nothing)")
        }
    }

    @Test("Usage is that of the end, with what only the beginning tells")
    func usage() {
        #expect(
            self.run([F.plain.body]).usage
                == TokenUsage(input: 20, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7, output: 12))
        #expect(self.run([F.thinking.body]).usage == TokenUsage(input: 31, output: 5, reasoning: 7))
        #expect(self.run([F.start, F.text(0, "x")]).usage == nil)
        var context = TranslatedStream.context(.anthropic)
        for endpoint in [Endpoint.chatCompletions, .messages] {
            context.endpoint = endpoint
            let stream = context.stream(askedForUsage: false, reader: self.reader)
            #expect(stream.promptUsage == nil)
            let start = F("", [F.start, F.text(0, "x")]).body
            unsafe start.withUnsafeBytes { bytes in _ = unsafe try? stream.feed(bytes) { _ in } }
            #expect(stream.usage == nil)
            #expect(stream.promptUsage == TokenUsage(input: 20, cacheRead: 5, cacheWrite: 2, cacheWriteHour: 7))
        }
        let atStart = self.run([F.start, F.text(0, "x"), F.stop])
        #expect(atStart.usage?.completionTokens == 1)
    }

    @Test("An error is thrown before content, and passes after it")
    func errors() {
        let error = #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
        let before = self.run([F.start, F.ping, error])
        guard case .provider(let said) = before.fault else {
            Issue.record("\(before)")
            return
        }
        #expect(said.status == 529 && said.message == "Overloaded" && before.output.isEmpty && before.sawError)
        let events = [F.start, F.text(0, "x"), error]
        let after = self.run(events)
        #expect(after.fault == nil && after.output == F("", events).body && after.sawError && after.end == .complete)
        self.check(F("", events).body, cuts: Array(0...F("", events).body.count))
    }

    @Test("What is no stream of Anthropic's is a fault before content, and passes after it")
    func garbage() {
        for body in ["data: {\"choices\":[]}\n\n", "data: <html>\n\n", "data: 7\n\n"] {
            let bytes = Array(body.utf8)
            #expect(self.run([bytes]).fault == .invalidResponse)
            let late = F("", [F.text(0, "x")]).body + bytes
            #expect(self.run([late]).output == late && self.run([late]).fault == nil)
        }
        let comment = Array(": hello\n\nretry: 1\n\n".utf8)
        #expect(self.run([comment]).end == .noContent)
        #expect(self.run([comment + F.plain.body]).output == comment + F.plain.body)
    }

    @Test("A stream that is cut is truncated, and half an event at its end does not go out")
    func truncated() {
        let cut = self.run([F.start, F.text(0, "x"), F.end(0)])
        #expect(cut.end == .truncated && cut.isBetweenEvents)
        let begun = F("", [F.start, F.text(0, "x")]).body
        for half in ["event: ping\nda", "event: content_block_delta\ndata: {\"type\":\"content_bl"] {
            let body = begun + Array(half.utf8)
            let inside = self.run([body])
            #expect(inside.output == begun && inside.end == .truncated && inside.isBetweenEvents)
            self.check(body, cuts: Array(0...body.count))
        }
        // Why the model stopped is known, and what it cost; still the message has not ended.
        let last = F("", [F.start, F.text(0, "x"), F.finish("end_turn")]).body
        for cut in [last, last.dropLast(2), last + Array("event: message_st".utf8)] {
            let outcome = self.run([Array(cut)])
            #expect(outcome.end == .truncated && outcome.output == Array(cut.prefix(last.count)))
            #expect(outcome.usage != nil && outcome.isBetweenEvents == (cut.count >= last.count))
        }
        // What only lacks its blank line still counts, and gets it.
        let whole = last + Array("event: message_stop\ndata: {\"type\":\"message_stop\"}".utf8)
        let outcome = self.run([whole])
        #expect(outcome.end == .complete && outcome.output == whole + [0x0A, 0x0A] && outcome.isBetweenEvents)
        #expect(self.run([Array(F("", [F.text(0, "x")]).body.dropLast(1))]).end == .truncated)
    }

    @Test("What is held is bounded")
    func bounds() {
        let pings = (0..<100).map { _ in F.ping }
        let body = F("", pings).body
        for size in [1, 7, 1000, body.count] {
            let outcome = self.run(Cuts.pieces(body, of: size), held: 500)
            #expect(outcome.output == body)
        }
        let long = F("", [F.start, F.text(0, String(repeating: "x", count: 5000)), F.finish("end_turn")]).body
        for size in [1, 7, 1000] {
            let outcome = self.run(Cuts.pieces(long, of: size), event: 1000)
            #expect(outcome.output == long && outcome.finish == .stop && outcome.hasAnswer)
            #expect(self.run(Cuts.pieces(long, of: size), held: 700, event: 100_000).output == long)
        }
    }
}
