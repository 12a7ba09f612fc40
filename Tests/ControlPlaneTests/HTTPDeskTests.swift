import Administration
import Domain
import EventLog
import IPC
import JSON
import Testing

@testable import ControlPlane

/// What becomes of a request that an edge has passed on.
@Suite struct HTTPDeskTests {
    private let office = FakeOffice()
    private let desk: HTTPDesk
    private let sink = LineSink()

    init() {
        self.desk = HTTPDesk(
            self.office.office, documentation: Documentation(nil), log: Log(role: .control, sink: self.sink))
    }

    private func ask(
        _ method: String, _ path: String, _ body: String = "", type: String? = "application/json",
        headers: [IPC.AdministrationRequest.Header: String] = [:], token: String? = FakeOffice.token,
        client: [UInt8] = FakeClientAddress.v4(1)
    ) -> HTTPReply? {
        var all = headers.mapValues { Array($0.utf8) }
        if let type, !body.isEmpty { all[.contentType] = Array(type.utf8) }
        var reply: HTTPReply?
        self.desk.answer(
            IPC.AdministrationRequest(
                method: method, path: path, bodyLength: UInt64(body.utf8.count),
                credential: token.map { .token(Array($0.utf8)) } ?? .none, headers: all, client: client,
                record: RecordID(high: 1, low: 2)), body: Array(body.utf8)
        ) {
            #expect(reply == nil)
            reply = $0
        }
        return reply
    }

