import Dialects
import Domain
import HTTPClient
import IPC
import JSON
import Resilience
import Testing

@testable import UpstreamWorker

/// Replies that are translated: what the client gets, when, and what is said of the money.
@Suite
struct ExchangeMachineTranslatedTests {
    typealias Situation = ExchangeMachineAccountTests.Situation

    /// The forms of a reply that is translated, for the tests of every state.
    static let running: [Situation] = [
        Situation(
            name: "translated: a stream's head", form: .stream, enter: { $0.head(200, MachineBench.events) },
            billed: .unknown, estimates: (true, false), isTranslated: true),
        Situation(
            name: "translated: a stream with content", form: .stream,
            enter: {
                $0.head(200, MachineBench.events)
                $0.data(AnthropicText.silentStart + AnthropicText.blockStart + AnthropicText.text("Hi"))
            }, billed: .yes, estimates: (true, true), isTranslated: true),
        Situation(
            name: "translated: a stream whose numbers came", form: .stream,
            enter: {
                $0.head(200, MachineBench.events)
                $0.data(AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi"))
                $0.data(AnthropicText.delta)
            }, billed: .yes, estimates: (false, false), usage: TokenUsage(input: 9, output: 2), isTranslated: true),
        Situation(
            name: "translated: a part of a reply", form: .held, isStream: false,
            enter: {
                $0.head(200)
                $0.data("{\"content\":[")
            }, billed: .yes, estimates: (true, true), isTranslated: true),
        Situation(
            name: "translated: a large part of a reply", form: .held, isStream: false,
            enter: {
                $0.head(200)
                $0.data("{\"content\":[\"" + String(repeating: "x", count: 400 << 10))
            }, billed: .yes, estimates: (true, true), isTranslated: true),
        Situation(
            name: "translated: a part of an error", form: .error, isStream: false,
            enter: {
                $0.head(429)
                $0.data("{\"error\":")
            }, billed: .no, estimates: (false, false), isTranslated: true),
    ]

    private func streaming(wantsUsage: Bool = true) -> MachineBench {
        let bench = MachineBench(isStream: true, dialect: .translated(isStream: true, wantsUsage: wantsUsage))
        bench.head(200, Array("text/event-stream".utf8))
        return bench
    }

    private func unary(_ status: UInt16 = 200, type: String = "application/json") -> MachineBench {
        let bench = MachineBench(dialect: .translated(isStream: false))
        bench.head(status, Array(type.utf8))
        return bench
    }

    private func json(_ text: String) throws -> JSONValue {
        try JSONReader().read(Array(text.utf8), maximumBytes: 1 << 26)
    }

    // MARK: Streams

    @Test
    func aStreamIsWrittenAnewAndEndsWithWhatItCost() throws {
        let bench = self.streaming()
        bench.data(AnthropicText.start + AnthropicText.blockStart + AnthropicText.ping)
        #expect(bench.output.sent.isEmpty)
        bench.now += 1_000_000
        bench.data(AnthropicText.text("Hi"))
        #expect(bench.output.head?.contentType == ReplyHeaders.eventStream)
        #expect(bench.output.head?.retryAfter == nil)
        #expect(bench.output.head?.providerRequestID == Array("req-1".utf8))
        #expect(bench.output.body.contains("\"Hi\""))
        #expect(!bench.output.body.contains("message_start"))
        bench.data(AnthropicText.blockStop + AnthropicText.delta + AnthropicText.stop)
        // The end is the gateway's to write, with the call's numbers.
        #expect(!bench.output.body.contains("[DONE]") && bench.output.outcomes.isEmpty)
        bench.ended()
        #expect(bench.output.body.hasSuffix("data: [DONE]\n\n"))
        #expect(bench.output.body.contains("\"total_tokens\":11"))
        #expect(!bench.output.body.contains("estimated"))
        let end = try #require(bench.output.end)
        #expect(end.failure == nil && end.finish == .stop && end.usage == TokenUsage(input: 9, output: 2))
        #expect(end.attempts.first?.firstContent == 1000)
        #expect(bench.output.shape.hasPrefix("hc") && bench.output.shape.hasSuffix("ce"))
    }

    @Test
    func everySplitGivesTheSame() {
        let whole = self.streaming()
        whole.data(AnthropicText.stream)
        whole.ended()
        #expect(whole.output.end?.failure == nil)
        let bytes = Array(AnthropicText.stream.utf8)
        for split in 1..<bytes.count {
            let bench = self.streaming()
            bench.data(Array(bytes[..<split]))
            bench.data(Array(bytes[split...]))
            bench.ended()
            #expect(bench.output.body == whole.output.body)
            #expect(bench.output.end == whole.output.end)
        }
    }

    @Test
    func numbersThatNobodyToldAreEstimatedAndSaySo() {
        let bench = self.streaming()
        bench.output.estimate = TokenUsage(input: 3, output: 4)
        bench.data(
            AnthropicText.silentStart + AnthropicText.blockStart + AnthropicText.text("Hi") + AnthropicText.blockStop
                + AnthropicText.silentDelta + AnthropicText.stop)
        bench.ended()
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.end?.usage == TokenUsage(input: 3, output: 4))
        #expect(bench.output.body.contains("\"total_tokens\":7"))
        #expect(bench.output.body.contains("\"estimated\":true"))
    }

