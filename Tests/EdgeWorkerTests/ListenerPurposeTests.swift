import Domain
import IPC
import Testing

@testable import EdgeWorker

/// What is served where, when the administration has a listener of its own.
@Suite struct ListenerPurposeTests {
    private static let administration = ["/api/v1/keys", "/admin/keys", "/docs", "/openapi.json"]
    private static let clients = ["/v1/models", "/v1/chat/completions", "/", "/api/v1/models", "/api/v1/audio", "/x"]

    private let rig: EdgeRig
    private let control: FakePeer
    private let listener = OpenListener(name: "x", tls: nil)

    init() throws {
        self.rig = try EdgeRig()
        self.control = try FakePeer(self.rig, role: .control, instance: 2)
        try self.control.open()
    }

    private func statuses(_ paths: [String], method: String = "GET") throws -> [String] {
        let client = try FakeClient(self.rig, listener: self.listener)
        return try paths.map { path in
            let headers = path.contains("models") ? ["Authorization: Bearer \(EdgeRig.key)"] : []
            try client.send(FakeClient.head("\(method) \(path) HTTP/1.1", headers))
            if let asked = try self.control.administration() { try self.control.answer(asked.stream, "{}") }
            return String(try client.received().dropFirst(9).prefix(3))
        }
    }

    @Test func withoutOneEverythingIsServed() throws {
        #expect(Set(try self.statuses(Self.administration)) == ["200"])
        #expect(try self.statuses(["/v1/models", "/", "/health"]) == ["200", "200", "200"])
    }

    @Test func clientsDoNotSeeTheAdministration() throws {
        self.listener.purpose = .clients
        #expect(Set(try self.statuses(Self.administration)) == ["404"])
        #expect(try self.statuses(["/api/v1/models", "/v1/models", "/", "/health"]) == ["200", "200", "200", "200"])
        #expect(try self.statuses(["/api/v1/models/x"], method: "DELETE") == ["404"])
    }

    @Test func theAdministrationsOwnServesNothingElse() throws {
        self.listener.purpose = .administration
        #expect(Set(try self.statuses(Self.administration + ["/health", "/health/live"])) == ["200"])
        #expect(Set(try self.statuses(Self.clients)) == ["404"])
        #expect(try self.statuses(["/health/ready"]) == ["503"])
        #expect(try self.statuses(["/api/v1/models/x"], method: "DELETE") == ["200"])
    }

    /// A reload changes it for connections that are open.
    @Test func itChangesForOpenConnectionsToo() throws {
        let client = try FakeClient(self.rig, listener: self.listener)
        try client.send(FakeClient.head("GET / HTTP/1.1"))
        #expect(try client.status() == 200)
        self.listener.purpose = .administration
        try client.send(FakeClient.head("GET / HTTP/1.1"))
        #expect(try client.status() == 404)
    }

    @Test func itHoldsUnderHTTP2() throws {
        let client = try HTTP2Client(self.rig, listener: self.listener)
        let first = try client.get("/api/v1/keys")
        let asked = try #require(try self.control.administration())
        #expect(asked.request.method == "GET" && asked.request.path == "/api/v1/keys")
        let head = ResponseHead(
            status: 200, isStream: false, contentLength: 2, contentType: Array("application/json".utf8), attempts: 0,
            further: [ReplyHeader(.etag, "\"1\"")])
        try self.control.send(
            head.frame(stream: asked.stream) + FakePeer.chunk("{}", asked.stream)
                + StreamEnd().frame(stream: asked.stream))
        let reply = try client.reply(first)
        #expect(reply.status == "200" && reply.body == "{}" && reply.header("etag") == "\"1\"")
        self.listener.purpose = .clients
        #expect(try client.reply(try client.get("/api/v1/keys")).status == "404")
        let second = try client.post("{}", HTTP2Client.fields("PATCH", "/api/v1/models/x"))
        #expect(try client.reply(second).status == "404")
        self.listener.purpose = .administration
        #expect(try client.reply(try client.get("/v1/models")).status == "404")
        let third = try client.post("{}", HTTP2Client.fields("PATCH", "/api/v1/models/x"))
        let patch = try #require(try self.control.administration())
        #expect(patch.request.method == "PATCH" && patch.body == Array("{}".utf8))
        try self.control.answer(patch.stream, "{}")
        #expect(try client.reply(third).status == "200")
    }
}
