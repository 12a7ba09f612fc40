import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

@Suite struct ConnectionTests {
    private func statuses(_ text: String) -> [String] {
        text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
    }

    @Test func keepAlive() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        for _ in 0..<3 {
            try client.send(FakeClient.head("GET /health HTTP/1.1"))
            #expect(try client.status() == 200)
        }
        try client.send(FakeClient.head("GET /health HTTP/1.1", ["Connection: foo, Close"]))
        #expect(try client.received().contains("\r\nconnection: close\r\n"))
        #expect(!client.isOpen)
        let old = try rig.client()
        try old.send(FakeClient.head("GET /health HTTP/1.0", ["Connection: keep-alive"]))
        #expect(try old.received().contains("\r\nconnection: keep-alive\r\n"))
        try old.send(FakeClient.head("GET /health HTTP/1.0"))
        #expect(try old.received().contains("\r\nconnection: close\r\n"))
        #expect(!old.isOpen)
        let upgrade = try rig.client()
        try upgrade.send(FakeClient.head("GET /health HTTP/1.1", ["Connection: Upgrade", "Upgrade: h2c"]))
        #expect(try upgrade.status() == 200)
        #expect(!upgrade.isOpen)
        let tunnel = try rig.client()
        try tunnel.send(FakeClient.head("CONNECT a:443 HTTP/1.1"))
        #expect(try tunnel.received().contains("\r\nconnection: close\r\n"))
        #expect(!tunnel.isOpen)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let get = FakeClient.head("GET /health HTTP/1.1")
        let models = FakeClient.head("GET /v1/models HTTP/1.1", ["x-api-key: \(EdgeRig.key)"])
        let post = FakeClient.post(FakeClient.chat)
        try client.send(get + post + models + FakeClient.post("{}") + post + get)
        #expect(self.statuses(try client.received()) == ["200"])
        let first = try #require(try peer.request())
        #expect(first.body == Array(FakeClient.chat.utf8))
        #expect(rig.core.metrics.inFlight == 1)
        try peer.answer(first.stream, "{}")
        #expect(self.statuses(try client.received()) == ["200", "200", "400"])
        let second = try #require(try peer.request())
        try peer.answer(second.stream, "{}")
        #expect(self.statuses(try client.received()) == ["200", "200"])
        #expect(client.isOpen)
        try client.send(get)
        #expect(try client.status() == 200)
    }

    @Test func pipeliningAtEverySplit() throws {
        let get = FakeClient.head("GET /health HTTP/1.1")
        let bytes = Array((get + FakeClient.post("{}") + get).utf8)
        for split in 1..<bytes.count {
            let rig = try EdgeRig()
            let client = try rig.client()
            try client.send(Array(bytes[..<split]))
            try client.send(Array(bytes[split...]))
            #expect(self.statuses(try client.received()) == ["200", "400", "200"], "split at \(split)")
        }
    }

    @Test func bodiesThatShareAReadKeepTheirBytes() throws {
        let bodies = [1, 2].map { #"{"model":"smart","messages":[],"seed":\#($0)}"# }
        let bytes = Array(bodies.map { FakeClient.post($0) }.joined().utf8)
        for split in 1..<bytes.count {
            let rig = try EdgeRig()
            let peer = try rig.upstream()
            let client = try rig.client()
            try client.send(Array(bytes[..<split]))
            try client.send(Array(bytes[split...]))
            for body in bodies {
                let (stream, _, received) = try #require(try peer.request())
                #expect(received == Array(body.utf8), "split at \(split)")
                try peer.answer(stream, "{}")
            }
        }
    }

    @Test func garbageAheadWaitsForTheReply() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat) + "\u{1}\u{2}\u{3}\r\n\r\n")
        let stream = try #require(try peer.request()).stream
        #expect(try client.received().isEmpty)
        try peer.answer(stream, "{}")
        #expect(self.statuses(try client.received()) == ["200", "400"])
        #expect(!client.isOpen)
    }

    @Test func pipeliningHasABound() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let flood = String(repeating: FakeClient.head("GET /health HTTP/1.1"), count: 1000)
        try client.send(FakeClient.post(FakeClient.chat) + flood)
        let stream = try #require(try peer.request()).stream
        try peer.answer(stream, "{}")
        let statuses = self.statuses(try client.received())
        #expect(statuses.count < 200 && statuses.last == "400")
        #expect(!client.isOpen)
    }

    @Test func refusalsDrainSmallBodiesAndCloseOnLargeOnes() throws {
        let rig = try EdgeRig()
        let small = try rig.client()
        try small.send(FakeClient.post("{}", key: "wrong") + FakeClient.head("GET /health HTTP/1.1"))
        #expect(self.statuses(try small.received()) == ["401", "200"])
        let split = try rig.client()
        try split.send(FakeClient.head("POST /nowhere HTTP/1.1", ["Content-Length: 4"]))
        #expect(try split.status() == 404)
        try split.send("ab")
        try split.send("cd" + FakeClient.head("GET /health HTTP/1.1"))
        #expect(try split.status() == 200)
        let large = try rig.client()
        try large.send(FakeClient.head("POST /nowhere HTTP/1.1", ["Content-Length: 400000"]))
        #expect(try large.received().contains("\r\nconnection: close\r\n"))
    }

    // MARK: Time

    @Test func timeouts() throws {
        let rig = try EdgeRig()
        let silent = try rig.client()
        let slow = try rig.client()
        try slow.send("GET / HTTP/1.1\r\nHo")
        let fed = try rig.client()
        try fed.send("GET / HT")
        rig.advance(.seconds(5))
        try fed.send("TP/1.1\r\n")
        rig.advance(.milliseconds(5600))
        #expect(!silent.isOpen)
        #expect(try silent.received().isEmpty)
        for client in [slow, fed] {
            let text = try client.received()
            #expect(text.hasPrefix("HTTP/1.1 408 ") && text.contains(#""code":"request_timeout""#))
            #expect(!client.isOpen)
        }
    }

    /// What a client sends before it waits, and how often it is answered at once or by the upstream.
    private static let messages: [String] = [
        FakeClient.head("GET /health HTTP/1.1"),
        FakeClient.post(FakeClient.chat),
        FakeClient.head(
            "POST /v1/chat/completions HTTP/1.1",
            ["x-api-key: \(EdgeRig.key)", "Transfer-Encoding: chunked"]) + "1f\r\n\(FakeClient.chat)\r\n0\r\n\r\n",
    ]

    /// The partial head of the next request may share its read with the end of the request before.
    @Test(arguments: messages) func aHeadBegunBehindARequestHasToComeInTime(message: String) throws {
        let bytes = Array((message + "\r\nGET / HTTP/1.1\r\nHo").utf8)
        for split in 0..<message.utf8.count {
            let client = try self.answered([Array(bytes[..<split]), Array(bytes[split...])])
            client.rig.advance(.seconds(9))
            #expect(client.isOpen, "split at \(split)")
            client.rig.advance(.milliseconds(1600))
            #expect(try client.status() == 408, "split at \(split)")
        }
    }

    @Test(arguments: messages) func aWholeRequestBeginsNoOther(message: String) throws {
        let bytes = Array((message + "\r\n").utf8)
        for split in 0..<bytes.count {
            let client = try self.answered([Array(bytes[..<split]), Array(bytes[split...])])
            client.rig.advance(.seconds(60))
            #expect(client.isOpen, "split at \(split)")
        }
    }

    /// A client that has sent `pieces` with one request in them and has its reply.
    private func answered(_ pieces: [[UInt8]]) throws -> FakeClient {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        for piece in pieces where !piece.isEmpty { try client.send(piece) }
        if let stream = try peer.request()?.stream { try peer.answer(stream, "{}") }
        #expect(self.statuses(try client.received()) == ["200"])
        return client
    }

    @Test func idleConnectionsAreClosedQuietly() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.head("GET /health HTTP/1.1"))
        _ = try client.received()
        rig.advance(.seconds(70))
        #expect(client.isOpen)
        rig.advance(.seconds(6))
        #expect(!client.isOpen)
        #expect(try client.received().isEmpty)
    }

    @Test func aBodyHasToMakeProgress() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(
            FakeClient.head("POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Content-Length: 100"]))
        rig.advance(.seconds(9))
        try client.send("{")
        rig.advance(.seconds(9))
        #expect(client.isOpen)
        rig.advance(.seconds(2))
        #expect(try client.status() == 408)
        #expect(!client.isOpen)
        #expect(rig.core.budget.used == 0)
    }

    @Test func aRunningRequestHasNoTimeoutHere() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try peer.request()).stream
        rig.advance(.seconds(500))
        #expect(client.isOpen)
        try peer.answer(stream, "{}")
        #expect(try client.status() == 200)
    }

    // MARK: Drain

    @Test func drainLetsRequestsEnd() throws {
        let rig = try EdgeRig()
        var drained = 0
        rig.core.onDrained = { drained += 1 }
        let peer = try rig.upstream()
        let idle = try rig.client()
        let busy = try rig.client()
        try busy.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try peer.request()).stream
        rig.core.drain()
        rig.advance(.milliseconds(1500))
        #expect(idle.isOpen && busy.isOpen && drained == 0)
        rig.advance(.seconds(1))
        #expect(!idle.isOpen && busy.isOpen && drained == 0)
        try peer.answer(stream, "{}")
        #expect(try busy.received().contains("\r\nconnection: close\r\n"))
        #expect(!busy.isOpen && drained == 1)
    }

    @Test func drainServesWhatIsOnItsWay() throws {
        let rig = try EdgeRig()
        var drained = 0
        rig.core.onDrained = { drained += 1 }
        let used = try rig.client()
        try used.send("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try used.received()
        let accepted = try rig.client()
        rig.core.drain()
        // The listener had it already when it was closed.
        let late = try rig.client()
        rig.advance(.milliseconds(500))
        #expect(drained == 0)
        for client in [used, accepted, late] {
            try client.send("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
            let reply = try client.received()
            #expect(reply.hasPrefix("HTTP/1.1 200 ") && reply.contains("\r\nconnection: close\r\n"))
            #expect(!client.isOpen)
        }
        #expect(drained == 1)
    }

    @Test func anUpstreamThatEndsGetsNoNewRequest() throws {
        let rig = try EdgeRig()
        let ending = try rig.upstream(3)
        let first = try rig.client()
        try first.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try ending.request()).stream
        try ending.send(Drain(timeout: 0).frame())
        // It hears that nothing more comes, and nothing does, though it is the only one.
        #expect(try ending.frames().map(\.type) == [.drain])
        let second = try rig.client()
        try second.send(FakeClient.post(FakeClient.chat))
        #expect(try ending.frames().isEmpty)
        let other = try rig.upstream(4)
        rig.loop.run()
        // What it has goes on.
        try ending.answer(stream, "{}")
        #expect(try first.status() == 200)
        let next = try #require(try other.request()).stream
        try other.answer(next, "{}")
        #expect(try second.status() == 200)
    }

    @Test func drainEndsWhatTakesTooLong() throws {
        let rig = try EdgeRig()
        var drained = 0
        rig.core.onDrained = { drained += 1 }
        let peer = try rig.upstream()
        let unary = try rig.client()
        try unary.send(FakeClient.post(FakeClient.chat))
        _ = try peer.request()
        let stream = try rig.client()
        try stream.send(FakeClient.post(FakeClient.stream))
        let number = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: number))
        _ = try stream.received()
        let reading = try rig.client()
        try reading.send("GET / HT")
        rig.core.drain()
        rig.core.endDraining()
        // The upstream says first what the two have cost.
        #expect(try unary.received().isEmpty && drained == 0)
        let cancels = try peer.answerCancels()
        let text = try unary.received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("gateway_draining"))
        let event = try stream.received()
        #expect(event.contains(#"data: {"error":"#) && event.contains("gateway_draining"))
        #expect(!event.contains("\r\n0\r\n"))
        #expect(drained == 1 && !unary.isOpen && !stream.isOpen && !reading.isOpen)
        #expect(cancels == 2)
    }
}
