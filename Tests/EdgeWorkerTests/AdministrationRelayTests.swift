import Domain
import IPC
import Metrics
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// Requests that control answers, over HTTP/1.1.
@Suite struct AdministrationRelayTests {
    private let rig: EdgeRig
    private let control: FakePeer
    private let client: FakeClient

    init() throws {
        self.rig = try EdgeRig { $0.corsOrigins = ["https://a.example"] }
        self.control = try FakePeer(self.rig, role: .control, instance: 2)
        try self.control.open()
        self.client = try self.rig.client()
    }

    private func request(
        _ method: String, _ path: String, _ body: String = "", headers: [String] = []
    ) -> String {
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        return FakeClient.head("\(method) \(path) HTTP/1.1", headers + length) + body
    }

    private func answer(
        _ stream: UInt64, _ status: UInt16 = 200, _ body: String = "{}", further: [ReplyHeader] = []
    ) throws {
        let head = ResponseHead(
            status: status, isStream: false, contentLength: UInt64(body.utf8.count),
            contentType: Array("application/json".utf8), attempts: 0, further: further)
        try self.control.send(
            head.frame(stream: stream) + (body.isEmpty ? [] : FakePeer.chunk(body, stream))
                + StreamEnd().frame(stream: stream))
    }

    @Test(arguments: [
        "/api", "/api/v1/keys", "/api/v1/keys/key_1?x=%20", "/api/x", "/admin", "/admin/keys", "/docs", "/docs/a.js",
        "/openapi.json",
    ])
    func thePathsOfControlGoThere(_ path: String) throws {
        try self.client.send(self.request("GET", path))
        let asked = try #require(try self.control.administration())
        #expect(asked.request.path == path && asked.request.method == "GET" && asked.body.isEmpty)
        try self.answer(asked.stream)
        #expect(try self.client.received().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test(arguments: ["/apis", "/administrator", "/docsx", "/openapi.jsonx", "/openapi.json/", "/a", "/x/api/v1/keys"])
    func othersAreUnknownAsBefore(_ path: String) throws {
        try self.client.send(self.request("GET", path))
        #expect(try self.client.received().contains("unknown_url"))
        #expect(try self.control.frames().isEmpty)
    }

    @Test func allThatControlHasToKnowGoesWithIt() throws {
        let body = #"{"name":"x"}"#
        try self.client.send(
            self.request(
                "PATCH", "/api/v1/keys/k", body,
                headers: [
                    "Authorization: Bearer sluice-admin-abc", "Content-Type: application/json", "If-Match: \"3\"",
                    "If-Match: \"4\"", "If-None-Match: *", "Idempotency-Key: one", "Accept: */*",
                    "Origin: https://a.example", "X-Other: no",
                ]))
        let asked = try #require(try self.control.administration())
        #expect(asked.request.method == "PATCH" && asked.body == Array(body.utf8))
        #expect(asked.request.bodyLength == UInt64(body.utf8.count))
        #expect(asked.request.credential == .token(Array("sluice-admin-abc".utf8)))
        let headers = asked.request.headers.mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(
            headers == [
                .contentType: "application/json", .ifMatch: "\"3\", \"4\"", .ifNoneMatch: "*", .idempotencyKey: "one",
                .accept: "*/*", .origin: "https://a.example",
            ])
        #expect(asked.request.client == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1])
        try self.answer(
            asked.stream, 201, further: [ReplyHeader(.etag, "\"4\""), ReplyHeader(.location, "/api/v1/keys/k")])
        let text = try self.client.received()
        #expect(text.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(text.contains("\r\netag: \"4\"\r\n") && text.contains("\r\nlocation: /api/v1/keys/k\r\n"))
        #expect(text.contains("access-control-allow-origin: https://a.example"))
        #expect(text.contains("\r\nx-sluice-record: \(asked.request.record)\r\n"))
        #expect(self.client.isOpen)
    }

    /// `/api/v1/models` is a front door for clients' keys.
    @Test func theModelsAreOfTwo() throws {
        let key = "Authorization: Bearer \(EdgeRig.key)"
        for path in ["/api/v1/models", "/api/v1/models/smart"] {
            for method in ["GET", "HEAD"] {
                try self.client.send(self.request(method, path, headers: [key]))
                #expect(try self.client.received().hasPrefix("HTTP/1.1 200 OK"))
            }
            #expect(try self.control.frames().isEmpty)
            for method in ["POST", "PATCH", "DELETE", "PUT", "TRACE"] {
                try self.client.send(self.request(method, path, headers: [key]))
                let asked = try #require(try self.control.administration())
                #expect(asked.request.method == method && asked.request.path == path)
                try self.answer(asked.stream)
                #expect(try self.client.received().hasPrefix("HTTP/1.1 200 OK"))
            }
            try self.client.send(self.request("GET", path, headers: ["Authorization: Bearer sluice-admin-x"]))
            let asked = try #require(try self.control.administration())
            try self.answer(asked.stream)
            #expect(try self.client.received().hasPrefix("HTTP/1.1 200 OK"))
        }
        try self.client.send(self.request("GET", "/v1/models", headers: ["Authorization: Bearer sluice-admin-x"]))
        #expect(try self.client.received().hasPrefix("HTTP/1.1 401"))
    }

    @Test func frontDoorsStayFrontDoors() throws {
        _ = try self.rig.upstream()
        try self.client.send(FakeClient.post("{}", path: "/api/v1/chat/completions"))
        #expect(try self.client.received().contains("missing_model"))
        #expect(try self.control.frames().isEmpty)
    }

    @Test func aBodyOfOneMiBGoesAndALargerOneDoesNot() throws {
        let most = [UInt8](repeating: 0x61, count: 1 << 20)
        let head = FakeClient.head("POST /api/v1/keys HTTP/1.1", ["Content-Length: \(most.count)"])
        try self.client.send(Array(head.utf8))
        for start in stride(from: 0, to: most.count, by: 64 << 10) {
            try self.client.send(Array(most[start..<(start + 64 << 10)]))
        }
        let asked = try #require(try self.control.administration())
        #expect(asked.body == most && asked.request.bodyLength == 1 << 20)
        try self.answer(asked.stream)
        #expect(try self.client.received().hasPrefix("HTTP/1.1 200"))
        #expect(self.rig.core.budget.used == 0)

        try self.client.send(FakeClient.head("POST /api/v1/keys HTTP/1.1", ["Content-Length: \(most.count + 1)"]))
        #expect(try self.client.received().hasPrefix("HTTP/1.1 413"))
        let chunked = try self.rig.client()
        try chunked.send(FakeClient.head("POST /api/v1/keys HTTP/1.1", ["Transfer-Encoding: chunked"]))
        try chunked.send("100000\r\n")
        try chunked.send(most)
        try chunked.send("\r\n1\r\na\r\n")
        #expect(try chunked.received().hasPrefix("HTTP/1.1 413"))
        #expect(try self.control.frames().isEmpty)
        #expect(self.rig.core.budget.used == 0)
    }

    @Test(arguments: [
        ["If-None-Match: \u{7f}"], ["Idempotency-Key: a", "Idempotency-Key: b"],
        ["Origin: " + String(repeating: "a", count: 5000)],
    ])
    func whatCannotBeSaidAgainIsRefused(_ headers: [String]) throws {
        try self.client.send(self.request("GET", "/api/v1/keys", headers: headers))
        #expect(try self.client.received().hasPrefix("HTTP/1.1 400"))
        #expect(try self.control.frames().isEmpty)
    }

    @Test func aHeadHasNoBody() throws {
        try self.client.send(self.request("HEAD", "/openapi.json"))
        let asked = try #require(try self.control.administration())
        #expect(asked.request.method == "HEAD")
        let head = ResponseHead(
            status: 200, isStream: false, contentLength: 5, contentType: Array("text/plain".utf8), attempts: 0)
        try self.control.send(head.frame(stream: asked.stream) + StreamEnd().frame(stream: asked.stream))
        let text = try self.client.received()
        #expect(text.contains("content-length: 5\r\n") && text.hasSuffix("\r\n\r\n"))
        #expect(self.client.isOpen)
    }

    @Test func browsersMayAskFirst() throws {
        let headers = ["Origin: https://a.example", "Access-Control-Request-Method: PATCH"]
        try self.client.send(self.request("OPTIONS", "/api/v1/keys/k", headers: headers))
        let text = try self.client.received()
        #expect(text.hasPrefix("HTTP/1.1 204"))
        #expect(text.contains("access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
        try self.client.send(self.request("OPTIONS", "/v1/chat/completions", headers: headers))
        #expect(try self.client.received().contains("access-control-allow-methods: GET, HEAD, POST, OPTIONS"))
        #expect(try self.control.frames().isEmpty)
    }

    // MARK: Control away

    @Test func withoutControlItWaitsAndThenSaysSo() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(self.request("GET", "/api/v1/keys"))
        rig.advance(.seconds(4))
        #expect(try client.received().isEmpty)
        rig.advance(.seconds(2))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 503") && text.contains("administration_unavailable"))
        #expect(text.contains("\r\nretry-after: 1\r\n") && client.isOpen)
    }

