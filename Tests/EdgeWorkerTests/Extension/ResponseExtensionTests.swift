import Domain
import IPC
import Journal
import NIOCore
import Testing

@testable import EdgeWorker

/// What replies say of where they come from, at the client's end.
@Suite struct ResponseExtensionTests {
    private func rig(_ place: ResponseExtension, _ change: (inout EdgeSnapshot) -> Void = { _ in }) throws -> EdgeRig {
        try EdgeRig {
            $0.responseExtension = place
            $0.prices = [Price(.init(input: 1_000_000, output: 2_000_000))]
            $0.routes.aliases[0].targets[0].price = 0
            change(&$0)
        }
    }

    private struct Running {
        var client: FakeClient
        var stream: UInt64
        var peer: FakePeer

        func send(_ bytes: [UInt8]) throws { try self.peer.send(bytes) }

        func head(
            length: Int? = nil, stream: Bool = false, type: String? = nil, status: UInt16 = 200,
            cost: ReplyCost = .open
        ) -> [UInt8] {
            var head = FakePeer.head(
                status, stream: stream, length: length.map { UInt64($0) },
                type: type ?? (stream ? "text/event-stream" : "application/json"))
            head.cost = cost
            return head.frame(stream: self.stream)
        }

        func chunk(_ text: String) -> [UInt8] { FakePeer.chunk(text, self.stream) }

        func end(_ cost: Int64? = 17_000, failure: GatewayError? = nil) -> [UInt8] {
            let report = AttemptReport(
                call: 0, status: 200, billed: .yes, usageSource: .provider, usage: TokenUsage(input: 7, output: 5),
                cost: cost, firstContent: 1, total: 2)
            return StreamEnd(failure: failure, finish: .stop, attempts: [report]).frame(stream: self.stream)
        }
    }

    private func running(
        _ rig: EdgeRig, _ peer: FakePeer? = nil, _ body: String = FakeClient.chat,
        path: String = "/v1/chat/completions", version: String = "1.1", headers: [String] = []
    ) throws -> Running {
        let peer = try peer ?? rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(body, path: path, version: version, headers: headers))
        rig.advance(.microseconds(1_500))
        return Running(client: client, stream: try #require(try peer.request()).stream, peer: peer)
    }

    private func lines(_ text: String) -> [String] {
        text.prefix(upTo: text.firstRange(of: "\r\n\r\n")?.lowerBound ?? text.endIndex).split(separator: "\r\n")
            .map(String.init).filter { $0.hasPrefix("x-sluice") && !$0.hasPrefix("x-sluice-record") }
    }

    private func body(_ text: String) -> String {
        text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
    }

    private static let six = #"{"ok":1}"#
    private static let member =
        #""x_sluice":{"provider":"local","model":"big","latency_ms":1.500,"cost_usd":0.000017,"cache":"none","attempts":1}"#

    // MARK: Headers

