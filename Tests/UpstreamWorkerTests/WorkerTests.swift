import Domain
import HTTPClient
import IPC
import Platform
import Testing

@testable import UpstreamWorker

/// The worker from an edge's link to a provider over real sockets, all on one loop.
@Suite(.serialized)
struct WorkerTests {
    private static let reply =
        #"{"id":"x","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}"#
    private static let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
    private static let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    private static let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n"
    private static let streamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    @Test
    func aUnaryRequestGoesThereAndBack() throws {
        var seen: TestServer.Request?
        let pair = try WorkerPair { connection, request in
            seen = request
            connection.reply(Self.reply, headers: "X-Request-Id: up-1\r\nSet-Cookie: a=b\r\n")
        }
        let stream = pair.worker.request(
            #"{"model":"alias","messages":[]}"#,
            splices: [BodySplice(offset: 9, removed: 7, replacement: Array("\"real\"".utf8))])
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        let reply = pair.worker.reply(stream)
        #expect(reply.text == Self.reply)
        #expect(reply.head?.status == 200)
        #expect(reply.head?.contentLength == UInt64(Self.reply.utf8.count))
        #expect(reply.head?.providerRequestID == Array("up-1".utf8))
        #expect(reply.end?.failure == nil)
        #expect(reply.end?.usage == TokenUsage(input: 5, output: 3))
        #expect(reply.end?.attempts.count == 1)
        #expect(seen.map { String(decoding: $0.body, as: UTF8.self) } == #"{"model":"real","messages":[]}"#)
        let lines = (seen?.lines ?? []).map { $0.lowercased() }
        #expect(
            Set(lines) == [
                "post /v1/chat/completions http/1.1", "host: 127.0.0.1:\(pair.provider.port)",
                "content-type: application/json", "accept: application/json", "authorization: bearer sk-1",
                "accept-encoding: identity", "user-agent: sluice/\(SluiceVersion.current)", "x-team: blue",
                "x-client-request-id: \(RecordID(high: 7, low: stream))-1", "content-length: 30",
            ])
        #expect(lines.count == 10)
        #expect(pair.worker.services.active == 0)
    }

    @Test
    func aStreamPassesPieceByPiece() throws {
        var provider: TestServer.Connection?
        let pair = try WorkerPair { connection, _ in
            provider = connection
            connection.send(Self.streamHead + Self.chunk(Self.text))
        }
        let stream = pair.worker.request("{}", isStream: true, askedForUsage: true)
        #expect(try pair.run { pair.worker.reply(stream).chunks == 1 })
        #expect(pair.worker.reply(stream).head?.isStream == true)
        provider?.send(Self.chunk(Self.text))
        #expect(try pair.run { pair.worker.reply(stream).chunks == 2 })
        provider?.send(Self.chunk(Self.stop + Self.usage + "data: [DONE]\n\n") + "0\r\n\r\n")
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        let reply = pair.worker.reply(stream)
        #expect(reply.text == Self.text + Self.text + Self.stop + "data: [DONE]\n\n")
        #expect(reply.end?.failure == nil)
        #expect(reply.end?.usage == TokenUsage(input: 9, output: 2))
        #expect(reply.framesAfterEnd == 0)
    }

    @Test
    func aCancelClosesTheProvidersConnection() throws {
        let pair = try WorkerPair { connection, _ in connection.send(Self.streamHead + Self.chunk(Self.text)) }
        let stream = pair.worker.request("{}", isStream: true)
        let other = pair.worker.request("{}", isStream: true)
        #expect(
            try pair.run { pair.worker.reply(stream).chunks == 1 && pair.worker.reply(other).chunks == 1 })
        pair.worker.cancel(stream)
        #expect(try pair.run { pair.provider.closed == 1 })
        try pair.settle()
        #expect(pair.worker.reply(stream).end?.failure?.code == "cancelled")
        #expect(pair.worker.reply(stream).ends == 1)
        #expect(pair.worker.services.active == 1)
        // The edge goes away altogether.
        pair.worker.loseLink()
        #expect(try pair.run { pair.provider.closed == 2 })
        #expect(pair.worker.services.active == 0)
        #expect(pair.worker.edge == nil)
    }

    @Test
    func aSlowClientHoldsTheProviderBackAndNobodyElse() throws {
        let event =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + String(repeating: "x", count: 1000)
            + "\"}}]}\n\n"
        let count = 4000
        let pair = try WorkerPair { connection, request in
            guard request.body.count > 5 else { return connection.reply(Self.reply) }
            connection.send(Self.streamHead)
            for _ in 0..<count { connection.send(Self.chunk(event)) }
            connection.send(Self.chunk("data: [DONE]\n\n") + "0\r\n\r\n")
        }
        pair.worker.returnsCredit = false
        let slow = pair.worker.request("{\"a\":1}", isStream: true)
        #expect(try pair.run { pair.worker.reply(slow).body.count == WireLimits.replyWindow })
        try pair.settle()
        #expect(pair.worker.reply(slow).body.count == WireLimits.replyWindow)
        let sent = pair.provider.connections.values.map(\.sent).reduce(0, +)
        #expect(sent < count * event.utf8.count)
        let quick = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(quick).end != nil })
        pair.worker.returnsCredit = true
        pair.worker.credit(slow, WireLimits.replyWindow)
        #expect(try pair.run { pair.worker.reply(slow).end != nil })
        #expect(pair.worker.reply(slow).end?.failure == nil)
        #expect(pair.worker.reply(slow).body.count == count * event.utf8.count + 14)
    }

    @Test
    func anEdgeThatDoesNotReadHoldsTheProvidersBack() throws {
        let event =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + String(repeating: "x", count: 1000)
            + "\"}}]}\n\n"
        let count = 50
        let streams = 200
        let pair = try WorkerPair { connection, _ in
            connection.send(Self.streamHead)
            for _ in 0..<count { connection.send(Self.chunk(event)) }
            connection.send(Self.chunk("data: [DONE]\n\n") + "0\r\n\r\n")
        }
        try pair.settle()
        try pair.worker.reads(false)
        let all = (0..<streams).map { _ in pair.worker.request("{\"a\":1}", isStream: true) }
        #expect(try pair.run { pair.worker.edge?.isCongested == true })
        // Each fits into its own window, all together do not fit into the link's.
        #expect(count * event.utf8.count < WireLimits.replyWindow - 1000)
        #expect(streams * count * event.utf8.count > 2 * WireLimits.linkWindow)
        try pair.settle()
        let paused = pair.worker.services.client.activeTransfers
        #expect(paused > streams / 4)
        try pair.settle()
        #expect(pair.worker.services.client.activeTransfers == paused)
        try pair.worker.reads(true)
        #expect(try pair.run { all.allSatisfy { pair.worker.reply($0).end != nil } })
        for stream in all {
            #expect(pair.worker.reply(stream).end?.failure == nil)
            #expect(pair.worker.reply(stream).body.count == count * event.utf8.count + 14)
        }
    }

    @Test
    func failuresAreSaidOnce() throws {
        let pair = try WorkerPair { connection, request in
            switch request.body.count {
            case 2: connection.reset()
            case 3:
                connection.reply(
                    "{\"error\":{\"message\":\"no\"}}", status: "429 Too Many", headers: "Retry-After: 3\r\n")
            case 4: connection.reply("nothing", status: "401 Unauthorized")
            default: connection.send(Self.streamHead + Self.chunk(Self.text))
            }
        }
        let reset = pair.worker.request("{}")
        let limited = pair.worker.request("{ }")
        let refused = pair.worker.request("{  }")
        let broken = pair.worker.request("{   }", isStream: true)
        #expect(try pair.run { pair.worker.reply(broken).chunks == 1 })
        pair.provider.connections.values.filter(\.isOpen).forEach { $0.reset() }
        let all = [reset, limited, refused, broken]
        #expect(try pair.run { all.allSatisfy { pair.worker.reply($0).end != nil } })
        #expect(pair.worker.reply(reset).end?.failure?.code == "provider_connection_reset")
        #expect(pair.worker.reply(limited).head?.status == 429)
        #expect(pair.worker.reply(limited).head?.retryAfter == Array("3".utf8))
        #expect(pair.worker.reply(limited).end?.failure == nil)
        #expect(pair.worker.reply(refused).head == nil)
        #expect(pair.worker.reply(refused).end?.failure?.code == "provider_authentication")
        #expect(pair.worker.reply(broken).end?.failure?.code == "provider_connection_reset")
        let totals = pair.worker.services.providers.attempts["test"]?.totals ?? []
        #expect(
            totals.map { "\($0.outcome) \($0.billed) \($0.count)" } == [
                "provider_authentication no 1", "provider_connection_reset unknown 1",
                "provider_connection_reset yes 1", "status_429 no 1",
            ])
    }

    @Test
    func aSilentProviderTimesOut() throws {
        let timeouts = ProviderTimeouts(connect: 1000, firstToken: 50, idle: 30, total: 300)
        let pair = try WorkerPair(timeouts: timeouts) { connection, request in
            if request.body.count == 3 { connection.send(Self.streamHead + Self.chunk(Self.text)) }
        }
        let unary = pair.worker.request("{}")
        let silent = pair.worker.request("{}", isStream: true)
        let stuck = pair.worker.request("{ }", isStream: true)
        #expect(
            try pair.run { pair.worker.reply(silent).end != nil && pair.worker.reply(stuck).end != nil })
        // A reply that is no stream has until the total.
        #expect(pair.worker.reply(unary).end == nil)
        #expect(try pair.run { pair.worker.reply(unary).end != nil })
        #expect(pair.worker.reply(unary).end?.failure?.status == 504)
        #expect(pair.worker.reply(silent).end?.failure?.status == 504)
        #expect(pair.worker.reply(stuck).end?.failure?.code == "provider_timeout")
        #expect(pair.worker.reply(stuck).text == Self.text)
        #expect(try pair.run { pair.provider.closed == 3 })
    }

    @Test
    func aLargeBodyArrivesAndCreditComesBack() throws {
        var seen = 0
        let pair = try WorkerPair { connection, request in
            seen = request.body.count
            connection.reply(Self.reply)
        }
        let body = "{\"a\":\"" + String(repeating: "b", count: 900_000) + "\"}"
        let stream = pair.worker.request(body)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(seen == body.utf8.count)
        #expect((pair.worker.credited[stream] ?? 0) >= WireLimits.bodyWindow / 2)
    }

    @Test
    func whatCannotBeBegunIsRefused() throws {
        let pair = try WorkerPair(bodyBudget: 1000) { _, _ in }
        let large = pair.worker.request("{}", length: 1001)
        let endless = pair.worker.request("{}", length: .max)
        let unknown = pair.worker.request("{}", snapshot: 9)
        let damaged = pair.worker.request(
            "{}", splices: [BodySplice(offset: 5, removed: 1, replacement: [])])
        let short = pair.worker.request("{}", length: 3)
        let all = [large, endless, unknown, damaged, short]
        #expect(try pair.run { all.allSatisfy { pair.worker.reply($0).end != nil } })
        #expect(all.map { pair.worker.reply($0).end?.failure?.status } == [503, 503, 503, 502, 502])
        #expect(all.allSatisfy { pair.worker.reply($0).end?.attempts.isEmpty == true })
        #expect(pair.provider.accepted == 0)
        // The budget is whole again.
        #expect(pair.worker.services.takeBodyBudget(1000))
        #expect(!pair.worker.lostLink)
    }

    @Test
    func aReplyThatWaitsForItsClientNoLongerCountsItsRequestsBody() throws {
        let reply = #"{"a":""# + String(repeating: "x", count: 100 << 10) + #""}"#
        let pair = try WorkerPair(bodyBudget: 100) { connection, _ in connection.reply(reply) }
        pair.worker.returnsCredit = false
        let stream = pair.worker.request(String(repeating: " ", count: 100))
        #expect(try pair.run { pair.worker.reply(stream).chunks > 0 })
        #expect(pair.worker.reply(stream).end == nil)
        #expect(pair.worker.services.takeBodyBudget(100))
        // And it is returned once only.
        pair.worker.credit(stream, WireLimits.replyWindow)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(pair.worker.services.active == 0)
        #expect(!pair.worker.services.takeBodyBudget(1))
    }

    @Test
    func anEdgeThatBreaksTheProtocolIsCutOff() throws {
        let pair = try WorkerPair { _, _ in }
        let stream = pair.worker.request("{}")
        try pair.settle()
        pair.worker.credit(stream, 5)
        #expect(try pair.run { pair.worker.lostLink })
        #expect(pair.worker.services.active == 0)
    }

    @Test
    func drainingEndsWhatRunsAndTakesNothingNew() throws {
        var drained = 0
        let pair = try WorkerPair { _, _ in }
        pair.worker.services.drained = { drained += 1 }
        let running = pair.worker.request("{}")
        #expect(try pair.run { pair.provider.requests == 1 })
        pair.worker.services.drain()
        let late = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(late).end != nil })
        #expect(pair.worker.reply(late).end?.failure?.code == "gateway_draining")
        #expect(drained == 0)
        pair.worker.edge?.fail(.draining)
        #expect(drained == 1)
        #expect(try pair.run { pair.worker.reply(running).end?.failure?.code == "gateway_draining" })
    }

    @Test
    func whatIsOnItsWayWhenTheWorkerEndsIsServed() throws {
        var quiet = 0
        let pair = try WorkerPair { connection, _ in connection.reply("{}") }
        pair.worker.edge?.quieted = { quiet += 1 }
        pair.worker.edge?.quiet()
        pair.worker.edge?.quiet()
        // The edge had sent it before it heard.
        let late = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(late).end != nil && pair.worker.drains == 1 })
        #expect(pair.worker.reply(late).end?.failure == nil)
        #expect(pair.worker.edge?.isQuiet == false && quiet == 0)
        pair.worker.send(Drain(timeout: 0).frame())
        #expect(try pair.run { quiet == 1 })
        #expect(pair.worker.edge?.isQuiet == true)
    }

    @Test
    func manyAtOnceKeepApart() throws {
        let pair = try WorkerPair(maxConnections: 50) { connection, request in
            connection.reply(
                "{\"echo\":\"" + String(decoding: request.body.dropFirst(5).dropLast(1), as: UTF8.self) + "\"}")
        }
        // 50 run, and at most 256 wait.
        let streams = (0..<300).map { pair.worker.request("{\"a\":\($0)}") }
        #expect(try pair.run { streams.allSatisfy { pair.worker.reply($0).end != nil } })
        for (number, stream) in streams.enumerated() {
            #expect(pair.worker.reply(stream).text == "{\"echo\":\"\(number)\"}")
        }
        #expect(pair.provider.accepted <= 50)
        #expect(pair.worker.services.providers.attempts["test"]?.totals.map(\.count) == [300])
    }
}