    @Test func aControlThatComesInTimeIsAsked() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(self.request("POST", "/api/v1/keys", "{}"))
        rig.advance(.seconds(2))
        let control = try FakePeer(rig, role: .control, instance: 4)
        try control.open()
        #expect(try control.administration()?.body == Array("{}".utf8))
    }

    @Test func aControlThatDiesIsSaidToBeLost() throws {
        try self.client.send(self.request("POST", "/api/v1/keys", "{}"))
        _ = try #require(try self.control.administration())
        _ = try self.control.channel.finish()
        let text = try self.client.received()
        #expect(text.hasPrefix("HTTP/1.1 503") && text.contains("administration_lost"))
        #expect(text.contains("\r\nretry-after: 1\r\n") && !text.contains("x-should-retry: true"))
        #expect(self.rig.core.budget.used == 0)
    }

    @Test func halfAReplyDoesNotLookWhole() throws {
        try self.client.send(self.request("GET", "/api/v1/keys"))
        let asked = try #require(try self.control.administration())
        try self.control.send(
            FakePeer.head(length: 100).frame(stream: asked.stream) + FakePeer.chunk("{", asked.stream))
        _ = try self.control.channel.finish()
        #expect(try self.client.received().hasSuffix("\r\n\r\n{"))
        #expect(!self.client.isOpen)
    }

    @Test func afterHalfAMinuteItIsOver() throws {
        try self.client.send(self.request("GET", "/api/v1/keys"))
        let asked = try #require(try self.control.administration())
        self.rig.advance(.seconds(29))
        #expect(try self.client.received().isEmpty)
        self.rig.advance(.seconds(2))
        let text = try self.client.received()
        #expect(text.hasPrefix("HTTP/1.1 504") && text.contains("administration_timeout"))
        #expect(try self.control.frames().map(\.type) == [.cancel])
        // Too late.
        try self.answer(asked.stream)
        #expect(try self.client.received().isEmpty && self.client.isOpen)
    }

    @Test func aReplyThatHasBegunHasAllTheTimeOfItsReader() throws {
        try self.client.send(self.request("GET", "/api/v1/keys"))
        let asked = try #require(try self.control.administration())
        try self.control.send(FakePeer.head(length: 2).frame(stream: asked.stream))
        self.rig.advance(.seconds(40))
        try self.control.send(FakePeer.chunk("{}", asked.stream) + StreamEnd().frame(stream: asked.stream))
        #expect(try self.client.received().hasSuffix("\r\n\r\n{}"))
    }

    @Test func aClientThatGoesIsForgotten() throws {
        try self.client.send(self.request("GET", "/api/v1/keys"))
        let asked = try #require(try self.control.administration())
        try self.client.channel.close().wait()
        #expect(try self.control.frames().map(\.type) == [.cancel])
        try self.answer(asked.stream)
    }

    /// Neither is written to the journal nor counts against limits.
    @Test func itIsNoCall() throws {
        let rig = try EdgeRig(limited: true)
        let control = try FakePeer(rig, role: .control, instance: 2)
        try control.open()
        let client = try rig.client()
        try client.send(self.request("GET", "/api/v1/keys", headers: ["Authorization: Bearer wrong"]))
        let asked = try #require(try control.administration())
        #expect(asked.request.credential == .token(Array("wrong".utf8)))
        try control.answer(asked.stream, "{}")
        #expect(try client.received().hasPrefix("HTTP/1.1 200"))
        #expect(rig.core.metrics.inFlight == 0)
        let series = rig.core.metrics.series.filter { $0.name == "sluice_requests_total" }
        #expect(series.contains { $0.labels.contains(.init("endpoint", "administration")) })
    }

    // MARK: What bodies leave behind

    /// What goes to control, in the memory it is sent from.
    private func sent() throws -> [ByteBuffer] {
        self.rig.loop.run()
        var buffers: [ByteBuffer] = []
        while let buffer = try self.control.channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
        return buffers
    }

    private func has(_ buffers: [ByteBuffer]) -> Bool {
        buffers.contains { $0.readableBytesView.contains(UInt8(ascii: "~")) }
    }

    @Test(arguments: [3, 300, 20_000, 200_000]) func aBodyIsOverwrittenWhenItIsDone(_ size: Int) throws {
        let text = self.request("POST", "/api/v1/providers", String(repeating: "~", count: size))
        // As a socket is read: in pieces, each in memory of its own.
        let pieces = stride(from: 0, to: text.utf8.count, by: 65_536).map {
            ByteBuffer(bytes: text.utf8.dropFirst($0).prefix(65_536))
        }
        #expect(self.has(pieces))
        for piece in pieces {
            try self.client.channel.writeInbound(piece)
            self.rig.loop.run()
        }
        let sent = try self.sent()
        let bytes = sent.flatMap { Array($0.readableBytesView) }
        #expect(bytes.count { $0 == UInt8(ascii: "~") } == size)
        #expect(!self.has(pieces) && String(buffer: pieces[0]).hasPrefix("POST /api/v1/providers HTTP/1.1"))
        #expect(self.has(sent))
        try self.answer(1)
        #expect(try self.client.status() == 200)
        #expect(!self.has(sent))
        #expect(self.rig.core.budget.used == 0)
    }

    /// Writes pieces as a socket is read, each in memory of its own; gives back those that were read. A closed end of output closes an embedded
    /// channel whole: what a client sends after a final reply is not read here.
    private func write(_ texts: [String], to client: FakeClient? = nil) throws -> [ByteBuffer] {
        let client = client ?? self.client
        var pieces: [ByteBuffer] = []
        for text in texts where client.isOpen {
            pieces.append(ByteBuffer(string: text))
            try client.channel.writeInbound(pieces[pieces.count - 1])
            client.rig.loop.run()
        }
        #expect(pieces.count > 1 || texts.count == 1)
        return pieces
    }

    @Test func aBodyThatGoesNowhereIsOverwritten() throws {
        let head = FakeClient.head("POST /api/v1/providers HTTP/1.1", ["Transfer-Encoding: chunked"])
        // More than any body may be, then more than is waited for.
        let longest = Int(AdministrationRequest.longestBody)
        let pieces = try self.write([
            head + "3\r\n~~~\r\n", String(longest, radix: 16) + "\r\n" + String(repeating: "~", count: longest),
            "\r\n3\r\n~~~\r\n",
        ])
        #expect(try self.client.status() == 413)
        #expect(!self.has(pieces))
    }

    @Test func aBodyThatIsRefusedBeforeItComesIsOverwritten() throws {
        let headers = ["Idempotency-Key: a", "Idempotency-Key: b", "Content-Length: 6"]
        let head = FakeClient.head("POST /api/v1/providers HTTP/1.1", headers)
        let pieces = try self.write([head + "~~~", "~~~"])
        #expect(try self.client.status() == 400)
        #expect(pieces.count == 2 && !self.has(pieces))
        // The connection goes on.
        #expect(self.client.isOpen)
    }

    @Test func aBodyThatIsSaidToBeTooLongIsOverwritten() throws {
        let head = FakeClient.head("POST /api/v1/providers HTTP/1.1", ["Content-Length: 2000000"])
        let pieces = try self.write([head + "~~~"])
        #expect(try self.client.status() == 413)
        #expect(!self.has(pieces))
    }

    @Test func halfABodyIsOverwrittenWhenItsClientGoes() throws {
        let head = FakeClient.head("POST /api/v1/providers HTTP/1.1", ["Content-Length: 100"])
        let pieces = try self.write([head + "~~~", "~~~"])
        let connection = try self.client.channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
        let kept = connection.body.body
        #expect(self.has([kept]))
        try self.client.channel.close().wait()
        #expect(!self.has(pieces + [kept]))
    }

    @Test func aBodyThatNobodyAsksForIsOverwritten() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        let pieces = try self.write([self.request("POST", "/api/v1/providers", "~~~")], to: client)
        rig.loop.run()
        let connection = try client.channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
        let kept = try #require(connection.exchange).body
        #expect(self.has([kept]))
        rig.advance(.seconds(6))
        #expect(try client.received().contains("administration_unavailable"))
        #expect(!self.has(pieces + [kept]))
    }

    @Test func whatWasSentAheadIsOverwritten() throws {
        let texts = [
            self.request("GET", "/api/v1/keys"), self.request("POST", "/api/v1/providers", "~~~"),
            FakeClient.head("POST /api/v1/providers HTTP/1.1", ["Content-Length: 150000"])
                + String(repeating: "~", count: 75_000), String(repeating: "~", count: 75_000),
        ]
        // Of which more comes than is kept, and the client goes before anybody has looked at it.
        let pieces = try self.write(texts)
        #expect(self.has(pieces))
        try self.client.channel.close().wait()
        #expect(!self.has(pieces))
    }

    @Test func whatCannotBeReadIsOverwritten() throws {
        let head = FakeClient.head("POST /api/v1/providers HTTP/1.1", ["Transfer-Encoding: chunked"])
        let pieces = try self.write([head + "3\r\n~~~\r\n", "nothing: ~~~\r\n\r\n~~~", "~~~"])
        #expect(try self.client.status() == 400)
        #expect(!self.has(pieces))
    }
}