    @Test
    func aProviderThatStaysAfterItsEndIsNotWaitedForLong() {
        let bench = self.streaming()
        bench.data(AnthropicText.stream)
        #expect(bench.output.end == nil)
        #expect(bench.machine.deadline == bench.now + CallMachine.farewell)
        #expect(bench.passDeadline() == .abort)
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.body.hasSuffix("data: [DONE]\n\n"))
        #expect(bench.machine.isOver)
    }

    @Test(arguments: [HTTPClientError.Kind.resetInReply, nil])
    func aStreamThatIsCutIsNotWhole(_ kind: HTTPClientError.Kind?) {
        let parts = [
            AnthropicText.start, AnthropicText.blockStart, AnthropicText.text("Hi"), AnthropicText.blockStop,
        ]
        for count in 0...parts.count {
            let bench = self.streaming()
            bench.data(parts[..<count].joined())
            bench.data("event: content_block_delta\ndata: {\"ty")
            bench.ended(kind)
            let hasContent = count > 2
            #expect(
                bench.output.end?.failure?.code
                    == (kind == nil ? "provider_invalid_response" : "provider_connection_reset"))
            #expect((bench.output.head == nil) == !hasContent)
            #expect(!bench.output.body.contains("[DONE]") && !bench.output.body.contains("finish_reason\":\""))
            #expect(bench.output.outcomes.map(\.evidence.hasContent) == [hasContent])
        }
    }

    @Test
    func anErrorBeforeAnyContentIsTheReply() throws {
        let bench = self.streaming()
        #expect(bench.data(AnthropicText.start + AnthropicText.error) == .abort)
        let head = try #require(bench.output.head)
        #expect(!head.isStream && head.status >= 500 && head.status != 529)
        #expect(head.contentType == MachineBench.json)
        #expect(head.contentLength == UInt64(bench.output.body.utf8.count))
        #expect(try self.json(bench.output.body)["error"]?["message"]?.string == Array("Overloaded".utf8))
        #expect(bench.output.end?.failure == nil)
        let outcome = try #require(bench.output.outcomes.first)
        #expect(outcome.error == "provider_error" && outcome.evidence.saysError)
        #expect(bench.machine.isOver)
    }

    @Test
    func anErrorBehindContentEndsTheStream() throws {
        let bench = self.streaming()
        bench.data(AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi"))
        #expect(bench.data(AnthropicText.error + AnthropicText.stop) == .abort)
        let failure = try #require(bench.output.end?.failure)
        #expect(failure.message == "Overloaded" && failure.source == .provider)
        #expect(!bench.output.body.contains("[DONE]"))
        #expect(bench.output.outcomes.map(\.error) == ["provider_error"])
        #expect(bench.output.outcomes.map(\.evidence.billed) == [.yes])
    }

    @Test
    func anErrorBehindAHeadThatWentOutForSilenceIsAFailure() {
        let event = self.streaming()
        #expect(event.passDeadline() == .proceed)
        #expect(event.data(AnthropicText.error) == .abort)
        #expect(event.output.shape == "hce" && event.output.end?.failure?.message == "Overloaded")
        let status = MachineBench(isStream: true, dialect: .translated(isStream: true))
        #expect(status.passDeadline() == .proceed)
        status.head(529)
        status.data(#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)
        status.ended()
        #expect(status.output.shape == "hce" && status.output.end?.failure?.message == "Overloaded")
        #expect(status.output.end?.failure?.status == 503)
    }

    @Test
    func eventsThatAreNoneOfTheDialectFailTheCall() {
        let before = self.streaming()
        #expect(before.data("data: nonsense\n\n") == .abort)
        #expect(before.output.shape == "e" && before.output.end?.failure?.code == "provider_invalid_response")
        let after = self.streaming()
        after.data(AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi"))
        #expect(after.data("data: nonsense\n\n") == .abort)
        #expect(after.output.end?.failure?.code == "provider_invalid_response")
    }

    @Test
    func aWindowThatIsFullPausesTheCall() throws {
        let bench = self.streaming()
        bench.data(AnthropicText.start + AnthropicText.blockStart)
        let long = String(repeating: "x", count: 16_000)
        var order = MachineBench.Order.proceed
        while order == .proceed { order = bench.data(AnthropicText.text(long)) }
        #expect(order == .pause)
        #expect(bench.output.bytes.count == WireLimits.replyWindow)
        #expect(bench.machine.commentDue == .max)
        #expect(try bench.credit(WireLimits.replyWindow / 2) == .resume)
        bench.data(AnthropicText.blockStop + AnthropicText.delta + AnthropicText.stop)
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(1 << 10) }
        #expect(bench.output.body.hasSuffix("data: [DONE]\n\n"))
        #expect(bench.output.end?.failure == nil)
    }

    @Test
    func aClientThatStopsReadingTheLastOfItIsGivenUp() {
        let bench = self.streaming()
        bench.data(AnthropicText.start + AnthropicText.blockStart)
        #expect(bench.data(AnthropicText.text(String(repeating: "x", count: 80_000))) == .pause)
        bench.data(AnthropicText.blockStop + AnthropicText.delta + AnthropicText.stop)
        bench.ended()
        #expect(bench.state == .flushing)
        #expect(bench.output.outcomes.count == 1)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.end?.failure?.code == "request_timeout")
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
    }

    @Test
    func theDeadlinesOfASilentProvider() {
        let bench = self.streaming()
        let began = bench.now
        #expect(bench.machine.deadline == began + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == ": keep-alive\n\n")
        // Pings are no content, and no silence of the provider's either.
        bench.data(AnthropicText.start + AnthropicText.ping)
        #expect(bench.timePassed(at: began + 59 * MachineBench.second) == .proceed)
        bench.now = began + 59 * MachineBench.second
        bench.data(AnthropicText.blockStart + AnthropicText.text("Hi"))
        #expect(bench.machine.deadline == bench.now + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body.hasSuffix("\n\n: keep-alive\n\n"))
        #expect(bench.passDeadline() == .abort)
        #expect(bench.output.end?.failure?.code == "provider_timeout")
    }

    // MARK: Whole replies

    @Test
    func aWholeReplyIsWrittenAnew() throws {
        let bench = self.unary(type: "application/vnd.test")
        bench.data(AnthropicText.reply("Hi"))
        #expect(bench.output.sent.isEmpty)
        bench.ended()
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.contentType == MachineBench.json)
        #expect(bench.output.head?.contentLength == UInt64(bench.output.body.utf8.count))
        let reply = try self.json(bench.output.body)
        #expect(reply["choices"]?.array?.first?["message"]?["content"]?.string == Array("Hi".utf8))
        #expect(reply["usage"]?["total_tokens"] == .integer(11))
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
        #expect(bench.output.end?.finish == .stop)
        #expect(bench.output.outcomes.map(\.evidence.billed) == [.yes])
    }

    @Test
    func aLargeReplyIsHeldAsLongAsThereIsMemory() throws {
        let text = String(repeating: "x", count: 3 << 20)
        let whole = self.unary()
        whole.data(AnthropicText.reply(text))
        #expect(whole.output.sent.isEmpty && whole.output.reserved >= 2 << 20)
        whole.ended()
        while whole.output.end == nil { _ = try whole.credit(32 << 10) }
        #expect(whole.output.bytes.count > 3 << 20)
        #expect(whole.output.end?.failure == nil)

        let poor = self.unary()
        poor.output.memory = 1 << 20
        #expect(poor.data(AnthropicText.reply(text)) == .abort)
        #expect(poor.output.end?.failure?.code == "gateway_unavailable")

        let endless = self.unary()
        let piece = [UInt8](repeating: 0x20, count: 1 << 20)
        var order = MachineBench.Order.proceed
        var fed = 0
        while order == .proceed, fed < 64 << 20 {
            order = endless.data(piece)
            fed += piece.count
        }
        #expect(order == .abort && fed == (32 << 20) + piece.count)
        #expect(endless.output.end?.failure?.code == "provider_invalid_response")
        #expect(endless.output.reserved <= 32 << 20)
    }

    @Test(arguments: ["<html>", "", "[]", "{}", #"{"content":7}"#])
    func whatIsNoReplyIsAFailure(_ body: String) {
        let bench = self.unary()
        bench.data(body)
        bench.ended()
        #expect(bench.output.shape == "e")
        #expect(bench.output.end?.failure?.code == "provider_invalid_response")
        #expect(bench.output.outcomes.map(\.evidence.billed) == [.unknown])
    }

    @Test
    func anErrorInsideASuccessIsAnError() throws {
        let bench = self.unary()
        bench.data(#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"#)
        bench.ended()
        #expect((bench.output.head?.status ?? 0) >= 400)
        #expect(try self.json(bench.output.body)["error"]?["message"]?.string == Array("Slow down".utf8))
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.outcomes.map(\.evidence.billed) == [.no])
        #expect(bench.output.outcomes.map(\.error) == ["provider_error"])
    }

    @Test
    func eventsThatWereNotAskedForAreNoReply() {
        let bench = MachineBench(dialect: .translated(isStream: false))
        #expect(bench.head(200, MachineBench.events) == .abort)
        #expect(bench.output.end?.failure?.code == "provider_invalid_response")
    }

    @Test
    func aWholeReplyToAStreamRequestIsOne() {
        let bench = MachineBench(isStream: true, dialect: .translated(isStream: true))
        bench.head(200)
        bench.data(AnthropicText.reply("Hi"))
        bench.ended()
        #expect(bench.output.shape == "hce" && bench.output.head?.isStream == false)
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
    }

    // MARK: Errors

    @Test(arguments: [
        (UInt16(400), "invalid_request_error", UInt16(400)), (429, "rate_limit_error", 429), (500, "api_error", 500),
        (529, "overloaded_error", 503),
    ])
    func anErrorIsToldInTheWordsOfTheFrontDoor(_ status: UInt16, _ type: String, _ expected: UInt16) throws {
        let bench = self.unary(status, type: "text/plain")
        bench.data(#"{"type":"error","error":{"type":"\#(type)","message":"No"},"request_id":"r"}"#)
        bench.ended()
        #expect(bench.output.head?.status == expected)
        #expect(bench.output.head?.contentType == MachineBench.json)
        #expect(bench.output.head?.retryAfter == Array("7".utf8))
        let error = try #require(try self.json(bench.output.body)["error"])
        #expect(error["message"]?.string == Array("No".utf8))
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.outcomes.map(\.evidence.status) == [status])
        #expect(bench.output.outcomes.map(\.evidence.billed) == [.no])
        #expect(bench.output.outcomes.map(\.error) == [nil])
    }

    @Test
    func anErrorThatNobodyCanReadKeepsItsStatus() throws {
        for body in ["<html>", ""] {
            let bench = self.unary(503)
            bench.data(body)
            bench.ended()
            #expect(bench.output.head?.status == 503)
            #expect(try self.json(bench.output.body)["error"]?["message"]?.string != nil)
        }
        let endless = self.unary(500)
        #expect(endless.data([UInt8](repeating: 0x20, count: 65 << 10)) == .abort)
        #expect(endless.output.end?.failure?.status == 500)
    }

    @Test(arguments: [UInt16(401), 403])
    func refusedCredentialsAreTheGatewaysFault(_ status: UInt16) {
        let bench = MachineBench(dialect: .translated(isStream: false))
        #expect(bench.head(status) == .abort)
        #expect(bench.output.end?.failure?.code == "provider_authentication")
    }

    /// The key is at fault, though the client is told 502.
    @Test
    func refusedCredentialsInsideASuccessAreTheKeys() {
        let bench = self.unary(200)
        bench.data(#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#)
        bench.ended()
        #expect(bench.places.told == [.failed(1, .status(401))])
        let told: String = bench.output.end?.failure?.code ?? bench.output.body
        #expect(told.contains("provider_authentication"))
    }

    // MARK: Before the call

    private func preparing(isStream: Bool = false) -> MachineBench {
        let bench = MachineBench(
            isStream: isStream, started: false, dialect: .translated(isStream: isStream))
        bench.output.started = nil
        bench.begin()
        return bench
    }

    @Test
    func whatIsPreparedIsCalledLater() {
        let bench = self.preparing()
        let began = bench.now
        #expect(bench.machine.deadline == began + 600 * MachineBench.second)
        bench.now += MachineBench.second
        bench.startCall()
        #expect(bench.state == .waiting)
        // The request's time began with the preparation, the attempt's with the call.
        #expect(bench.machine.deadline == began + 600 * MachineBench.second)
        bench.head(200)
        bench.data(AnthropicText.reply("Hi"))
        bench.ended()
        #expect(bench.output.end?.attempts.map(\.total) == [0])
    }

    @Test
    func whileItIsPreparedARequestCanEndWithoutAnyAttempt() throws {
        let cancelled = self.preparing()
        #expect(cancelled.cancel() == .proceed)
        let late = self.preparing()
        #expect(late.passDeadline() == .proceed)
        let drained = self.preparing()
        #expect(drained.fail(.draining) == .proceed)
        let refused = self.preparing()
        let error = GatewayError(
            code: "invalid_image", type: "invalid_request_error", status: 400, source: .client, message: "no")
        #expect(refused.fail(.refused(error)) == .proceed)
        #expect(refused.output.end?.failure == error)
        let codes = ["cancelled", "provider_timeout", "gateway_draining", "invalid_image"]
        for (bench, code) in zip([cancelled, late, drained, refused], codes) {
            #expect(bench.output.shape == "e")
            #expect(bench.output.end?.failure?.code == code)
            #expect(bench.output.end?.attempts == [])
            #expect(bench.output.outcomes.isEmpty && bench.machine.isOver)
            bench.startCall()
            #expect(bench.machine.isOver)
            #expect(throws: FrameError.unexpectedType(.grant)) { try bench.answer(true) }
        }
    }

    @Test
    func aStreamThatIsPreparedForLongIsCommented() {
        let bench = self.preparing(isStream: true)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.shape == "hc" && bench.state == .preparing)
        bench.startCall()
        bench.head(200, MachineBench.events)
        bench.data(AnthropicText.stream)
        bench.ended()
        #expect(bench.output.end?.failure == nil)
        #expect(bench.output.body.hasPrefix(": keep-alive\n\n"))
    }

    @Test
    func whatIsAnsweredHereNeedsNoCall() throws {
        let bench = self.preparing()
        let call = try #require(bench.call)
        bench.machine.answer(call, Array(#"{"input_tokens":3}"#.utf8), at: bench.now, to: bench.output)
        #expect(bench.output.shape == "hce")
        #expect(bench.output.head?.status == 200 && bench.output.head?.contentLength == 18)
        #expect(bench.output.head?.attempts == 0)
        #expect(bench.output.end?.failure == nil && bench.output.end?.attempts == [])
        #expect(bench.output.outcomes.isEmpty && bench.machine.isOver)
        #expect(bench.places.isBalanced)
        bench.machine.answer(call, [], at: bench.now, to: bench.output)
        #expect(bench.output.shape == "hce")
    }
}
