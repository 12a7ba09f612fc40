import Domain
import HTTPClient
import IPC
import Resilience
import Testing

@testable import UpstreamWorker

/// A further attempt is asked for, waits for its answer and is made or not.
@Suite
struct ExchangeMachineAttemptTests {
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#

    private func asking(isStream: Bool = false) -> MachineBench {
        let bench = MachineBench(isStream: isStream)
        bench.meetsDeadConnection()
        return bench
    }

    @Test
    func aRequestThatGoesOutAgainAsksAndHasTwoAttempts() throws {
        let bench = MachineBench()
        let start = bench.now
        bench.connected()
        bench.now += 4_000_000
        bench.meetsDeadConnection()
        #expect(bench.state == .asking)
        #expect(bench.output.sent == [.attempt(FurtherAttempt(call: 0, number: 2, reason: .resend))])
        #expect(bench.machine.asked?.number == 2)
        let first = try #require(bench.output.outcomes.first)
        #expect(first.number == 1)
        #expect(first.evidence.billed == .unknown)
        #expect(!first.evidence.wantsEstimate)
        #expect(first.error == "provider_connection_reset")
        #expect(first.connected == 1)
        #expect(first.total == 4000)
        // The deadlines are the request's, not the attempt's.
        #expect(bench.machine.deadline == start + 600 * MachineBench.second)
        bench.now += 3_000_000
        #expect(try bench.answer(true) == .call)
        #expect(bench.state == .waiting)
        #expect(bench.call?.order.number == 2)
        #expect(bench.machine.asked == nil)
        #expect(bench.machine.deadline == start + 600 * MachineBench.second)
        bench.connected()
        bench.now += 2_000_000
        bench.head(200)
        bench.data(Self.reply)
        bench.ended()
        let end = try #require(bench.output.end)
        #expect(end.attempts.map(\.number) == [1, 2])
        #expect(end.attempts.map(\.status) == [0, 200])
        #expect(end.attempts.map(\.billed) == [.unknown, .yes])
        // The wait between the two is nobody's.
        #expect(end.attempts.map(\.total) == [4000, 2000])
        #expect(end.usage == TokenUsage(input: 5, output: 3))
    }

    @Test
    func aRefusedAttemptEndsWithTheFailureThatWas() throws {
        for isStream in [false, true] {
            let bench = self.asking(isStream: isStream)
            #expect(try bench.answer(false) == .proceed)
            #expect(bench.output.shape == "ae")
            #expect(bench.output.end?.failure?.code == "provider_connection_reset")
            #expect(bench.output.end?.attempts.map(\.number) == [1])
            #expect(bench.output.outcomes.count == 1)
            #expect(bench.machine.isOver)
        }
    }

    @Test
    func aRequestDoesNotGoOutForEver() throws {
        let bench = MachineBench()
        for number: UInt8 in 2...3 {
            bench.meetsDeadConnection()
            #expect(bench.machine.asked?.number == number)
            #expect(try bench.answer(true) == .call)
        }
        bench.meetsDeadConnection()
        #expect(bench.output.shape == "aae")
        #expect(bench.output.end?.attempts.map(\.number) == [1, 2, 3])
        #expect(bench.output.end?.failure?.code == "provider_connection_reset")
    }

    /// A connection that dies after a minute of thinking was alive: the provider has worked, and takes money for it.
    @Test
    func whatAProviderMayHaveWorkedOnIsNotAskedFor() {
        for (span, asks) in [(3 * MachineBench.second - 1, true), (3 * MachineBench.second, false)] {
            let bench = MachineBench()
            // Waiting for a connection is not the provider's time.
            bench.now += 60 * MachineBench.second
            bench.connected()
            bench.now += span
            bench.meetsDeadConnection()
            #expect(bench.output.shape == (asks ? "a" : "e"))
            #expect(bench.output.outcomes.map(\.evidence.billed) == [.unknown])
            #expect(bench.output.outcomes.first?.error == "provider_connection_reset")
        }
    }

    @Test
    func otherFailuresAreNotAskedFor() {
        for kind in HTTPClientError.Kind.allCases {
            let bench = MachineBench()
            bench.connected()
            bench.ended(kind)
            #expect(bench.output.shape == "e")
        }
    }

