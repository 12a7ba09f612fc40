import Domain
import HTTPClient
import IPC
import Testing

@testable import UpstreamWorker

/// What each end of an exchange, in each of its states, says of the money.
@Suite
struct ExchangeMachineAccountTests {
    private static let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
    private static let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n"
    private static let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
    private static let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n"
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#

    /// A way into a state, and what is then known of the attempt.
    struct Situation: Sendable, CustomTestStringConvertible {
        var name: String
        /// nil before the reply's head came.
        var form: ReplyReception.Form?
        var isStream = true
        var wasSent = true
        var enter: @Sendable (MachineBench) -> Void
        /// As the provider's call breaks off, or is broken off.
        var billed: Billed
        /// Whether an estimate is wanted when the client has gone, and when the provider failed.
        var estimates: (gone: Bool, failed: Bool)
        var usage: TokenUsage?
        /// The reply is translated.
        var isTranslated = false

        var testDescription: String { self.name }
        var state: MachineBench.State { self.form == nil ? .waiting : .receiving }

        func bench() -> MachineBench {
            let bench =
                self.isTranslated
                ? MachineBench(isStream: self.isStream, dialect: .translated(isStream: self.isStream))
                : MachineBench(isStream: self.isStream)
            bench.output.requestWasSent = self.wasSent
            self.enter(bench)
            return bench
        }
    }

    static let running: [Situation] = [
        Situation(
            name: "not sent", form: nil, wasSent: false, enter: { _ in }, billed: .no, estimates: (false, false)),
        Situation(
            name: "sent, no reply", form: nil, enter: { _ in }, billed: .unknown, estimates: (true, false)),
        Situation(
            name: "a head of unclear type", form: .undecided, enter: { $0.head(200) }, billed: .unknown,
            estimates: (true, false)),
        Situation(
            name: "a stream's head", form: .stream, enter: { $0.head(200, MachineBench.events) }, billed: .unknown,
            estimates: (true, false)),
        Situation(
            name: "a stream without content", form: .stream,
            enter: {
                $0.head(200, MachineBench.events)
                $0.data(role)
            }, billed: .unknown, estimates: (true, false)),
        Situation(
            name: "a stream with content", form: .stream,
            enter: {
                $0.head(200, MachineBench.events)
                $0.data(role + text)
            }, billed: .yes, estimates: (true, true)),
        Situation(
            name: "a stream whose numbers came", form: .stream,
            enter: {
                $0.head(200, MachineBench.events)
                $0.data(text + usage)
            }, billed: .yes, estimates: (false, false), usage: TokenUsage(input: 9, output: 2)),
        Situation(
            name: "a reply's head", form: .held, isStream: false, enter: { $0.head(200) }, billed: .unknown,
            estimates: (true, false)),
        Situation(
            name: "a part of a reply", form: .held, isStream: false,
            enter: {
                $0.head(200)
                $0.data("{\"choices\":[")
            }, billed: .yes, estimates: (true, true)),
        Situation(
            name: "a large reply", form: .passing, isStream: false,
            enter: {
                $0.head(200, length: 1 << 20)
                for _ in 0..<17 { $0.data([UInt8](repeating: 0x61, count: 16 << 10)) }
            }, billed: .yes, estimates: (true, true)),
        Situation(
            name: "an error's head", form: .error, enter: { $0.head(500) }, billed: .no, estimates: (false, false)),
        Situation(
            name: "a part of an error", form: .error, isStream: false,
            enter: {
                $0.head(429)
                $0.data("{\"error\":")
            }, billed: .no, estimates: (false, false)),
    ]

    @Test(arguments: running + ExchangeMachineTranslatedTests.running)
    func aCancelIsAnsweredInEveryState(_ situation: Situation) throws {
        let bench = situation.bench()
        #expect(bench.state == situation.state)
        #expect(bench.form == situation.form)
        #expect(bench.cancel() == .abort)
        let end = try #require(bench.output.end)
        #expect(end.failure?.code == "cancelled")
        #expect(end.failure?.source == .client)
        #expect(end.attempts.count == 1)
        let outcome = try #require(bench.output.outcomes.first)
        #expect(outcome.error == "cancelled")
        #expect(outcome.evidence.billed == situation.billed)
        #expect(outcome.evidence.wantsEstimate == situation.estimates.gone)
        #expect(end.usage == situation.usage)
        // Once and for all, whatever still comes.
        bench.data("x")
        bench.ended()
        _ = bench.cancel()
        _ = bench.fail(.draining)
        _ = bench.passDeadline()
        #expect(bench.output.outcomes.count == 1)
        #expect(bench.output.sent.filter { if case .end = $0 { true } else { false } }.count == 1)
    }

    @Test(arguments: running + ExchangeMachineTranslatedTests.running)
    func aBrokenCallIsAccountedForInEveryState(_ situation: Situation) throws {
        for breaks in [false, true] {
            let bench = situation.bench()
            if breaks {
                bench.ended(situation.wasSent ? .resetInReply : .connect, sentAny: situation.wasSent)
            } else {
                #expect(bench.fail(.draining) == .abort)
            }
            while bench.output.end == nil { _ = try bench.credit(1 << 10) }
            let outcome = try #require(bench.output.outcomes.first)
            #expect(bench.output.outcomes.count == 1)
            #expect(outcome.error == bench.output.end?.failure?.code)
            #expect(outcome.evidence.billed == situation.billed)
            #expect(outcome.evidence.wantsEstimate == situation.estimates.failed)
            #expect(bench.output.end?.usage == situation.usage)
            #expect(bench.cancel() == .proceed)
            #expect(bench.output.outcomes.count == 1)
        }
    }

