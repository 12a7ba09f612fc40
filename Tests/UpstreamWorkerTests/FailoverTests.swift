import Dialects
import Domain
import HTTPClient
import IPC
import Resilience
import Testing

@testable import UpstreamWorker

/// What a client sees, and what is recorded, where a request's first call does not answer.
@Suite
struct FailoverTests {
    private static let role =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    private static let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
    private static let rest =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
    private static let stream = FailoverTests.role + FailoverTests.text + FailoverTests.rest
    private static let reply =
        #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#
    private static let error = #"{"error":{"message":"broken","type":"server_error"}}"#
    private static let earlyError = "data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n"

    private func bench(
        isStream: Bool = true, places: Int = 2, retries: UInt8 = 2, hedgeAfter: RoutePolicy.HedgeDelay? = nil,
        dialect: ReplyDialect = ReplyDialect(passing: .openAI, reader: DialectReader())
    ) -> MachineBench {
        MachineBench(
            isStream: isStream, dialect: dialect,
            policy: RoutePolicy(retries: retries, retryDelay: 500, hedgeAfter: hedgeAfter), places: places)
    }

    /// Says yes to whatever is asked, and waits for whatever is waited for, until a further call is made.
    private func goOn(_ bench: MachineBench, after calls: Int) throws {
        for _ in 0..<4 where bench.output.calls.count == calls && bench.machine.state == .working {
            _ = bench.machine.asked != nil ? try bench.answer(true) : bench.passDeadline()
        }
        #expect(bench.output.calls.count == calls + 1)
    }

    private func answers(_ bench: MachineBench, of call: CallMachine? = nil) {
        bench.head(200, MachineBench.events, of: call)
        bench.data(Self.stream, of: call)
        bench.ended(of: call)
    }

