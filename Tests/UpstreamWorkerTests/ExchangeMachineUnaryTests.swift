import Domain
import HTTPClient
import IPC
import Testing

@testable import UpstreamWorker

/// Replies that are one body, and errors.
@Suite
struct ExchangeMachineUnaryTests {
    private static let reply =
        #"{"id":"x","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}"#

    @Test
    func aReplyIsHeldUntilItIsWhole() {
        let bench = MachineBench()
        bench.head(200)
        bench.now += 2_000_000
        #expect(bench.data(String(Self.reply.prefix(20))) == .proceed)
        #expect(bench.output.sent.isEmpty)
        bench.data(String(Self.reply.dropFirst(20)))
        bench.now += 3_000_000
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(
            bench.output.head
                == ResponseHead(
                    status: 200, isStream: false, contentLength: UInt64(Self.reply.utf8.count),
                    contentType: MachineBench.json, retryAfter: Array("7".utf8),
                    providerRequestID: Array("req-1".utf8), cost: .unknown))
        #expect(bench.output.body == Self.reply)
        #expect(
            bench.output.end
                == StreamEnd(
                    usage: TokenUsage(input: 5, output: 3),
                    attempts: [
                        AttemptReport(
                            call: 0, status: 200, billed: .yes, usageSource: .provider,
                            usage: TokenUsage(input: 5, output: 3), firstContent: 2000, total: 5000)
                    ]))
        #expect(bench.machine.isOver)
    }

    @Test(arguments: ["", "<html>", "{\"a\":", "[1]", "\"x\""])
    func aGoodStatusWithoutAJSONObjectIsTheProvidersFault(_ body: String) {
        let bench = MachineBench()
        bench.head(200)
        bench.data(body)
        bench.ended()
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.code == "provider_invalid_response")
        #expect(bench.output.end?.failure?.status == 502)
        #expect(bench.output.end?.attempts.first?.error == "provider_invalid_response")
    }

    /// The defaults: first token 60 s, idle 30 s, total 600 s.
    @Test
    func onlyTheTotalBoundsAReplyThatHasNotBegun() {
        let silent = MachineBench()
        let start = silent.now
        #expect(silent.machine.deadline == start + 600 * MachineBench.second)
        #expect(silent.call.map(silent.machine.firstCheck) == start + 30 * MachineBench.second)
        silent.now += 400 * MachineBench.second
        #expect(silent.timePassed(at: silent.now) == .proceed)
        // Nor does a head that came early begin it.
        silent.head(200)
        #expect(silent.machine.deadline == start + 600 * MachineBench.second)
        silent.now += 199 * MachineBench.second
        silent.data(Self.reply)
        silent.ended()
        #expect(silent.output.body == Self.reply)

        let lost = MachineBench()
        #expect(lost.passDeadline() == .abort)
        #expect(lost.now == start + 600 * MachineBench.second)
        #expect(lost.output.end?.failure?.code == "provider_timeout")
        #expect(lost.output.end?.failure?.status == 504)
    }

    @Test
    func aReplyThatHasBegunMustGoOn() {
        for status in [200, 500] as [UInt16] {
            let bench = MachineBench()
            bench.now += 100 * MachineBench.second
            bench.head(status)
            if status == 200 { bench.data(String(Self.reply.prefix(20))) }
            #expect(bench.machine.deadline == bench.now + 30 * MachineBench.second)
            bench.now += 29 * MachineBench.second
            bench.data(" ")
            #expect(bench.machine.deadline == bench.now + 30 * MachineBench.second)
            #expect(bench.passDeadline() == .abort)
            #expect(bench.output.end?.failure?.code == "provider_timeout")
        }
    }

    @Test
    func aLargeReplyPassesWithBackPressure() throws {
        let bench = MachineBench()
        let piece = String(repeating: "a", count: 16 << 10)
        bench.head(200, length: 400 << 10)
        for _ in 0..<16 { #expect(bench.data(piece) == .proceed) }
        #expect(bench.output.sent.isEmpty)
        #expect(bench.data(piece) == .pause)
        #expect(bench.output.head?.contentLength == 400 << 10)
        #expect(bench.output.body.utf8.count == WireLimits.replyWindow)
        // The client reads: what waited goes out first, then the provider goes on.
        #expect(try bench.credit(64 << 10) == .proceed)
        #expect(bench.output.body.utf8.count == 128 << 10)
        #expect(try bench.credit(64 << 10) == .proceed)
        #expect(try bench.credit(64 << 10) == .proceed)
        #expect(try bench.credit(64 << 10) == .resume)
        #expect(bench.output.body.utf8.count == 272 << 10)
        bench.data(piece)
        bench.ended()
        #expect(bench.output.end == StreamEnd(attempts: bench.output.end?.attempts ?? []))
        #expect(bench.output.end?.usage == nil)
        #expect(bench.output.body.utf8.count == 288 << 10)
        #expect(bench.machine.isOver)
    }

    @Test
    func theEndWaitsBehindDataThatWaits() throws {
        let bench = MachineBench()
        let reply = #"{"a":""# + String(repeating: "x", count: 100 << 10) + #""}"#
        bench.head(200)
        bench.data(reply)
        bench.ended()
        #expect(bench.output.shape == "hc")
        #expect(bench.state == .flushing)
        #expect(bench.machine.deadline == bench.now + 300 * MachineBench.second)
        #expect(try bench.credit(40 << 10) == .proceed)
        #expect(bench.output.shape == "hcce")
        #expect(bench.output.body == reply)
        #expect(bench.machine.isOver)
    }

    @Test
    func aClientThatStopsReadingDoesNotHoldItsReplyForEver() throws {
        let bench = MachineBench()
        let reply = #"{"a":""# + String(repeating: "x", count: 200 << 10) + #""}"#
        bench.head(200)
        bench.data(reply)
        bench.ended()
        bench.now += 299 * MachineBench.second
        #expect(bench.timePassed(at: bench.now) == .proceed)
        #expect(try bench.credit(10 << 10) == .proceed)
        #expect(bench.machine.deadline == bench.now + 300 * MachineBench.second)
        #expect(bench.output.end == nil)
        #expect(bench.passDeadline() == .proceed)
        // Less than the whole, and it does not look whole.
        #expect(bench.output.body.utf8.count == 74 << 10)
        #expect(bench.output.end?.failure?.code == "request_timeout")
        #expect(bench.output.end?.failure?.source == .client)
        // The provider did its part.
        #expect(bench.output.end?.attempts.first?.error == "")
        #expect(bench.machine.isOver)
        #expect(bench.machine.deadline == .max)
        let sent = bench.output.sent.count
        #expect(try bench.credit(1) == .proceed)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.sent.count == sent)
    }

    @Test
    func aFailureThatWaitsForTheClientStaysWhatItIs() {
        let bench = MachineBench()
        bench.head(200, length: 1 << 20)
        for _ in 0..<17 { bench.data(String(repeating: "a", count: 16 << 10)) }
        bench.ended(.resetInReply)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.end?.failure?.code == "provider_connection_reset")
    }

    /// A reply whose end only the connection's end tells: whole only where its outermost bracket is closed.
    @Test(arguments: [
        (#""}]}"#, true), ("\"}]} \n", true), (#""}]"#, false), (#""}"#, false), (#"}]}"#, false), (#"\"}]}"#, false),
        (#"\\"}]}"#, true), ("", false),
    ])
    func aLargeReplyThatOnlyTheCloseEndsMustCloseItself(_ end: String, _ isWhole: Bool) throws {
        for endsByClose in [true, false] {
            let bench = MachineBench()
            let head = HTTPResponseHead(status: 200, contentType: MachineBench.json, endsByClose: endsByClose)
            _ = bench.head(head)
            bench.data(#"{"choices":[{"text":""# + String(repeating: "a", count: 256 << 10))
            while bench.output.body.utf8.count < 256 << 10 { _ = try bench.credit(64 << 10) }
            bench.data(end)
            bench.ended()
            while bench.output.end == nil { _ = try bench.credit(1 << 10) }
            #expect(
                bench.output.end?.failure?.code == (isWhole || !endsByClose ? nil : "provider_connection_reset"))
        }
    }

    /// Usage of a reply too large to be held is found among its last members.
    @Test(arguments: [
        (#"],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#, true),
        ("], \n \"usage\" : {\"prompt_tokens\":5,\"completion_tokens\":3} , \"id\":\"}\" } \n", true),
        // Inside another member, inside a text, and too far from the end.
        (#"],"x":{"usage":{"prompt_tokens":5,"completion_tokens":3}}}"#, false),
        (#","{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3}}"]}"#, false),
        (
            #"],"usage":{"prompt_tokens":5,"completion_tokens":3},"x":""# + String(repeating: "y", count: 65_536)
                + "\"}",
            false
        ),
        // The last that is one of the outermost members counts.
        (#"],"usage":{"prompt_tokens":5,"completion_tokens":3},"x":{"usage":{"prompt_tokens":1}}}"#, true),
        (#"],"usage":null}"#, false),
    ])
    func aLargeReplysUsageIsFoundAtItsEnd(_ end: String, _ isFound: Bool) throws {
        let bench = MachineBench()
        bench.head(200, length: 1 << 20)
        bench.data(#"{"data":[""# + String(repeating: "a", count: 260 << 10) + "\"")
        while bench.output.body.utf8.count < 260 << 10 { _ = try bench.credit(64 << 10) }
        // In two pieces, parted inside the name.
        bench.data(String(end.prefix(7)))
        bench.data(String(end.dropFirst(7)))
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(1 << 10) }
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.usage == (isFound ? TokenUsage(input: 5, output: 3) : nil))
    }

    @Test
    func aLargeReplyThatBreaksOffEndsWithAFailure() {
        let bench = MachineBench()
        bench.head(200, length: 1 << 20)
        for _ in 0..<17 { bench.data(String(repeating: "a", count: 16 << 10)) }
        bench.ended(.resetInReply)
        #expect(bench.state == .flushing)
        #expect(bench.output.head?.contentLength == 1 << 20)
        #expect(bench.output.outcomes.map(\.error) == ["provider_connection_reset"])
    }

    @Test(arguments: [400, 404, 422, 429, 500, 503])
    func aReadableErrorPassesUnchanged(_ status: UInt16) {
        let bench = MachineBench()
        let body = " \n{\"error\":{\"message\":\"no\"}}"
        bench.head(status, Array("application/octet-stream".utf8))
        bench.data(body)
        #expect(bench.output.sent.isEmpty)
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.status == status)
        #expect(bench.output.head?.contentType == Array("application/octet-stream".utf8))
        #expect(bench.output.head?.retryAfter == Array("7".utf8))
        #expect(bench.output.body == body)
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.attempts.first?.status == status)
    }

    @Test(arguments: ["", "<html>busy</html>"])
    func anUnreadableErrorKeepsItsStatus(_ body: String) {
        let bench = MachineBench()
        bench.head(503, Array("text/html".utf8))
        bench.data(body)
        bench.ended()
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.status == 503)
        #expect(bench.output.end?.failure?.retryAfter == 7)
        #expect(bench.output.end?.failure?.source == .provider)
        #expect(bench.output.end?.failure?.message.contains("503") == true)
    }

    @Test(arguments: [("0", "1", UInt32(1)), ("1500", "9", 2), ("x", "3", 3)])
    func howLongToWaitIsSaidInEitherHeader(_ milliseconds: String, _ seconds: String, _ expected: UInt32) {
        let head = HTTPResponseHead(
            status: 429, retryAfter: Array(seconds.utf8), retryAfterMilliseconds: Array(milliseconds.utf8))
        #expect(ReplyHeaders.retryAfter(head) == expected)
    }

    @Test
    func anEndlessErrorIsCutOff() {
        let bench = MachineBench()
        bench.head(500)
        var order = MachineBench.Order.proceed
        var fed = 0
        while order == .proceed && fed < 2 << 20 {
            order = bench.data("{" + String(repeating: " ", count: 65_535))
            fed += 65_536
        }
        #expect(order == .abort)
        #expect(fed == 2 * 65_536)
        #expect(bench.output.end?.failure?.status == 500)
    }

    @Test(arguments: [401, 403])
    func aRefusedKeyIsOurFault(_ status: UInt16) {
        let bench = MachineBench()
        #expect(bench.head(status) == .abort)
        #expect(bench.output.end?.failure?.code == "provider_authentication")
        #expect(bench.output.end?.failure?.status == 502)
    }

    @Test(arguments: [301, 304, 600, 999])
    func otherStatusesAreNoAnswer(_ status: UInt16) {
        let bench = MachineBench()
        #expect(bench.head(status) == .abort)
        #expect(bench.output.end?.failure?.code == "provider_invalid_response")
    }

    @Test(arguments: [
        (HTTPClientError.Kind.resolve, "provider_unreachable", 502), (.connect, "provider_unreachable", 502),
        (.tls, "provider_unreachable", 502), (.connectTimeout, "provider_timeout", 504),
        (.sendFailed, "provider_connection_reset", 502), (.resetBeforeReply, "provider_connection_reset", 502),
        (.resetInReply, "provider_connection_reset", 502), (.protocolViolation, "provider_invalid_response", 502),
        (.tooLarge, "provider_invalid_response", 502), (.aborted, "provider_connection_reset", 502),
        (.other, "provider_connection_reset", 502),
    ])
    func aFailedCallIsSaid(_ kind: HTTPClientError.Kind, _ code: String, _ status: UInt16) {
        for headCame in [false, true] {
            let bench = MachineBench()
            if headCame { bench.head(200) }
            bench.ended(kind)
            #expect(bench.output.shape == "e")
            #expect(bench.output.end?.failure?.code == code)
            #expect(bench.output.end?.failure?.status == status)
            #expect(bench.output.end?.attempts.first?.error == code)
            #expect(bench.machine.isOver)
        }
    }

    @Test
    func aBrokenErrorBodyIsAReset() {
        let bench = MachineBench()
        bench.head(500)
        bench.data("{\"err")
        bench.ended(.resetInReply)
        #expect(bench.output.end?.failure?.code == "provider_connection_reset")
    }

    @Test
    func nothingButTheEndIsSentAfterACancel() throws {
        let bench = MachineBench()
        bench.head(200)
        bench.data("{}")
        #expect(bench.cancel() == .abort)
        #expect(bench.machine.isOver)
        #expect(bench.output.shape == "e")
        bench.data("{}")
        bench.ended()
        #expect(try bench.credit(5) == .proceed)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.cancel() == .proceed)
        #expect(bench.output.shape == "e")
        #expect(bench.output.outcomes.count == 1)
    }

    @Test
    func aFailureBeforeTheCallHasNoAttempt() {
        let bench = MachineBench(started: false)
        #expect(bench.machine.deadline == .max)
        #expect(bench.fail(.damagedRequest) == .proceed)
        #expect(bench.output.end?.attempts == [])
        #expect(bench.output.end?.failure?.status == 502)
    }

    @Test
    func creditThatWasNeverSpentIsRefused() {
        let bench = MachineBench()
        #expect(throws: FrameError.windowExceeded) { try bench.credit(1) }
    }

    @Test
    func headersThatCannotBeSentAreLeftOut() {
        let bench = MachineBench()
        bench.head(
            HTTPResponseHead(
                status: 200, contentType: [0x61, 0x80], retryAfter: [], requestID: Array(repeating: 0x61, count: 1025)))
        bench.data("{}")
        bench.ended()
        #expect(bench.output.head?.contentType == MachineBench.json)
        #expect(bench.output.head?.retryAfter == nil)
        #expect(bench.output.head?.providerRequestID == nil)
    }
}