    /// In each state but the asking one.
    @Test(arguments: ExchangeMachineAccountTests.running)
    func anAnswerThatWasNotAskedForIsAFault(_ situation: ExchangeMachineAccountTests.Situation) {
        for allowed in [true, false] {
            let bench = situation.bench()
            #expect(throws: FrameError.unexpectedType(.grant)) { try bench.answer(allowed) }
            #expect(bench.state == situation.state)
            #expect(bench.form == situation.form)
            #expect(bench.output.end == nil)
        }
    }

    @Test
    func anAnswerBeforeTheCallAndASecondOneAreFaults() throws {
        let ready = MachineBench(started: false)
        #expect(throws: FrameError.unexpectedType(.grant)) { try ready.answer(true) }
        let bench = self.asking()
        #expect(try bench.answer(true) == .call)
        #expect(throws: FrameError.unexpectedType(.grant)) { try bench.answer(true) }
        bench.head(200)
        #expect(throws: FrameError.unexpectedType(.grant)) { try bench.answer(false) }
        // Of a whole reply that waits for its client.
        let flushing = MachineBench()
        flushing.head(200)
        flushing.data([UInt8](repeating: 0x20, count: 100_000) + Array(Self.reply.utf8))
        flushing.ended()
        #expect(flushing.state == .flushing)
        #expect(throws: FrameError.unexpectedType(.grant)) { try flushing.answer(true) }
    }

    @Test
    func aCancelWhileItWaitsIsAnswered() throws {
        let bench = self.asking()
        #expect(bench.cancel() == .proceed)
        #expect(bench.output.shape == "ae")
        #expect(bench.output.end?.failure?.code == "cancelled")
        #expect(bench.output.end?.attempts.map(\.error) == ["provider_connection_reset"])
        #expect(bench.output.outcomes.count == 1)
        // The answer that was on its way.
        #expect(try bench.answer(true) == .proceed)
        #expect(bench.output.shape == "ae")
    }

    @Test
    func anEndFromThisSideWhileItWaits() {
        let bench = self.asking()
        #expect(bench.fail(.draining) == .proceed)
        #expect(bench.output.end?.failure?.code == "gateway_draining")
        #expect(bench.output.outcomes.count == 1)
        #expect(bench.machine.isOver)
    }

    @Test
    func deadlinesGoOnWhileItWaits() throws {
        let unary = self.asking()
        let began = unary.machine.startedAt
        #expect(unary.machine.deadline == began + 600 * MachineBench.second)
        #expect(unary.passDeadline() == .proceed)
        #expect(unary.output.end?.failure?.code == "provider_timeout")
        #expect(unary.output.outcomes.count == 1)
        #expect(unary.machine.deadline == .max)

        let stream = self.asking(isStream: true)
        #expect(stream.machine.deadline == began + 15 * MachineBench.second)
        #expect(stream.passDeadline() == .proceed)
        #expect(stream.output.shape == "ahc")
        #expect(stream.state == .asking)
        #expect(stream.machine.deadline == began + 30 * MachineBench.second)
        // No call runs whose first token could be late.
        #expect(stream.timePassed(at: began + 59 * MachineBench.second) == .proceed)
        stream.now = began + 600 * MachineBench.second
        #expect(stream.timePassed() == .proceed)
        #expect(stream.output.shape == "ahcce")
        #expect(stream.output.end?.failure?.code == "provider_timeout")
    }

    @Test
    func creditAndAReliefOfTheLinkChangeNothingWhileItWaits() throws {
        let bench = self.asking(isStream: true)
        _ = bench.passDeadline()
        #expect(bench.output.shape == "ahc")
        #expect(try bench.credit(ExchangeMachine.keepAlive.count) == .proceed)
        #expect(bench.linkRelieved() == .proceed)
        #expect(bench.data("late") == .proceed)
        #expect(bench.head(200) == .proceed)
        bench.ended(.resetInReply)
        #expect(bench.state == .asking)
        #expect(try bench.answer(true) == .call)
        bench.head(200, MachineBench.events)
        bench.data("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n")
        bench.ended()
        #expect(bench.output.shape.hasPrefix("ahcc"))
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.attempts.map(\.number) == [1, 2])
    }
}