    @Test
    func aStreamThatBreaksAnywhere() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            let bench = self.bench()
            bench.head(200, MachineBench.events)
            bench.data(Array(bytes[..<cut]))
            let wasSeen = bench.output.shape != ""
            bench.ended(.resetInReply)
            if cut == bytes.count {
                #expect(bench.output.end?.failure == nil && bench.output.body == Self.stream)
            } else if wasSeen {
                #expect(cut >= (Self.role + Self.text).utf8.count - 1)
                // `[DONE]` without its blank line says all the same.
                if bench.output.end?.failure != nil {
                    #expect(bench.output.end?.failure?.code == "provider_connection_reset")
                }
                #expect(bench.output.end?.attempts.count == 1)
                #expect(Self.stream.hasPrefix(bench.output.body))
            } else {
                try self.goOn(bench, after: 1)
                self.answers(bench)
                #expect(bench.output.body == Self.stream)
                #expect(bench.output.head?.call == 1 && bench.output.head?.attempts == 2)
                #expect(bench.output.end?.failure == nil)
                #expect(bench.output.end?.attempts.map(\.call) == [0, 1])
                #expect(bench.output.end?.attempts.map(\.number) == [1, 2])
                #expect(bench.output.end?.trail.isEmpty == false)
            }
            #expect(bench.output.shape.filter { $0 == "h" }.count == 1)
            #expect(bench.places.isBalanced)
            #expect(bench.machine.isOver)
        }
    }

    /// What follows an error is not kept without end, nor waited for.
    @Test
    func aProviderThatGoesOnBehindItsError() throws {
        for places in 1...2 {
            let bench = self.bench(places: places, retries: places == 1 ? 0 : 2)
            bench.head(200, MachineBench.events)
            bench.data(Self.earlyError)
            let comment = ": " + String(repeating: "x", count: 1000) + "\n\n" + Self.role
            var count = 0
            while bench.output.calls.first?.state == .receiving, count < 1000 {
                count += 1
                bench.data(comment, of: bench.output.calls.first)
            }
            #expect(count > 50 && count < 80)
            if places == 1 {
                #expect(bench.output.body.hasPrefix(Self.earlyError))
            } else {
                try self.goOn(bench, after: 1)
                self.answers(bench)
                #expect(bench.output.body == Self.stream)
            }
            #expect(bench.places.told.first == .failed(1, .status(429)))
            #expect(bench.machine.state != .working && bench.places.isBalanced)
        }
    }

    /// The tokens of a request may be counted here for another target than the first.
    @Test
    func anAnswerOfTheGatewayIsOfItsPlace() {
        let bench = self.bench(isStream: false)
        bench.output.started = nil
        bench.head(503)
        bench.data(Self.error)
        bench.ended()
        let call = bench.output.calls.last
        #expect(call?.order.place == 1)
        if let call { bench.machine.answer(call, [1], at: bench.now, to: bench.output) }
        #expect(bench.output.head?.call == 1)
        #expect(bench.machine.isOver && bench.places.isBalanced)
    }

    @Test
    func aWholeReplyThatBreaksAnywhere() throws {
        let bytes = Array(Self.reply.utf8)
        for cut in stride(from: 0, through: bytes.count, by: 7) {
            let bench = self.bench(isStream: false)
            bench.head(200)
            bench.data(Array(bytes[..<cut]))
            bench.ended(.resetInReply)
            try self.goOn(bench, after: 1)
            bench.head(200)
            bench.data(Self.reply)
            bench.ended()
            #expect(bench.output.body == Self.reply)
            #expect(bench.output.end?.attempts.map(\.status) == [200, 200])
            #expect(bench.output.end?.failure == nil && bench.places.isBalanced)
        }
    }

    @Test(arguments: [UInt16(408), 409, 429, 500, 502, 503, 529])
    func anErrorStatusOfTheFirst(_ status: UInt16) throws {
        for isStream in [false, true] {
            let bench = self.bench(isStream: isStream)
            bench.head(status)
            bench.data(Self.error)
            bench.ended()
            try self.goOn(bench, after: 1)
            // Nothing of it was billed: nobody had to be asked.
            #expect(bench.output.shape == "")
            if isStream {
                self.answers(bench)
            } else {
                bench.head(200)
                bench.data(Self.reply)
                bench.ended()
            }
            #expect(bench.output.head?.status == 200)
            #expect(bench.output.end?.attempts.map(\.status) == [status, 200])
            #expect(bench.places.told.first == .failed(1, .status(status)))
            #expect(bench.places.isBalanced)
        }
    }

    @Test(arguments: [UInt16(400), 404, 413, 422])
    func otherErrorsAreTheClients(_ status: UInt16) {
        let bench = self.bench(isStream: false)
        bench.head(status)
        bench.data(Self.error)
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.status == status && bench.output.body == Self.error)
        #expect(bench.places.isBalanced)
    }

    /// The last error goes to the client as it would have without any further call.
    @Test
    func whereAllFailTheLastIsTold() throws {
        let bench = self.bench(isStream: false, retries: 1)
        bench.head(500)
        bench.data(Self.error)
        bench.ended()
        try self.goOn(bench, after: 1)
        bench.head(503)
        bench.data(#"{"error":{"message":"later"}}"#)
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.status == 503 && bench.output.head?.call == 1)
        #expect(bench.output.head?.retryAfter == Array("7".utf8))
        #expect(bench.output.body == #"{"error":{"message":"later"}}"#)
        #expect(bench.output.end?.attempts.map(\.status) == [500, 503])
        #expect(bench.places.isBalanced)
    }

    @Test
    func aStreamThatBeginsWithAnError() throws {
        for keepsOpen in [false, true] {
            let bench = self.bench(retries: 1)
            bench.head(200, MachineBench.events)
            bench.data(Self.role + Self.earlyError)
            #expect(bench.output.shape == "")
            if keepsOpen { _ = bench.passDeadline() } else { bench.ended() }
            #expect(bench.places.told.first == .failed(1, .status(429)))
            try self.goOn(bench, after: 1)
            self.answers(bench)
            #expect(bench.output.body == Self.stream)
            #expect(bench.places.isBalanced)
        }
        // Where nothing else is tried it passes.
        let only = self.bench(places: 1, retries: 0)
        only.head(200, MachineBench.events)
        only.data(Self.role + Self.earlyError)
        only.ended()
        #expect(only.output.body == Self.role + Self.earlyError)
        #expect(only.output.head?.isStream == true && only.output.end?.failure == nil)
    }

    @Test
    func anErrorInsideASuccess() throws {
        let bench = self.bench(isStream: false)
        bench.head(200)
        bench.data(#"{"error":{"message":"x","type":"overloaded_error"}}"#)
        bench.ended()
        #expect(bench.places.told == [.failed(1, .status(529))])
        try self.goOn(bench, after: 1)
        bench.head(200)
        bench.data(Self.reply)
        bench.ended()
        #expect(bench.output.body == Self.reply && bench.places.isBalanced)
    }

    /// After a comment the status is out, but nothing else is.
    @Test
    func behindACommentItGoesOn() throws {
        let bench = self.bench()
        _ = bench.passDeadline()
        #expect(bench.output.shape == "hc")
        bench.ended(.resetBeforeReply)
        try self.goOn(bench, after: 1)
        self.answers(bench)
        #expect(bench.output.body == ": keep-alive\n\n" + Self.stream)
        #expect(bench.output.shape.filter { $0 == "h" }.count == 1)
        // An error that comes now is told as one.
        let failing = self.bench(retries: 0)
        _ = failing.passDeadline()
        failing.head(500)
        failing.data(Self.error)
        failing.ended()
        #expect(failing.output.shape == "hce" && failing.output.end?.failure?.status == 500)
    }

    @Test
    func thePlaceItselfIsTriedAgainAfterAWhile() throws {
        let bench = self.bench(places: 1, retries: 2)
        let start = bench.now
        for number in 1...2 {
            bench.ended(.connect, sentAny: false)
            #expect(bench.state == .pausing || bench.state == .waiting)
            try self.goOn(bench, after: number)
        }
        #expect(bench.now <= start + 1500 * 1_000_000)
        bench.ended(.connect, sentAny: false)
        #expect(bench.output.end?.failure?.code == "provider_unreachable")
        #expect(bench.output.end?.attempts.map(\.number) == [1, 2, 3])
        #expect(bench.places.isBalanced)
    }

    @Test
    func whatTheProviderSaysOfWaitingIsObeyed() {
        let bench = self.bench(isStream: false, places: 1)
        let start = bench.now
        bench.head(HTTPResponseHead(status: 429, retryFields: Array("retry-after: 7\n".utf8)))
        bench.data(Self.error)
        bench.ended()
        #expect(bench.state == .pausing)
        #expect(bench.machine.deadline >= start + 7 * MachineBench.second)
        #expect(bench.cancel() == .proceed)
        #expect(bench.output.end?.failure?.code == "cancelled" && bench.places.isBalanced)
    }

    @Test
    func aKeyThatHasNothingLeftRests() {
        let bench = self.bench(isStream: false)
        bench.head(
            HTTPResponseHead(
                status: 200,
                retryFields: Array("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6s\n".utf8)))
        #expect(bench.places.told == [.rests(1, 6_000_000_000)])
    }

    @Test
    func aRefusedKeyIsFollowedByAnother() throws {
        for status in [UInt16(401), 402, 403] {
            let bench = MachineBench(started: false, policy: RoutePolicy(retries: 0))
            bench.places.keys = 2
            bench.begin()
            bench.head(status)
            if status == 402 {
                bench.data(Self.error)
                bench.ended()
            }
            #expect(bench.output.calls.map(\.order.key) == [0, 1])
            bench.head(200)
            bench.data(Self.reply)
            bench.ended()
            #expect(bench.output.end?.attempts.map(\.status) == [status, 200])
            #expect(bench.output.body == Self.reply && bench.places.isBalanced)
        }
    }

    /// What moderation does not let pass is the client's to know; no key is at fault, and nobody else is asked.
    @Test(arguments: [true, false])
    func aStatus403OfAProviderThatModeratesIsPassed(_ isStream: Bool) throws {
        let bench = self.bench(
            isStream: isStream, dialect: ReplyDialect(passing: .openAI, moderates: true, reader: DialectReader()))
        bench.places.keys = 2
        bench.head(403)
        bench.data(Self.error)
        bench.ended()
        #expect(bench.output.calls.count == 1 && bench.output.head?.status == 403)
        #expect(bench.output.body == Self.error && bench.output.end?.failure == nil && bench.places.isBalanced)
        let other = self.bench(
            isStream: isStream, dialect: ReplyDialect(passing: .openAI, moderates: true, reader: DialectReader()))
        other.head(401)
        #expect(other.output.calls.count == 2)
    }

    /// A status inside a reply that says success is taken as the provider has meant it.
    @Test(arguments: [UInt16(401), 403])
    func aRefusalInsideASuccess(_ status: UInt16) {
        for moderates in [false, true] {
            let bench = self.bench(
                isStream: false,
                dialect: ReplyDialect(passing: .openAI, moderates: moderates, reader: DialectReader()))
            bench.head(200)
            bench.data(#"{"error":{"message":"no","code":\#(status)}}"#)
            bench.ended()
            #expect(bench.places.told == [.failed(1, .status(status))])
            let isTriedAgain = bench.machine.asked != nil || bench.output.calls.count == 2
            #expect(isTriedAgain != (moderates && status == 403))
        }
    }

    @Test
    func aRefusedGrantEndsWithWhatThereWas() throws {
        let bench = self.bench(isStream: false)
        bench.head(200)
        bench.data("{")
        bench.ended(.resetInReply)
        #expect(bench.output.sent == [.attempt(FurtherAttempt(call: 1, number: 2, reason: .otherTarget))])
        _ = try bench.answer(false)
        #expect(bench.output.shape == "ae")
        #expect(bench.output.end?.failure?.code == "provider_connection_reset")
        #expect(bench.places.isBalanced)
    }

    // MARK: Two at the same time

    private func hedged() throws -> (MachineBench, CallMachine, CallMachine) {
        let bench = self.bench(hedgeAfter: .time(500))
        #expect(bench.machine.deadline == bench.now + 500 * 1_000_000)
        _ = bench.passDeadline()
        #expect(bench.output.sent == [.attempt(FurtherAttempt(call: 1, number: 2, reason: .hedge))])
        #expect(try bench.answer(true) == .call)
        return (bench, try #require(bench.machine.call), try #require(bench.machine.hedge))
    }

    @Test
    func whoeverHasContentFirstWins() throws {
        for secondWins in [false, true] {
            let (bench, first, second) = try self.hedged()
            let (winner, loser) = secondWins ? (second, first) : (first, second)
            for call in [first, second] {
                bench.head(200, MachineBench.events, of: call)
                bench.data(Self.role, of: call)
            }
            #expect(bench.output.shape == "a")
            #expect(bench.data(Self.text, of: winner) == .abort)
            #expect(loser.state == .over && bench.output.running.map(\.order.number) == [winner.order.number])
            // What was on its way.
            bench.data(Self.text, of: loser)
            bench.ended(.aborted, of: loser)
            bench.data(Self.rest, of: winner)
            bench.ended(of: winner)
            #expect(bench.output.body == Self.stream)
            #expect(bench.output.head?.call == (secondWins ? 1 : 0) && bench.output.head?.attempts == 2)
            let attempts = try #require(bench.output.end?.attempts)
            #expect(attempts.map(\.number) == [1, 2])
            #expect(attempts[secondWins ? 0 : 1].error == "hedge_lost")
            #expect(attempts[secondWins ? 0 : 1].billed == .unknown)
            #expect(bench.places.told.contains(.outrun(loser.order.number)))
            #expect(bench.places.isBalanced)
        }
    }

    @Test
    func whereOneFailsTheOtherAnswers() throws {
        for firstFails in [true, false] {
            let (bench, first, second) = try self.hedged()
            let (failing, other) = firstFails ? (first, second) : (second, first)
            bench.head(500, of: failing)
            bench.data(Self.error, of: failing)
            bench.ended(of: failing)
            #expect(bench.output.shape == "a" && bench.output.calls.count == 2)
            self.answers(bench, of: other)
            #expect(bench.output.body == Self.stream && bench.output.end?.failure == nil)
            #expect(bench.output.end?.attempts.map(\.status) == (firstFails ? [500, 200] : [200, 500]))
            #expect(bench.places.isBalanced)
        }
    }

    @Test
    func aCancelEndsBoth() throws {
        let (bench, _, _) = try self.hedged()
        _ = bench.cancel()
        #expect(bench.output.running.isEmpty)
        #expect(bench.output.end?.attempts.map(\.error) == ["cancelled", "cancelled"])
        #expect(bench.places.isBalanced)
        // While it is asked for.
        let asking = self.bench(hedgeAfter: .time(500))
        _ = asking.passDeadline()
        _ = asking.cancel()
        #expect(asking.places.isBalanced)
        #expect(try asking.answer(true) == .proceed)
        // The first has content meanwhile.
        let late = self.bench(hedgeAfter: .time(500))
        _ = late.passDeadline()
        late.head(200, MachineBench.events)
        late.data(Self.role + Self.text)
        #expect(try late.answer(true) == .proceed)
        #expect(late.output.calls.count == 1)
        late.data(Self.rest)
        late.ended()
        #expect(late.output.body == Self.stream && late.places.isBalanced)
    }

    // MARK: Time

    @Test
    func eachCallHasItsOwnFirstToken() throws {
        let bench = self.bench()
        let start = bench.now
        while bench.output.calls.count == 1, bench.machine.asked == nil { _ = bench.passDeadline() }
        #expect(bench.now == start + 60 * MachineBench.second)
        #expect(bench.output.outcomes.first?.error == "provider_timeout")
        #expect(bench.places.told == [.failed(1, .firstToken)])
        try self.goOn(bench, after: 1)
        bench.head(200, MachineBench.events)
        // Neither comments nor pings are content.
        for _ in 0..<5 {
            bench.now += 10 * MachineBench.second
            bench.data(": ping\n\n")
        }
        while bench.output.outcomes.count < 2 { _ = bench.passDeadline() }
        #expect(bench.now == start + 120 * MachineBench.second)
    }

    @Test
    func aReplyThatDripsFails() throws {
        let bench = self.bench(isStream: false, retries: 0)
        bench.head(200)
        let start = bench.now
        for _ in 0..<3 {
            bench.data(" ")
            bench.now += 19 * MachineBench.second
            #expect(bench.timePassed() == .proceed)
        }
        #expect(bench.machine.deadline == start + 60 * MachineBench.second)
        #expect(bench.passDeadline() == .abort)
        #expect(bench.output.end?.failure?.code == "provider_timeout")
        // Sixty bytes in any minute are enough.
        let slow = self.bench(isStream: false, retries: 0)
        slow.head(200)
        for _ in 0..<20 {
            slow.data(String(repeating: " ", count: 31))
            slow.now += 20 * MachineBench.second
            #expect(slow.timePassed() == .proceed)
        }
        #expect(!slow.machine.isOver)
    }

    // MARK: No place

    @Test
    func whereNobodyCanBeCalled() {
        let cases: [(CallStanding, String, UInt16, UInt32?)] = [
            (.breakerOpen(10_500_000_000), "provider_unavailable", 503, 11),
            (.keysCooling(60_000_000_000), "provider_rate_limited", 429, 60),
            (.keysLimited(30_000_000_000), "provider_rate_limited", 429, 30),
            (.keysOut, "provider_authentication", 502, nil),
        ]
        for (standing, code, status, after) in cases {
            let bench = MachineBench(started: false, policy: RoutePolicy(retries: 0))
            bench.places.standings = [standing]
            bench.begin()
            #expect(bench.output.shape == "e")
            let failure = bench.output.end?.failure
            #expect(failure?.code == code && failure?.status == status && failure?.retryAfter == after)
            #expect(bench.output.end?.attempts == [])
        }
    }

    @Test
    func aBusyPlaceIsWaitedFor() {
        for isRefused in [false, true] {
            let bench = MachineBench(started: false, policy: RoutePolicy(retries: 0))
            bench.places.standings = [.busy]
            bench.begin()
            #expect(bench.output.queued == [0] && bench.output.shape == "")
            if isRefused {
                bench.machine.queueRefused(retryAfter: 1_500_000_000, at: bench.now, to: bench.output)
                #expect(bench.output.end?.failure?.code == "provider_overloaded")
                #expect(bench.output.end?.failure?.status == 429 && bench.output.end?.failure?.retryAfter == 2)
            } else {
                bench.places.standings = [.free]
                bench.machine.hasTurn(at: bench.now, to: bench.output)
                #expect(bench.state == .waiting)
                _ = bench.cancel()
            }
            #expect(bench.places.isBalanced && !bench.output.hasLeftQueue)
        }
        let leaving = MachineBench(started: false)
        leaving.places.standings = [.busy]
        leaving.begin()
        _ = leaving.cancel()
        #expect(leaving.output.hasLeftQueue && leaving.machine.isOver)
    }
}
