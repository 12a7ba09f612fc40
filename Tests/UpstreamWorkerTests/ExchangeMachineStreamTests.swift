import Domain
import HTTPClient
import IPC
import Testing

@testable import UpstreamWorker

/// Replies that are event streams.
@Suite
struct ExchangeMachineStreamTests {
    private static let role =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    private static let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
    private static let stop =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    private static let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n"
    private static let done = "data: [DONE]\n\n"

    private func streaming(askedForUsage: Bool = false, _ type: [UInt8]? = MachineBench.events) -> MachineBench {
        let bench = MachineBench(isStream: true, askedForUsage: askedForUsage)
        bench.head(200, type)
        return bench
    }

    @Test
    func theHeadWaitsForContentAndEverythingPasses() {
        let bench = self.streaming()
        bench.data(Self.role)
        #expect(bench.output.sent.isEmpty)
        bench.now += 1_000_000
        bench.data(Self.text)
        #expect(bench.output.head?.isStream == true)
        #expect(bench.output.head?.contentLength == nil)
        #expect(bench.output.head?.contentType == MachineBench.events)
        #expect(bench.output.body == Self.role + Self.text)
        bench.data(Self.stop + Self.usage + Self.done)
        bench.ended()
        #expect(bench.output.body == Self.role + Self.text + Self.stop + Self.usage + Self.done)
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
        #expect(bench.output.end?.attempts.first?.firstContent == 1000)
    }

    @Test
    func onlyTheUsageChunkThatSluiceAskedForIsTakenOut() {
        let bench = self.streaming(askedForUsage: true)
        bench.data(Self.role + Self.text + Self.stop + Self.usage + Self.done)
        bench.ended()
        #expect(bench.output.body == Self.role + Self.text + Self.stop + Self.done)
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
    }