    @Test func headersSayAllAndTheBodyIsByteExact() throws {
        let rig = try self.rig(.headers)
        let running = try self.running(rig)
        try running.send(
            running.head(length: 8, cost: .known(17_000)) + running.chunk(Self.six) + running.end())
        let text = try running.client.received()
        #expect(
            self.lines(text) == [
                "x-sluice-provider: local", "x-sluice-model: big", "x-sluice-attempts: 1", "x-sluice-latency-ms: 1.500",
                "x-sluice-cost-usd: 0.000017", "x-sluice-cache: none",
            ])
        #expect(self.body(text) == Self.six)
        #expect(rig.journal.settles.map(\.cost) == [17_000])
    }

    @Test func aCostThatIsNotKnownIsNotThere() throws {
        for cost in [ReplyCost.open, .unknown] {
            let rig = try self.rig(.headers)
            let running = try self.running(rig)
            try running.send(running.head(length: 8, cost: cost) + running.chunk(Self.six) + running.end(nil))
            let text = try running.client.received()
            #expect(!text.contains("x-sluice-cost-usd") && text.contains("\r\nx-sluice-cache: none\r\n"))
            #expect(rig.journal.settles.map(\.cost) == [nil])
        }
    }

    @Test func aSharedReplySaysSo() throws {
        let rig = try self.rig(.headers)
        let running = try self.running(rig)
        var head = FakePeer.head(length: 8)
        (head.cost, head.isShared) = (.known(0), true)
        let end = StreamEnd(shared: .init(usageSource: .provider, cost: 0))
        try running.send(
            head.frame(stream: running.stream) + running.chunk(Self.six) + end.frame(stream: running.stream))
        let text = try running.client.received()
        #expect(text.contains("\r\nx-sluice-cost-usd: 0.00\r\nx-sluice-cache: shared\r\n"))
        #expect(rig.journal.settles.map(\.cost) == [0] && rig.journal.settles.map(\.isCacheHit) == [true])
    }

    @Test func anErrorAfterCallsSaysWhatTheyCost() throws {
        let rig = try self.rig(.headers)
        let running = try self.running(rig)
        try running.send(running.end(5_000, failure: .upstreamLost))
        let text = try running.client.received()
        #expect(text.hasPrefix("HTTP/1.1 50"))
        #expect(text.contains("\r\nx-sluice-latency-ms: 1.500\r\nx-sluice-cost-usd: 0.000005\r\n"))
        #expect(rig.journal.settles.map(\.cost) == [5_000])
    }

    @Test func offSaysNothing() throws {
        let rig = try self.rig(.off)
        let running = try self.running(rig)
        try running.send(running.head(length: 8, cost: .known(17_000)) + running.chunk(Self.six) + running.end())
        let text = try running.client.received()
        #expect(self.lines(text) == [] && self.body(text) == Self.six)
        #expect(text.contains("\r\nx-sluice-record: ") && text.contains("\r\nx-request-id: "))
        let failed = try self.running(rig, running.peer)
        try failed.send(failed.end(5_000, failure: .upstreamLost))
        #expect(try self.lines(failed.client.received()) == [])
    }

    @Test func aReloadHoldsForTheNextRequest() throws {
        let rig = try self.rig(.headers)
        let running = try self.running(rig)
        var snapshot = EdgeRig.snapshot
        snapshot.version = 4
        snapshot.responseExtension = .off
        rig.core.use(EdgeSettings(snapshot))
        try running.send(running.head(length: 8, cost: .known(1)) + running.chunk(Self.six) + running.end(1))
        #expect(try self.lines(running.client.received()).count == 6)
        let next = try self.running(rig, running.peer)
        try next.send(next.head(length: 8, cost: .known(1)) + next.chunk(Self.six) + next.end(1))
        #expect(try self.lines(next.client.received()).isEmpty)
    }

    @Test func browsersAreToldTheNames() throws {
        let rig = try self.rig(.headers) { $0.corsOrigins = ["*"] }
        let running = try self.running(rig, headers: ["Origin: https://a.example"])
        try running.send(running.head(length: 8) + running.chunk(Self.six) + running.end())
        let text = try running.client.received()
        #expect(text.contains(", x-sluice-attempts, x-sluice-latency-ms, x-sluice-cost-usd, x-sluice-cache\r\n"))
    }

    // MARK: In the body of a whole reply

    @Test func theMemberIsInTheBodyAndItsLengthInTheHead() throws {
        let body = #"{"ok":{"a":[1]}}"# + "\n"
        let extended = #"{"ok":{"a":[1]},"# + Self.member + "}\n"
        for split in 0...body.utf8.count {
            let rig = try self.rig(.body)
            let running = try self.running(rig)
            try running.send(running.head(length: body.utf8.count, cost: .known(17_000)))
            for part in [body.prefix(split), body.dropFirst(split)] where !part.isEmpty {
                try running.send(running.chunk(String(part)))
            }
            let early = try running.client.received()
            #expect(!early.contains("x_sluice"))
            try running.send(running.end())
            let text = early + (try running.client.received())
            #expect(self.body(text) == extended)
            #expect(text.contains("\r\ncontent-length: \(extended.utf8.count)\r\n"))
            #expect(self.lines(text).count == 6)
            #expect(running.client.isOpen && rig.core.metrics.inFlight == 0)
            #expect(rig.journal.settles.map(\.replyBytes) == [UInt64(body.utf8.count)])
        }
    }

    @Test func aCostThatTheHeadDoesNotKnowIsToldAtTheEnd() throws {
        for (length, version, cost) in [(8, "1.1", 17_000), (nil, "1.1", 17_000), (8, "1.0", 17_000), (8, "1.1", nil)]
            as [(Int?, String, Int64?)]
        {
            let rig = try self.rig(.body)
            let running = try self.running(rig, version: version)
            try running.send(running.head(length: length))
            try running.send(running.chunk(#"{"ok""#) + running.chunk(#":1}"#) + running.end(cost))
            let text = try running.client.received()
            let member = cost == nil ? Self.member.replacing("0.000017", with: "null") : Self.member
            let pieces = [#"{"ok""#, #":1"#, ",\(member)}"]
            let expected =
                version == "1.0"
                ? pieces.joined()
                : pieces.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
            #expect(self.body(text) == expected)
            #expect(!text.contains("content-length") && rig.journal.settles.map(\.cost) == [cost])
        }
    }

    @Test func whatIsNoObjectIsLeftAlone() throws {
        for (status, type, body) in [
            (200, "application/json", "[1]"), (200, "application/json", " \n"), (200, "text/plain", "{\"a\":1}"),
            (200, "application/jsonl", "{\"a\":1}"), (400, "application/json", "{\"error\":{}}"),
            (302, "application/json", "{}"),
        ] as [(UInt16, String, String)] {
            let rig = try self.rig(.body)
            let running = try self.running(rig)
            try running.send(
                running.head(length: body.utf8.count, type: type, status: status, cost: .known(1))
                    + running.chunk(body) + running.end())
            let text = try running.client.received()
            #expect(self.body(text) == body && text.contains("\r\ncontent-length: \(body.utf8.count)\r\n"))
            #expect(text.hasPrefix("HTTP/1.1 \(status) ") && self.lines(text).count == 6)
        }
        // One that is empty, and one that says so.
        for length in [0, nil] as [Int?] {
            let rig = try self.rig(.body)
            let running = try self.running(rig)
            try running.send(running.head(length: length, cost: .known(1)) + running.end())
            #expect(try self.body(running.client.received()) == (length == nil ? "0\r\n\r\n" : ""))
            #expect(running.client.isOpen && rig.core.metrics.inFlight == 0)
        }
    }

    @Test func whatBeginsLikeAnObjectAndIsNoneKeepsItsLength() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig)
        try running.send(running.head(length: 5, cost: .known(17_000)) + running.chunk("{\"a\":") + running.end())
        let text = try running.client.received()
        let length = 5 + Self.member.utf8.count + 1
        #expect(text.contains("\r\ncontent-length: \(length)\r\n"))
        #expect(self.body(text) == "{\"a\":" + String(repeating: " ", count: length - 5))
        #expect(running.client.isOpen)
    }

    @Test func aReplyOfAnotherLengthIsNotWhole() throws {
        for (length, cost) in [(7, .known(17_000)), (9, .known(17_000)), (7, .open), (9, .open)]
            as [(Int, ReplyCost)]
        {
            let rig = try self.rig(.body)
            let running = try self.running(rig)
            try running.send(running.head(length: length, cost: cost) + running.chunk(Self.six) + running.end())
            let text = try running.client.received()
            #expect(!text.contains("x_sluice") && !text.hasSuffix("0\r\n\r\n") && !running.client.isOpen)
            #expect(rig.journal.settles.count == 1 && rig.core.metrics.inFlight == 0)
        }
    }

    @Test func aFailureBeforeTheBodyIsAnError() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig)
        try running.send(running.head(length: 8, cost: .known(17_000)))
        #expect(try running.client.received().isEmpty)
        try running.send(running.end(failure: .upstreamLost))
        let text = try running.client.received()
        #expect(text.hasPrefix("HTTP/1.1 50") && !text.contains("x_sluice") && running.client.isOpen)
        // And one whose client goes meanwhile.
        let left = try self.running(rig, running.peer)
        try left.send(left.head(length: 8, cost: .known(17_000)) + left.chunk("{\"ok\":1"))
        try left.client.channel.close().wait()
        #expect(try left.peer.frames().map(\.type) == [.cancel])
        try left.send(left.end(failure: .upstreamLost))
        #expect(rig.journal.settles.map(\.outcome) == [.error, .disconnected])
        #expect(rig.core.metrics.inFlight == 0 && rig.core.departed.isEmpty)
    }

    // MARK: In streams

    private static let content = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
    private static let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    private static let done = "data: [DONE]\n\n"

    private func unchunked(_ text: String) throws -> String {
        var rest = self.body(text)[...]
        var body = ""
        while let end = rest.firstRange(of: "\r\n"), let count = Int(rest[..<end.lowerBound], radix: 16), count > 0 {
            let bytes = rest[end.upperBound...].utf8
            body += String(decoding: bytes.prefix(count), as: UTF8.self)
            rest = Substring(decoding: bytes.dropFirst(count + 2), as: UTF8.self)
        }
        return body + (rest == "0\r\n\r\n" ? "" : "BROKEN:" + rest)
    }

    @Test func aStreamSaysItBeforeItsEnd() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig, nil, FakeClient.stream)
        try running.send(running.head(stream: true) + running.chunk(Self.content))
        let first = try running.client.received()
        #expect(first.contains(Self.content) && !first.contains("x-sluice-cost-usd"))
        #expect(self.lines(first).count == 5)
        try running.send(running.chunk(Self.stop + Self.done))
        #expect(try running.client.received().isEmpty)
        rig.advance(.seconds(3))
        try running.send(running.end())
        let text = first + (try running.client.received())
        #expect(
            try self.unchunked(text)
                == Self.content + Self.stop.replacing("]}\n\n", with: "],\(Self.member)}\n\n") + Self.done)
        #expect(running.client.isOpen && rig.journal.settles.map(\.cost) == [17_000])
    }

    @Test func aStreamThatFailsSaysWhatItHadAndNoMore() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig, nil, FakeClient.stream)
        try running.send(running.head(stream: true) + running.chunk(Self.content + Self.stop + Self.done))
        try running.send(running.end(failure: .upstreamLost))
        let text = try running.client.received()
        #expect(text.contains(Self.content) && text.contains(Self.stop) && !text.contains("[DONE]"))
        #expect(text.contains("\"error\"") && !text.contains("x_sluice") && !running.client.isOpen)
    }

    @Test func whatIsHeldOfAStreamDoesNotStopIt() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig, nil, FakeClient.stream)
        // An event that is as long as the window: the peer has to hear that it may go on.
        try running.send(running.head(stream: true) + running.chunk("data: \""))
        _ = try running.peer.frames()
        try running.send(running.chunk(String(repeating: "a", count: 60_000)))
        #expect(try running.peer.frames().map(\.type) == [.credit])
        try running.send(running.chunk("\"\n\n" + Self.stop + Self.done) + running.end())
        #expect(try self.unchunked(running.client.received()).contains("],\"x_sluice\":{\"provider\""))
    }

    @Test func anthropicsClientsGetItInMessageStop() throws {
        let rig = try self.rig(.body)
        let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
        let running = try self.running(
            rig, nil, #"{"model":"smart","max_tokens":5,"messages":[],"stream":true}"#, path: "/v1/messages")
        try running.send(running.head(stream: true) + running.chunk("event: ping\ndata: {}\n\n" + stop) + running.end())
        #expect(
            try self.unchunked(running.client.received())
                == "event: ping\ndata: {}\n\n" + stop.replacing("}\n", with: ",\(Self.member)}\n"))
        let whole = try self.running(
            rig, running.peer, #"{"model":"smart","max_tokens":5,"messages":[]}"#, path: "/v1/messages")
        try whole.send(whole.head(length: 8, cost: .known(17_000)) + whole.chunk(Self.six) + whole.end())
        #expect(try self.body(whole.client.received()) == #"{"ok":1,"# + Self.member + "}")
    }

    @Test func aClientThatLeavesWhileTheEndIsHeld() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig, nil, FakeClient.stream)
        try running.send(running.head(stream: true) + running.chunk(Self.content + Self.stop + Self.done))
        _ = try running.client.received()
        try running.client.channel.close().wait()
        try running.send(running.end())
        #expect(rig.journal.settles.map(\.outcome) == [.disconnected] && rig.journal.settles.map(\.cost) == [17_000])
        #expect(rig.core.departed.isEmpty && rig.core.metrics.inFlight == 0)
    }

    @Test func drainingEndsWhatIsHeld() throws {
        let rig = try self.rig(.body)
        let running = try self.running(rig, nil, FakeClient.stream)
        try running.send(running.head(stream: true) + running.chunk(Self.content + Self.stop + Self.done))
        _ = try running.client.received()
        rig.core.drain()
        rig.core.endDraining()
        try running.peer.answerCancels()
        let text = try running.client.received()
        #expect(text.contains(Self.stop) && text.contains("\"error\"") && !text.contains("[DONE]"))
    }

    // MARK: HTTP/2

    @Test func overHTTP2() throws {
        for place in ResponseExtension.allCases {
            let rig = try self.rig(place)
            let peer = try rig.upstream()
            let client = try HTTP2Client(rig)
            let stream = try client.post(FakeClient.chat)
            rig.advance(.microseconds(1_500))
            let request = Running(client: try rig.client(), stream: try #require(try peer.request()).stream, peer: peer)
            try request.send(request.head(length: 8, cost: .known(17_000)) + request.chunk(Self.six) + request.end())
            let reply = try client.reply(stream)
            #expect(reply.hasEnded && reply.status == "200")
            #expect(reply.header("x-sluice-cost-usd") == (place == .off ? nil : "0.000017"))
            #expect(reply.header("x-sluice-cache") == (place == .off ? nil : "none"))
            #expect(reply.body == (place == .body ? #"{"ok":1,"# + Self.member + "}" : Self.six))
            #expect(reply.header("content-length") == "\(reply.body.utf8.count)")

            let events = try client.post(FakeClient.stream)
            rig.advance(.microseconds(1_500))
            let streaming = Running(client: request.client, stream: try #require(try peer.request()).stream, peer: peer)
            try streaming.send(streaming.head(stream: true) + streaming.chunk(Self.stop + Self.done) + streaming.end())
            let streamed = try client.reply(events)
            let extended = Self.stop.replacing("]}\n\n", with: "],\(Self.member)}\n\n")
            #expect(streamed.hasEnded && streamed.body == (place == .body ? extended : Self.stop) + Self.done)
        }
    }
}