    private func code(_ reply: HTTPReply?) throws -> String? {
        let value = try JSONReader().read(try #require(reply).body, maximumBytes: 1 << 20)
        return value["error"]?["code"]?.string.map { String(decoding: $0, as: UTF8.self) }
    }

    private func header(_ name: ReplyHeader.Name, _ reply: HTTPReply?) -> String? {
        reply?.headers.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    // MARK: Paths

    @Test(arguments: [
        ("/api/v1/keys", ["keys"]), ("/api/v1/keys/key_1", ["keys", "key_1"]), ("/admin/keys", ["keys"]),
        ("/admin/providers/a%20b", ["providers", "a b"]), ("/admin/aliases/x", ["models", "x"]),
        ("/api/v1/models/gpt%2D4", ["models", "gpt-4"]), ("/api/v1/orgs/%C3%A4", ["orgs", "ä"]),
        ("/api/v1/models/openai%2Fgpt%2f4", ["models", "openai/gpt/4"]), ("/admin/aliases/a%2Fb", ["models", "a/b"]),
        ("/api/v1/prices/own%3Aa%2Fb", ["prices", "own:a/b"]),
    ])
    func pathsNameResources(_ path: String, _ segments: [String]) throws {
        #expect(self.ask("GET", path)?.status == 200)
        #expect(self.office.asked.last?.path == segments)
    }

    @Test(arguments: [
        "/api", "/api/v1", "/api/v2/keys", "/admin", "/admin/orgs", "/admin/keysx", "/API/v1/keys", "/docs/x",
        "/docs/a/b",
    ])
    func whatIsNoResourceIsUnknown(_ path: String) throws {
        let reply = self.ask("GET", path)
        #expect(reply?.status == 404)
        #expect(try self.code(reply) == "unknown_url")
        #expect(self.office.asked.isEmpty)
    }

    @Test(arguments: [
        "/api/v1/keys/a%2Fb", "/api/v1/keys/a%2fb", "/api/v1/keys/%00", "/api/v1/keys/%ff", "/api/v1/keys/%C3",
        "/api/v1/keys/%", "/api/v1/keys/%4", "/api/v1/keys/%zz", "/api/v1//keys", "/api/v1/keys/", "/api/v1/../keys",
        "/api/v1/%2e%2e/keys", "/api/v1/./keys", "/api/v1/keys/ä", "/api/v1/keys/a b", "", "api/v1/keys", "*",
    ])
    func whatTwoReadersMightTakeForTwoPathsIsRefused(_ path: String) throws {
        let reply = self.ask("GET", path)
        #expect(reply?.status == 400)
        #expect(try self.code(reply) == "invalid_path")
        #expect(self.office.asked.isEmpty)
    }

    // MARK: Members

    @Test func theQueryIsMembers() throws {
        #expect(self.ask("GET", "/api/v1/usage?limit=10&after=a%3Db+c&x&y=%25_%27&z=&limit=2")?.status == 200)
        let members = try #require(self.office.asked.last).body
        #expect(members.map { String(decoding: $0.key, as: UTF8.self) } == ["limit", "after", "x", "y", "z", "limit"])
        #expect(
            members.map { $0.value.string.map { String(decoding: $0, as: UTF8.self) } } == [
                "10", "a=b c", "", "%_'", "", "2",
            ])
        #expect(self.ask("DELETE", "/api/v1/keys/k?force=1")?.status == 200)
        #expect(self.office.asked.last?.body.count == 1)
    }

    @Test(arguments: [
        "/api/v1/usage?a=%ff", "/api/v1/usage?a=%00", "/api/v1/usage?a=%", "/api/v1/usage?%00=1", "/api/v1/usage?%=1",
    ])
    func aQueryThatCannotBeReadIsRefused(_ path: String) throws {
        let reply = self.ask("GET", path)
        #expect(reply?.status == 400)
        #expect(try self.code(reply) == "invalid_request")
    }

    @Test func theBodyIsMembers() throws {
        #expect(self.ask("POST", "/api/v1/keys", #"{"name":"x","n":1}"#)?.status == 200)
        let request = try #require(self.office.asked.last)
        #expect(request.method == .post && request.path == ["keys"])
        #expect(request.body.map { String(decoding: $0.key, as: UTF8.self) } == ["name", "n"])
        #expect(request.actor == FakeOffice.actor && request.address == "192.0.2.1")
        #expect(request.requestID == RecordID(high: 1, low: 2).description)
        #expect(self.ask("POST", "/api/v1/keys/k/regenerate")?.status == 200)
        #expect(self.office.asked.last?.body.isEmpty == true)
    }

    @Test(arguments: [
        "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
        "application/merge-patch+json",
    ])
    func jsonIsTaken(_ type: String) { #expect(self.ask("PATCH", "/api/v1/keys/k", "{}", type: type)?.status == 200) }

    @Test(arguments: [
        nil, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx",
        "application/json; charset=latin1", "text/json",
    ])
    func otherTypesAreRefused(_ type: String?) throws {
        let reply = self.ask("POST", "/api/v1/keys", "{}", type: type)
        #expect(reply?.status == 415)
        #expect(self.office.asked.isEmpty)
    }

    @Test(arguments: ["[]", "1", "null", "\"x\"", "{", "{}}", "{'a':1}", "\u{1}"])
    func otherBodiesAreRefused(_ body: String) { #expect(self.ask("POST", "/api/v1/keys", body)?.status == 400) }

    @Test func bodyAndQueryAreNotMixed() throws {
        #expect(self.ask("POST", "/api/v1/keys?a=1", "{}")?.status == 400)
        #expect(self.ask("GET", "/api/v1/keys", "{}")?.status == 400)
        #expect(self.ask("DELETE", "/api/v1/keys/k?a=1", "{}")?.status == 400)
        #expect(self.office.asked.isEmpty)
    }

    // MARK: Methods and headers

    @Test(arguments: ["OPTIONS", "TRACE", "CONNECT", "get", "FOO", ""]) func otherMethodsAreNotAllowed(_ method: String)
        throws
    {
        let reply = self.ask(method, "/api/v1/keys")
        #expect(reply?.status == 405)
        #expect(self.header(.allow, reply) == "DELETE, GET, HEAD")
        let nowhere = self.ask(method, "/api/v1/nothing")
        #expect(nowhere?.status == 404)
        #expect(try self.code(nowhere) == "unknown_url")
        #expect(self.ask(method, "/api/v1/keys", token: nil)?.status == 401)
    }

    @Test func theDocumentationIsReadOnly() throws {
        for path in ["/docs", "/openapi.json"] {
            let reply = self.ask("POST", path, "{}")
            #expect(reply?.status == 405)
            #expect(self.header(.allow, reply) == "GET, HEAD")
        }
    }

    @Test func headersGoAlong() throws {
        let reply = self.ask(
            "POST", "/api/v1/keys", "{}", headers: [.ifMatch: "\"3\"", .idempotencyKey: "once"])
        #expect(reply?.status == 200)
        #expect(self.office.asked.last?.ifMatch == "\"3\"" && self.office.asked.last?.idempotencyKey == "once")
        for key in ["", "a b", String(repeating: "a", count: 256), "ä"] {
            #expect(self.ask("POST", "/api/v1/keys", "{}", headers: [.idempotencyKey: key])?.status == 400)
        }
    }

    @Test func aVersionIsAnEntityTag() throws {
        self.office.version = 7
        self.office.location = "/api/v1/keys/k"
        let reply = self.ask("GET", "/api/v1/keys/k")
        #expect(self.header(.etag, reply) == "\"7\"" && self.header(.location, reply) == "/api/v1/keys/k")
        #expect(self.header(.cacheControl, reply) == "no-store" && self.header(.contentTypeOptions, reply) == "nosniff")
        for known in ["\"7\"", "W/\"7\"", "*", "\"6\", \"7\"", " \"7\" "] {
            let reply = self.ask("GET", "/api/v1/keys/k", headers: [.ifNoneMatch: known])
            #expect(reply?.status == 304 && reply?.body == [] && self.header(.etag, reply) == "\"7\"")
        }
        for other in ["\"8\"", "7", "\"7", ""] {
            #expect(self.ask("GET", "/api/v1/keys/k", headers: [.ifNoneMatch: other])?.status == 200)
        }
        // It is a condition for reading.
        #expect(self.ask("PATCH", "/api/v1/keys/k", "{}", headers: [.ifNoneMatch: "*"])?.status == 200)
    }

    @Test func aHeadIsAGetWithoutItsBody() throws {
        let reply = self.ask("HEAD", "/api/v1/keys")
        #expect(reply?.isHeadOnly == true && reply?.status == 200 && reply?.head.contentLength == 2)
        #expect(self.office.asked.last?.method == .get)
    }

    // MARK: Tokens

    @Test func withoutARightTokenAllIsTheSame() throws {
        let replies = [
            self.ask("GET", "/api/v1/keys", token: nil), self.ask("GET", "/api/v1/keys", token: "sluice-admin-wrong"),
            self.ask("GET", "/api/v1/keys", token: "sk-key"), self.ask("DELETE", "/api/v1/nothing", token: ""),
            self.ask("GET", "/api/v1/x", token: "sluice-admin-" + String(repeating: "a", count: 4000)),
        ]
        #expect(Set(replies).count == 1)
        #expect(replies[0]?.status == 401 && self.header(.authenticate, replies[0]) == "Bearer")
        #expect(self.office.asked.isEmpty)
        // Nobody is asked about what cannot be a token.
        #expect(self.office.authenticated == 1)
    }

    @Test func aBodyIsNotReadForAnybody() throws {
        #expect(self.ask("POST", "/api/v1/keys", "{", token: nil)?.status == 401)
    }

    @Test func tokensThatCannotBeLookedUpAreNotWrong() throws {
        self.office.failure = AdministrationFailure(status: 503, code: "storage_failed", message: "away")
        let reply = self.ask("GET", "/api/v1/keys")
        #expect(reply?.status == 503 && reply?.retryAfter == 1)
    }

    @Test func wrongTokensAreAnsweredLaterAndLater() throws {
        for _ in 0..<WrongTokens.free { #expect(self.ask("GET", "/api/v1/keys", token: "x")?.status == 401) }
        #expect(self.ask("GET", "/api/v1/keys", token: "x") == nil)
        #expect(self.ask("GET", "/api/v1/keys", token: "sluice-admin-x") == nil)
        #expect(self.office.delays == [WrongTokens.step, 2 * WrongTokens.step])
        // Neither the right one nor another address has to wait.
        #expect(self.ask("GET", "/api/v1/keys")?.status == 200)
        #expect(self.ask("GET", "/api/v1/keys", token: "x", client: FakeClientAddress.v4(2))?.status == 401)
        #expect(self.ask("GET", "/api/v1/keys", token: nil)?.status == 401)
        self.office.now += WrongTokens.window
        #expect(self.ask("GET", "/api/v1/keys", token: "x")?.status == 401)
    }

    @Test func tooManyWrongTokensAreRefused() throws {
        for _ in 0..<(WrongTokens.free + WrongTokens.patience) { _ = self.ask("GET", "/api/v1/keys", token: "x") }
        let reply = self.ask("GET", "/api/v1/keys", token: "x")
        #expect(reply?.status == 429 && (1...61).contains(reply?.retryAfter ?? 0))
        for answer in self.office.delayed { answer() }
        #expect(self.ask("GET", "/api/v1/keys", token: "x") == nil)
        #expect(self.office.delays.max() == WrongTokens.longest)
    }

    // MARK: Documentation

    @Test func theDocumentIsForEverybody() throws {
        let reply = try #require(self.ask("GET", "/openapi.json", token: nil))
        #expect(reply.status == 200 && reply.contentType == Array("application/json".utf8))
        let tag = try #require(self.header(.etag, reply))
        #expect(self.ask("GET", "/openapi.json", headers: [.ifNoneMatch: tag], token: nil)?.status == 304)
    }

    @Test func withoutSwaggerUIThePageSaysHowToGetIt() throws {
        let reply = try #require(self.ask("GET", "/docs", token: nil))
        let text = String(decoding: reply.body, as: UTF8.self)
        #expect(reply.status == 200 && text.contains("scripts/swagger-ui") && text.contains("/openapi.json"))
        #expect(!text.contains("<script"))
        #expect(self.header(.contentSecurityPolicy, reply)?.contains("script-src 'self'") == true)
        #expect(self.ask("GET", "/docs/swagger-ui.css", token: nil)?.status == 404)
    }
}

/// Addresses as edges name them.
enum FakeClientAddress {
    static func v4(_ last: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, last] }
    static func v6(_ network: UInt64, _ host: UInt64) -> [UInt8] {
        [network, host].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }
}