    @Test(arguments: [true, false])
    func aStreamWithoutItsEndIsNotWhole(_ resets: Bool) {
        let bench = self.streaming()
        bench.data(Self.role + Self.text)
        bench.ended(resets ? .resetInReply : nil)
        #expect(bench.output.body == Self.role + Self.text)
        #expect(
            bench.output.end?.failure?.code == (resets ? "provider_connection_reset" : "provider_invalid_response"))
        #expect(bench.output.shape == "hce" || bench.output.shape == "hcce")
    }

    @Test
    func aProviderThatKeepsItsConnectionOpenAfterDoneHasSaidAll() {
        let bench = self.streaming()
        bench.data(Self.role + Self.text + Self.stop + Self.done)
        #expect(bench.passDeadline() == .abort)
        #expect(bench.output.body == Self.role + Self.text + Self.stop + Self.done)
        #expect(bench.output.end?.failure == nil)
        #expect(bench.machine.isOver)
    }

    @Test
    func aStreamEndsWithAFinishReasonWithoutDone() {
        let bench = self.streaming()
        bench.data(Self.text + Self.stop)
        bench.ended()
        #expect(bench.output.end?.failure == nil)
    }

    @Test
    func aResetAfterDoneCostsNothingAndBeforeItTheReply() {
        let after = self.streaming()
        after.data(Self.text + Self.stop + Self.done)
        after.ended(.resetInReply)
        #expect(after.output.end?.failure == nil)
        let before = self.streaming()
        before.data(Self.text + Self.stop)
        before.ended(.resetInReply)
        #expect(before.output.end?.failure?.code == "provider_connection_reset")
    }

    @Test
    func aResetBeforeContentLeavesTheStatusOpen() {
        for kind in [HTTPClientError.Kind.resetInReply, nil] {
            let bench = self.streaming()
            bench.data(Self.role)
            bench.ended(kind)
            #expect(bench.output.shape == "e")
            #expect(bench.output.end?.failure?.status == 502)
        }
    }

    @Test
    func aStreamThatStopsInsideAnEventEndsBehindTheLastWholeOne() {
        let bench = self.streaming()
        bench.data(Self.text + "data: {\"choi")
        bench.ended(.resetInReply)
        #expect(bench.output.body == Self.text)
        #expect(bench.output.end?.failure != nil)
    }

    @Test
    func anEventThatIsNotJSONBeforeContentFailsTheCall() {
        let bench = self.streaming()
        #expect(bench.data("data: nonsense\n\n") == .abort)
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.code == "provider_invalid_response")
    }

    @Test
    func anErrorEventOfTheProviderPassesAndEndsTheStream() {
        let bench = self.streaming()
        let event = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"
        bench.data(Self.text + event)
        bench.ended()
        #expect(bench.output.body == Self.text + event)
        #expect(bench.output.end?.failure == nil)
    }

    @Test
    func afterFifteenSecondsTheHeadGoesOutWithAComment() {
        let bench = self.streaming()
        bench.data(Self.role)
        let start = bench.now
        #expect(bench.machine.deadline == start + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.shape == "hc")
        #expect(bench.output.head?.isStream == true)
        #expect(bench.output.body == ": keep-alive\n\n")
        #expect(bench.machine.deadline == start + 30 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.shape == "hcc")
        #expect(bench.machine.deadline == start + 45 * MachineBench.second)
        bench.data(Self.text + Self.done)
        bench.ended()
        #expect(bench.output.shape.hasPrefix("hccc"))
        #expect(bench.output.body == ": keep-alive\n\n: keep-alive\n\n" + Self.role + Self.text + Self.done)
        #expect(bench.output.end?.failure == nil)
    }

    @Test
    func theHeadGoesOutEvenIfTheProviderHasSaidNothing() {
        let bench = MachineBench(isStream: true)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.head == ResponseHead(status: 200, isStream: true, contentType: ReplyHeaders.eventStream))
        // Whatever is no stream can now only be an error.
        bench.head(429)
        bench.data("{\"error\":{}}")
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.end?.failure?.status == 429)
        let unary = MachineBench(isStream: true)
        _ = unary.passDeadline()
        unary.head(200)
        #expect(unary.data("{\"choices\":[]}") == .abort)
        #expect(unary.output.end?.failure?.code == "provider_invalid_response")
    }

    @Test
    func aJSONAnswerToAStreamRequestIsAUnaryReply() {
        let bench = self.streaming(MachineBench.json)
        bench.data("{\"choices\":[],")
        #expect(bench.form == .held)
        bench.data("\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.isStream == false)
        #expect(bench.output.end?.usage == TokenUsage(input: 1, output: 1))
    }

    @Test(arguments: ["application/json", "text/plain", ""])
    func aStreamUnderAnotherNameIsAStream(_ type: String) {
        let bench = self.streaming(type.isEmpty ? nil : Array(type.utf8))
        bench.data("\n" + Self.text)
        #expect(bench.output.head?.isStream == true)
        #expect(bench.output.head?.contentType == ReplyHeaders.eventStream)
        #expect(bench.output.body == "\n" + Self.text)
    }

    @Test
    func aCongestedLinkPausesUntilBothItAndTheWindowHaveRoom() throws {
        let bench = self.streaming()
        bench.output.isCongested = true
        #expect(bench.data(Self.text) == .pause)
        // What came nevertheless is passed on, and credit alone changes nothing.
        #expect(bench.data(Self.text) == .pause)
        #expect(try bench.credit(Self.text.utf8.count) == .proceed)
        #expect(bench.machine.isPaused)
        bench.output.isCongested = false
        #expect(bench.linkRelieved() == .resume)
        #expect(bench.linkRelieved() == .proceed)
        #expect(bench.output.body == Self.text + Self.text)

        let event =
            "data: {\"choices\":[{\"delta\":{\"content\":\"" + String(repeating: "x", count: 70_000) + "\"}}]}\n\n"
        #expect(bench.data(event) == .pause)
        #expect(bench.linkRelieved() == .proceed)
        #expect(try bench.credit(WireLimits.replyWindow / 2) == .resume)
        bench.output.isCongested = true
        #expect(bench.data(Self.text) == .pause)
        _ = bench.cancel()
        bench.output.isCongested = false
        #expect(bench.linkRelieved() == .proceed)
    }

    @Test
    func aFullWindowPausesAndSilenceIsThenNotTheProvidersFault() throws {
        let bench = self.streaming()
        let start = bench.now
        let event =
            "data: {\"choices\":[{\"delta\":{\"content\":\"" + String(repeating: "x", count: 16_000) + "\"}}]}\n\n"
        var order = MachineBench.Order.proceed
        var fed = 0
        while order == .proceed {
            order = bench.data(event)
            fed += event.utf8.count
        }
        #expect(order == .pause)
        #expect(bench.output.body.utf8.count == WireLimits.replyWindow)
        #expect(bench.machine.deadline == start + 600 * MachineBench.second)
        bench.now += 100 * MachineBench.second
        #expect(bench.timePassed(at: bench.now) == .proceed)
        #expect(try bench.credit(WireLimits.replyWindow / 2) == .resume)
        #expect(bench.output.body.utf8.count == fed)
        #expect(bench.machine.deadline == bench.now + 15 * MachineBench.second)
    }

    @Test
    func aFailureWaitsBehindTheContentThatWaits() throws {
        let bench = self.streaming()
        let event =
            "data: {\"choices\":[{\"delta\":{\"content\":\"" + String(repeating: "x", count: 80_000) + "\"}}]}\n\n"
        #expect(bench.data(event) == .pause)
        bench.ended(.resetInReply)
        #expect(bench.output.end == nil)
        #expect(try bench.credit(WireLimits.replyWindow) == .proceed)
        #expect(bench.output.body == event)
        #expect(bench.output.end?.failure?.code == "provider_connection_reset")
    }

    @Test
    func theDeadlinesOfASilentProvider() {
        let first = MachineBench(isStream: true)
        let began = first.now
        // The head and a comment go out, and are no content.
        #expect(first.passDeadline() == .proceed)
        #expect(first.machine.deadline == began + 30 * MachineBench.second)
        #expect(first.timePassed(at: began + 59 * MachineBench.second) == .proceed)
        #expect(first.machine.deadline == began + 60 * MachineBench.second)
        #expect(first.passDeadline() == .abort)
        #expect(first.output.end?.failure?.code == "provider_timeout")
        #expect(first.output.end?.failure?.status == 504)

        let idle = self.streaming()
        idle.data(Self.text)
        idle.now += 20 * MachineBench.second
        idle.data(Self.text)
        let silent = idle.now
        #expect(idle.machine.deadline == silent + 15 * MachineBench.second)
        #expect(idle.passDeadline() == .proceed)
        #expect(idle.machine.deadline == silent + 30 * MachineBench.second)
        #expect(idle.passDeadline() == .abort)
        #expect(idle.output.shape.hasSuffix("e"))
        #expect(idle.output.end?.failure?.code == "provider_timeout")

        let total = MachineBench(
            isStream: true, timeouts: ProviderTimeouts(firstToken: 5000, idle: 5000, total: 8000))
        let start = total.now
        total.head(200, MachineBench.events)
        for _ in 0..<7 {
            total.now += MachineBench.second
            total.data(Self.text)
        }
        #expect(total.machine.deadline == start + 8 * MachineBench.second)
        #expect(total.passDeadline() == .abort)
        #expect(total.output.end?.failure?.status == 504)
    }

    @Test
    func aTimeoutBeforeTheHeadHoldLeavesTheStatusOpen() {
        let bench = MachineBench(
            isStream: true, timeouts: ProviderTimeouts(firstToken: 2000, idle: 2000, total: 8000))
        #expect(bench.passDeadline() == .abort)
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.status == 504)
    }

    @Test
    func timeoutsThatOverflowNeverPass() {
        let bench = MachineBench(
            timeouts: ProviderTimeouts(firstToken: .max, idle: .max, total: .max))
        #expect(bench.machine.deadline == .max)
    }

    @Test
    func aSilentStreamIsCommented() throws {
        let bench = self.streaming()
        let comment = ": keep-alive\n\n"
        bench.data(Self.text)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == Self.text + comment)
        // Half an event waits for its end, so that a comment may go before it.
        bench.data("data: {\"choices\":")
        #expect(bench.machine.deadline == bench.now + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == Self.text + comment + comment)
        bench.data("[]}\n\n")
        #expect(bench.machine.deadline == bench.now + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == Self.text + comment + comment + "data: {\"choices\":[]}\n\n" + comment)
        // A client that does not read is not written to.
        bench.output.isCongested = true
        #expect(bench.data(Self.text) == .pause)
        let sent = bench.output.bytes.count
        _ = bench.timePassed(at: bench.now + 100 * MachineBench.second)
        #expect(bench.output.bytes.count == sent)
        // The provider has said all: nothing has to be shown any more.
        let done = self.streaming()
        done.data(Self.text + Self.done)
        #expect(done.machine.deadline == done.now + 30 * MachineBench.second)
        // Sluice's usage chunk is held back, and the comment goes between the events that passed.
        let asked = self.streaming(askedForUsage: true)
        asked.data(Self.text + "data: {\"choices\":")
        #expect(asked.passDeadline() == .proceed)
        #expect(asked.output.body == Self.text + comment)
        // Whole replies have no room for comments.
        let unary = MachineBench()
        unary.head(200)
        unary.data("{")
        #expect(unary.machine.deadline == unary.now + 30 * MachineBench.second)
    }

    /// The bytes of a stream come in any pieces: the client gets the same.
    @Test
    func everySplitGivesTheSame() {
        let whole = Self.role + Self.text + Self.stop + Self.usage + Self.done
        for split in 1..<whole.utf8.count {
            let bench = self.streaming(askedForUsage: true)
            bench.data(String(whole.prefix(split)))
            bench.data(String(whole.dropFirst(split)))
            bench.ended()
            #expect(bench.output.body == Self.role + Self.text + Self.stop + Self.done)
            #expect(bench.output.end?.failure == nil)
        }
    }
}
