import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

@Suite struct FrontTests {
    private static let record = "b69087d86ae81234" + "5600000700000001"

    private func reply(_ request: String, _ rig: EdgeRig? = nil) throws -> (text: String, isOpen: Bool) {
        let rig = try rig ?? EdgeRig()
        let client = try rig.client()
        try client.send(request)
        return (try client.received(), client.isOpen)
    }

    private func get(_ path: String, _ headers: [String] = []) -> String {
        FakeClient.head("GET \(path) HTTP/1.1", headers)
    }

    @Test func healthIsByteExact() throws {
        let text = try self.reply(self.get("/health")).text
        let record = try #require(text.firstRange(of: "x-sluice-record: ")).upperBound
        let id = String(text[record...].prefix(32))
        #expect(
            text == "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\n"
                + "content-length: 15\r\nx-request-id: \(id)\r\nx-sluice-record: \(id)\r\n\r\n{\"status\":\"ok\"}")
        #expect(id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        #expect(id.hasSuffix("5600000700000001"))
    }

    @Test func routesThatNeedNothing() throws {
        for path in ["/health", "/health/live", "/", "/?x=1"] {
            #expect(try self.reply(self.get(path)).text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
        #expect(try self.reply(self.get("/")).text.hasSuffix(#""metrics":"/metrics"}}"#))
        // A wrong key does not matter where none is looked at.
        #expect(try self.reply(self.get("/health", ["Authorization: Bearer no"])).text.hasPrefix("HTTP/1.1 200"))
    }

    @Test func readinessFollowsTheLinksAndTheDrain() throws {
        let rig = try EdgeRig()
        #expect(try self.reply(self.get("/health/ready"), rig).text.hasSuffix(#"{"status":"unavailable"}"#))
        let peer = try rig.upstream()
        #expect(try self.reply(self.get("/health/ready"), rig).text.hasSuffix(#"{"status":"ready"}"#))
        try peer.channel.close().wait()
        #expect(try self.reply(self.get("/health/ready"), rig).text.hasPrefix("HTTP/1.1 503"))
        _ = try rig.upstream()
        rig.core.drain()
        let draining = try self.reply(self.get("/health/ready"), rig)
        #expect(draining.text.hasPrefix("HTTP/1.1 503") && draining.text.hasSuffix(#"{"status":"draining"}"#))
        #expect(draining.text.contains("\r\nconnection: close\r\n"))
        #expect(!draining.isOpen)
    }

    @Test func headSendsNoBody() throws {
        let text = try self.reply(FakeClient.head("HEAD /health HTTP/1.1")).text
        #expect(text.contains("content-length: 15\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func models() throws {
        let key = ["Authorization: Bearer \(EdgeRig.key)"]
        let one = #"{"id":"smart","object":"model","created":0,"owned_by":"sluice"}"#
        #expect(
            try self.reply(self.get("/v1/models", key)).text.hasSuffix(
                "\r\n\r\n" + #"{"object":"list","data":["# + one + "]}"))
        #expect(try self.reply(self.get("/models/smart", key)).text.hasSuffix("\r\n\r\n" + one))
        #expect(try self.reply(self.get("/v1/models/sm%61rt", key)).text.hasSuffix("\r\n\r\n" + one))
        let missing = try self.reply(self.get("/v1/models/gpt%0d%0aX", key)).text
        #expect(missing.hasPrefix("HTTP/1.1 404 "))
        #expect(missing.contains(#""code":"model_not_found""#))
        #expect(missing.hasSuffix("}}"))
        #expect(try self.reply(self.get("/v1/models/%zz", key)).text.contains(#""code":"unknown_url""#))
        #expect(try self.reply(self.get("/v1/models")).text.hasPrefix("HTTP/1.1 401 "))
    }

    @Test func unknownPathsAndMethods() throws {
        for path in ["/v1", "/adm", "/openapi.yaml", "/v1/chat/completions/", "//health", "/V1/models"] {
            let text = try self.reply(self.get(path)).text
            #expect(text.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(text.contains(#""code":"unknown_url""#))
        }
        let wrong = try self.reply(self.get("/v1/chat/completions")).text
        #expect(wrong.hasPrefix("HTTP/1.1 405 ") && wrong.contains("\r\nallow: POST\r\n"))
        let post = try self.reply("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").text
        #expect(post.hasPrefix("HTTP/1.1 405 ") && post.contains("\r\nallow: GET, HEAD\r\n"))
        let strange = try self.reply("BREW /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(strange.text.hasPrefix("HTTP/1.1 405 ") && strange.text.contains("\r\nallow: "))
        #expect(strange.text.contains("connection: close"))
    }

    @Test func clientsRequestIDIsEchoedWhenItCanBe() throws {
        #expect(try self.reply(self.get("/health", ["X-Request-ID: me-1"])).text.contains("\r\nx-request-id: me-1\r\n"))
        for bad in [String(repeating: "a", count: 129), "a b", "a\u{7F}", "\u{10A}"] {
            let text = try self.reply(self.get("/health", ["x-request-id: \(bad)"])).text
            #expect(!text.contains("x-request-id: \(bad)\r\n"))
        }
    }

    @Test func badHTTPIsRefusedAndTheConnectionEnds() throws {
        let requests = [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 0x2\r\n\r\n{}",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "POST /v1/embeddings HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\u{0}c\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}",
        ]
        for request in requests {
            let reply = try self.reply(request)
            #expect(reply.text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(request)")
            #expect(reply.text.components(separatedBy: "HTTP/1.1 ").count == 2, "\(request)")
            #expect(reply.text.contains("\r\nconnection: close\r\n"), "\(request)")
            #expect(!reply.isOpen, "\(request)")
        }
    }

    @Test func limits() throws {
        let long = String(repeating: "a", count: 9000)
        #expect(try self.reply(self.get("/\(long)")).text.hasPrefix("HTTP/1.1 414 "))
        let huge = String(repeating: "a", count: 200_000)
        #expect(try self.reply(self.get("/\(huge)")).text.hasPrefix("HTTP/1.1 414 "))
        #expect(try self.reply(self.get("/health", ["X: \(huge)"])).text.hasPrefix("HTTP/1.1 431 "))
        let headers = (0..<100).map { "X\($0): 1" }
        #expect(try self.reply(self.get("/health", headers)).text.hasPrefix("HTTP/1.1 431 "))
        #expect(try self.reply(self.get("/health", Array(headers.dropLast()))).text.hasPrefix("HTTP/1.1 200 "))
        let within = String(repeating: "a", count: (64 << 10) - 6)
        #expect(try self.reply(self.get("/health", ["X: \(within)"])).text.hasPrefix("HTTP/1.1 200 "))
        #expect(try self.reply(self.get("/health", ["X: \(within)a"])).text.hasPrefix("HTTP/1.1 431 "))
        let rig = try EdgeRig { $0.http.maxRequestLine = 32 }
        #expect(try self.reply(self.get("/health?aaaaaaaa"), rig).text.hasPrefix("HTTP/1.1 200 "))
        #expect(try self.reply(self.get("/health?aaaaaaaaa"), rig).text.hasPrefix("HTTP/1.1 200 "))
        #expect(try self.reply(self.get("/health?aaaaaaaaaa"), rig).text.hasPrefix("HTTP/1.1 414 "))
    }

    @Test func crossOrigin() throws {
        let plain = try self.reply(self.get("/health", ["Origin: https://a.example"])).text
        #expect(!plain.lowercased().contains("access-control") && !plain.contains("vary"))
        #expect(
            try self.reply(
                FakeClient.head(
                    "OPTIONS /v1/models HTTP/1.1", ["Origin: https://a.example", "Access-Control-Request-Method: GET"])
            ).text.hasPrefix("HTTP/1.1 405 "))

        let listed = try EdgeRig { $0.corsOrigins = ["https://a.example"] }
        let allowed = try self.reply(self.get("/health", ["Origin: https://a.example"]), listed).text
        #expect(allowed.contains("\r\naccess-control-allow-origin: https://a.example\r\n"))
        #expect(allowed.contains("\r\nvary: origin\r\n"))
        let other = try self.reply(self.get("/health", ["Origin: https://b.example"]), listed).text
        #expect(!other.contains("access-control") && other.contains("\r\nvary: origin\r\n"))
        let preflight = try self.reply(
            FakeClient.head(
                "OPTIONS /v1/chat/completions HTTP/1.1",
                [
                    "Origin: https://a.example", "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: authorization, x-stainless-os",
                ]), listed
        ).text
        #expect(preflight.hasPrefix("HTTP/1.1 204 No Content\r\n") && !preflight.contains("content-length"))
        #expect(preflight.contains("\r\naccess-control-allow-headers: authorization, x-stainless-os\r\n"))
        #expect(!preflight.contains("credentials"))

        let any = try EdgeRig { $0.corsOrigins = ["*"] }
        let open = try self.reply(self.get("/health"), any).text
        #expect(open.contains("\r\naccess-control-allow-origin: *\r\n") && !open.contains("vary"))
    }

    @Test func metricsAreForThisMachineOrTheKey() throws {
        let rig = try EdgeRig()
        let aggregator = try FakePeer(rig, role: .aggregator, instance: 2)
        try aggregator.open()
        let stranger = try rig.client()
        try stranger.send(self.get("/metrics"))
        #expect(try stranger.status() == 401)
        let local = try FakeClient(rig, remoteAddress: "127.0.0.1")
        try local.send(self.get("/metrics"))
        let frames = try aggregator.frames()
        #expect(frames.map { $0.type } == [.request])
        let stream = try #require(frames.first).stream
        try aggregator.send(
            FakePeer.head(length: 4, type: "text/plain").frame(stream: stream) + FakePeer.chunk("up 1", stream)
                + StreamEnd().frame(stream: stream))
        #expect(try local.received().hasSuffix("\r\n\r\nup 1"))
        try stranger.send(self.get("/metrics", ["x-api-key: \(EdgeRig.key)"]))
        #expect(try aggregator.frames().count == 1)
        try aggregator.channel.close().wait()
        #expect(try stranger.status() == 502)
        try local.send(self.get("/metrics", ["x-api-key: wrong"]))
        #expect(try local.status() == 401)
        try local.send(self.get("/metrics"))
        #expect(try local.received().isEmpty)
        rig.advance(.seconds(6))
        #expect(try local.status() == 503)
        // An aggregator that comes back in time answers.
        let waiting = try FakeClient(rig, remoteAddress: "127.0.0.1")
        try waiting.send(self.get("/metrics"))
        let next = try FakePeer(rig, role: .aggregator, instance: 3)
        try next.send(Hello(role: .aggregator, instance: 3, build: EdgeRig.build).frame())
        let asked = try #require(try next.frames().first { $0.type == .request })
        try next.answer(asked.stream, "up 2")
        #expect(try waiting.received().hasSuffix("up 2"))
    }
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