    @Test
    func aRequestWhoseBodyNeverCameHasAnEndAndNoAttempt() {
        let bench = MachineBench(started: false)
        #expect(bench.cancel() == .proceed)
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.code == "cancelled")
        #expect(bench.output.end?.attempts == [])
        #expect(bench.output.end?.usage == nil)
        #expect(bench.output.outcomes.isEmpty)
    }

    /// The call is over and settled; the client has yet to take some of it.
    @Test
    func aCancelWhileTheRestWaitsForTheClient() throws {
        let bench = MachineBench()
        let reply = #"{"a":""# + String(repeating: "x", count: 100 << 10) + #"","usage":{"prompt_tokens":5}}"#
        bench.head(200)
        bench.data(reply)
        bench.ended()
        #expect(bench.state == .flushing)
        #expect(bench.output.outcomes.map(\.error) == [nil])
        #expect(bench.cancel() == .proceed)
        let end = try #require(bench.output.end)
        #expect(end.failure?.code == "cancelled")
        #expect(end.usage == TokenUsage(input: 5))
        #expect(end.attempts.map(\.billed) == [.yes])
        #expect(end.attempts.map(\.error) == [""])
        #expect(bench.output.outcomes.count == 1)
        #expect(bench.cancel() == .proceed)
        #expect(bench.output.shape == "hce")
    }

    @Test
    func finishReasonsReachTheEnd() {
        let stream = MachineBench(isStream: true)
        stream.head(200, MachineBench.events)
        stream.data(Self.text + Self.stop + Self.usage + "data: [DONE]\n\n")
        stream.ended()
        #expect(stream.output.end?.finish == .length)
        #expect(stream.output.outcomes.first?.evidence.isStream == true)
        let unary = MachineBench()
        unary.head(200)
        unary.data(Self.reply)
        unary.ended()
        #expect(unary.output.end?.finish == .stop)
        #expect(unary.output.outcomes.first?.evidence.isStream == false)
        let silent = MachineBench()
        silent.head(200)
        silent.data(#"{"object":"list","data":[]}"#)
        silent.ended()
        #expect(silent.output.end?.finish == FinishReason.none)
        #expect(silent.output.outcomes.first?.evidence.billed == .yes)
        #expect(silent.output.outcomes.first?.evidence.wantsEstimate == true)
    }

    /// Before the choices, or far from the end of the reply.
    @Test(arguments: [
        (
            #"{"id":"x","usage":{"prompt_tokens":5,"completion_tokens":3},"choices":[{"message":{"content":""#,
            "\"}}]}", true
        ),
        (#"{"x":{"usage":{"prompt_tokens":1}},"usage" : {"prompt_tokens":5,"completion_tokens":3},"y":""#, "\"}", true),
        (#"{"x":{"usage":{"prompt_tokens":5,"completion_tokens":3}},"y":""#, "\"}", false),
        (#"[{"usage":{"prompt_tokens":5,"completion_tokens":3}},""#, "\"]", false),
        (
            #"{"y":""#,
            #"","usage":{"prompt_tokens":5,"completion_tokens":3},"z":""# + String(repeating: "z", count: 60_000)
                + "\"}",
            true
        ),
    ])
    func aLargeReplysUsageIsFound(_ start: String, _ end: String, _ isFound: Bool) throws {
        let bench = MachineBench()
        bench.head(200, length: 1 << 20)
        bench.data(start)
        bench.data(String(repeating: "a", count: 300 << 10))
        while bench.output.bytes.count < 300 << 10 { _ = try bench.credit(64 << 10) }
        bench.data(end)
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(1 << 10) }
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.usage == (isFound ? TokenUsage(input: 5, output: 3) : nil))
    }

    @Test
    func aLargeReplysFinishReasonIsFound() throws {
        let bench = MachineBench()
        bench.head(200, length: 1 << 20)
        bench.data(#"{"choices":[{"message":{"content":""# + String(repeating: "a", count: 300 << 10))
        while bench.output.bytes.count < 300 << 10 { _ = try bench.credit(64 << 10) }
        bench.data(#""},"finish_reason":"tool_calls","index":0}],"usage":{"prompt_tokens":1,"x":"finish_reason"}}"#)
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(1 << 10) }
        #expect(bench.output.end?.finish == .toolCalls)
        #expect(bench.output.end?.usage == TokenUsage(input: 1))
    }

    @Test(arguments: [
        (#"{"error":{"message":"no"}}"#, Billed.no), (#"{"error":{},"choices":[]}"#, .yes),
        (#"{"error":{"message":"no"},"usage":{"prompt_tokens":4}}"#, .yes), ("<html>", .unknown), ("", .unknown),
    ])
    func aGoodStatusIsNotAllThatCounts(_ body: String, _ billed: Billed) {
        let bench = MachineBench()
        bench.head(200)
        bench.data(body)
        bench.ended()
        #expect(bench.output.outcomes.map(\.evidence.billed) == [billed])
        #expect(bench.output.end?.attempts.map(\.billed) == [billed])
    }

    @Test
    func anErrorEventInsteadOfContentIsNotBilled() {
        for (events, billed) in [("", Billed.no), (Self.text, .yes)] {
            let bench = MachineBench(isStream: true)
            bench.head(200, MachineBench.events)
            bench.data(events + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n")
            bench.ended()
            #expect(bench.output.end?.failure == nil)
            #expect(bench.output.outcomes.map(\.evidence.billed) == [billed])
        }
    }
}
