import Cryptography
import Domain
import Foundation
import Identity
import JSON
import Testing

@testable import Administration

@Suite struct AdministrationServiceTests {
    private let folder: TemporaryFolder
    private let store: AdministrationStore
    private let service: AdministrationService
    private let reader = JSONReader()

    init() throws {
        self.folder = try TemporaryFolder()
        self.store = try AdministrationStore(stateDirectory: self.folder.path, clock: { 1_000 })
        self.service = AdministrationService(store: self.store, limits: LimitSettings())
    }

    private func ask(_ text: String) throws -> (status: Int64, body: JSONValue) {
        let answer = try self.reader.read(self.service.answer(Array(text.utf8)), maximumBytes: 2 << 20)
        return (try #require(answer["status"]?.integer), try #require(answer["body"]))
    }

    private func ask(_ method: String, _ path: String, _ body: String = "{}") throws -> (status: Int64, body: JSONValue)
    {
        try self.ask(#"{"method":"\#(method)","path":"/api/v1/\#(path)","body":\#(body)}"#)
    }

    private func text(_ value: JSONValue?) -> String? {
        value?.string.map { String(decoding: $0, as: UTF8.self) }
    }

    private func error(_ answer: (status: Int64, body: JSONValue)) -> String? {
        self.text(answer.body["error"].flatMap { $0["code"] })
    }

    private func reading() throws -> IdentityReader {
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        return reader
    }

    private func digest(_ key: String) throws -> Digest { try SHA256().digest(Array(key.utf8)) }

    @Test func aKeyIsGoodWithItsAnswerAndGoneWithItsRevocation() throws {
        let identities = try self.reading()
        let answer = try self.ask(
            "POST", "keys",
            #"{"name":"ci","requests_per_minute":60,"tokens_per_minute":1000,"concurrency":3,"cost_monthly":"12.50","#
                + #""tokens_monthly":5000000,"expires":"2030-01-01"}"#)
        #expect(answer.status == 201)
        let key = try #require(self.text(answer.body["key"]))
        #expect(key.hasPrefix("sk-sl-"))
        // 256 bits need 43 digits of 6 bits.
        #expect(key.utf8.count == 6 + 43)
        let id = try #require(self.text(answer.body["id"]))
        #expect(self.text(answer.body["prefix"]) == String(key.prefix(14)))
        #expect(self.text(answer.body["project"]) == "default")
        #expect(self.text(answer.body["cost_monthly"]) == "12.50")
        let row = try #require(try identities.row(for: self.digest(key)))
        #expect(row.principal.key == EntityID(text: id, .key))
        #expect(row.principal.project == .standard)
        #expect(row.expires == 1_893_456_000_000)
        #expect(
            row.limits
                == LimitSet([
                    .requestsPerMinute: 60, .tokensPerMinute: 1000, .concurrency: 3, .monthlyCost: 12_500_000_000,
                    .monthlyTokens: 5_000_000,
                ]))
        // Listed without the key; changed; revoked.
        let listed = try self.ask("GET", "keys")
        #expect(listed.body["data"]?.array?.count == 1)
        #expect(listed.body["data"]?.array?.first?["key"] == nil)
        let changed = try self.ask("PATCH", "keys/\(id)", #"{"concurrency":null,"cost_monthly":7,"name":"ci 2"}"#)
        #expect(changed.status == 200)
        #expect(try identities.row(for: self.digest(key))?.limits[.concurrency] == nil)
        #expect(try identities.row(for: self.digest(key))?.limits[.monthlyCost] == 7_000_000_000)
        #expect(try identities.row(for: self.digest(key))?.limits[.requestsPerMinute] == 60)
        #expect(try self.ask("DELETE", "keys/\(id)").status == 200)
        #expect(try identities.row(for: self.digest(key)) == nil)
        #expect(try self.ask("DELETE", "keys/\(id)").status == 200)
        #expect(self.error(try self.ask("PATCH", "keys/\(id)", #"{"concurrency":1}"#)) == "key_revoked")
        #expect(self.text(try self.ask("GET", "keys/\(id)").body["revoked"]) == "1970-01-01T00:00:01.000Z")
    }

    @Test func noFileHoldsAKey() throws {
        var keys: [String] = []
        for number in 0..<20 {
            let answer = try self.ask("POST", "keys", #"{"name":"k\#(number)"}"#)
            keys.append(try #require(self.text(answer.body["key"])))
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: self.folder.path)
        #expect(names.contains("identity/identity.mdb"))
        for name in names {
            let path = "\(self.folder.path)/\(name)"
            guard FileManager.default.contents(atPath: path) != nil else { continue }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for key in keys { #expect(bytes.range(of: Data(key.utf8.dropFirst(14))) == nil, "\(name)") }
        }
    }

    @Test func namesAreTakenOnceUntilRevoked() throws {
        let first = try self.ask("POST", "keys", #"{"name":"a"}"#)
        #expect(self.error(try self.ask("POST", "keys", #"{"name":"a"}"#)) == "name_taken")
        _ = try self.ask("DELETE", "keys/\(try #require(self.text(first.body["id"])))")
        #expect(try self.ask("POST", "keys", #"{"name":"a"}"#).status == 201)
        #expect(try self.ask("GET", "keys", #"{"name":"a"}"#).body["data"]?.array?.count == 2)
    }

    @Test func projectsHaveTimeZones() throws {
        let made = try self.ask("POST", "projects", #"{"name":"web","time_zone":"Europe/Berlin"}"#)
        #expect(made.status == 201)
        #expect(self.error(try self.ask("POST", "projects", #"{"name":"web"}"#)) == "name_taken")
        for zone in ["Mars/Olympus", "CET", "../../etc/passwd", "", "europe berlin"] {
            #expect(
                self.error(try self.ask("POST", "projects", #"{"name":"x","time_zone":"\#(zone)"}"#))
                    == "invalid_value")
        }
        let id = try #require(self.text(made.body["id"]).flatMap { EntityID(text: $0, .project) })
        let identities = try self.reading()
        #expect(try identities.entity(.project, id)?.timeZone?.name == "Europe/Berlin")
        let path = "projects/\(id.text(.project))"
        #expect(
            self.text(try self.ask("PATCH", path, #"{"time_zone":"Asia/Kolkata"}"#).body["time_zone"]) == "Asia/Kolkata"
        )
        #expect(try identities.entity(.project, id)?.timeZone?.initialOffset == 19_800)
        #expect(self.error(try self.ask("PATCH", path, #"{"time_zone":"Mars/X"}"#)) == "invalid_value")
        #expect(self.text(try self.ask("GET", path).body["name"]) == "web")
        #expect(
            self.error(try self.ask("PATCH", "projects/proj_0000000000000000000000000000000f", #"{"time_zone":null}"#))
                == "not_found")
        #expect(try self.store.projectTimeZones().map(\.id) == [id])
        #expect(try self.ask("PATCH", path, #"{"time_zone":null}"#).body["time_zone"] == .null)
        #expect(try identities.entity(.project, id) == nil)
        #expect(try self.store.projectTimeZones().isEmpty)
        let names = try self.ask("GET", "projects").body["data"]?.array?.map { self.text($0["name"]) }
        #expect(names == ["anonymous", "default", "web"])
        let key = try self.ask("POST", "keys", #"{"name":"a","project":"web"}"#)
        #expect(self.text(key.body["project_id"]) == self.text(made.body["id"]))
        #expect(self.error(try self.ask("POST", "keys", #"{"name":"a","project":"none"}"#)) == "not_found")
        #expect(try self.ask("GET", "keys", #"{"project":"web"}"#).body["data"]?.array?.count == 1)
        #expect(try self.ask("GET", "keys", #"{"project":"default"}"#).body["data"]?.array?.count == 0)
    }

    @Test func longListsComeInPages() throws {
        for number in 0..<7 { _ = try self.store.createKey(AdministrationStore.NewKey(name: "k\(number)")) }
        var names: Set<String> = []
        var after = ""
        var pages = 0
        while true {
            let page = try self.ask("GET", "keys", #"{"limit":3\#(after)}"#)
            pages += 1
            for key in page.body["data"]?.array ?? [] { names.insert(self.text(key["name"]) ?? "") }
            guard let next = self.text(page.body["next"]) else { break }
            after = #","after":"\#(next)""#
        }
        #expect(pages == 3)
        #expect(names.count == 7)
    }

    @Test(arguments: [
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","name":"b"}}"#, "invalid_request"),
        (#"{"method":"POST","method":"GET","path":"/api/v1/keys"}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","admin":true}}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a"},"x":1}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{}}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":5}}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":" a"}}"#, "invalid_value"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a\u0000b"}}"#, "invalid_value"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a\u202eb"}}"#, "invalid_value"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","concurrency":-1}}"#, "invalid_value"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","concurrency":1.5}}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","cost_monthly":1.5}}"#, "invalid_request"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","cost_monthly":"1e9"}}"#, "invalid_value"),
        (#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","expires":"soon"}}"#, "invalid_value"),
        (#"{"method":"PUT","path":"/api/v1/keys"}"#, "method_not_allowed"),
        (#"{"method":"DELETE","path":"/api/v1/keys"}"#, "method_not_allowed"),
        (#"{"method":"GET","path":"/api/v1/"}"#, "unknown_url"),
        (#"{"method":"GET","path":"/api/v1/keys/"}"#, "unknown_url"),
        (#"{"method":"GET","path":"/etc/passwd"}"#, "unknown_url"), (#"{"method":"GET"}"#, "unknown_url"),
        (#"{"method":"GET","path":"/api/v1/projects/x/y"}"#, "unknown_url"),
        (#"{"method":"GET","path":"/api/v1/keys/key_00"}"#, "not_found"),
        (#"{"method":"GET","path":"/api/v1/keys/key_0000000000000000000000000000000f"}"#, "not_found"),
        (#"{"method":"GET","path":"/api/v1/keys","body":[]}"#, "invalid_request"), ("[]", "invalid_request"),
        ("", "invalid_json"), ("{", "invalid_json"), ("{\"method\":\"\u{0}\"}", "invalid_json"),
    ])
    func refusesWhatItDoesNotKnow(_ text: String, _ code: String) throws {
        #expect(self.error(try self.ask(text)) == code)
        #expect(try !self.store.hasKeys())
    }

    @Test(arguments: ["' OR 1=1 --", "%", "_", "a\"b\\c", "é", "x'; DROP TABLE keys; --"])
    func namesAreNeverPartOfASentence(_ name: String) throws {
        var writer = JSONWriter()
        writer.string(name)
        let quoted = String(decoding: writer.bytes, as: UTF8.self)
        _ = try self.ask("POST", "keys", #"{"name":"other"}"#)
        #expect(try self.ask("POST", "keys", #"{"name":\#(quoted)}"#).status == 201)
        let found = try self.ask("GET", "keys", #"{"name":\#(quoted)}"#).body["data"]?.array
        #expect(found?.count == 1)
        #expect(self.text(found?.first?["name"]) == name)
        #expect(self.error(try self.ask("GET", "keys", #"{"project":\#(quoted)}"#)) == "not_found")
    }

    @Test func aListIsNotAskedForWhatNoNameCanBe() throws {
        for (path, member) in [
            ("keys", "name"), ("keys", "tag"), ("projects", "name"), ("orgs", "name"), ("audit-log", "target"),
        ] {
            for text in ["a\\u0001", " a", "\\u202e"] {
                #expect(self.error(try self.ask("GET", path, #"{"\#(member)":"\#(text)"}"#)) == "invalid_value")
            }
        }
        #expect(self.error(try self.ask("GET", "audit-log", #"{"actor":"ä"}"#)) == "invalid_value")
        #expect(try self.ask("GET", "audit-log", #"{"actor":"gateway"}"#).status == 200)
    }

    @Test(arguments: ["keys", "projects"]) func whoChangesNothingChangesNothing(_ path: String) throws {
        let made = try self.ask("POST", path, #"{"name":"a"}"#).body
        let one = "\(path)/\(try #require(self.text(made["id"])))"
        let before = try self.ask("GET", one)
        let audited = try self.ask("GET", "audit-log").body
        let after = try self.ask("PATCH", one)
        #expect(after.status == 200 && after.body == before.body)
        #expect(try self.ask("GET", "audit-log").body == audited)
    }

    @Test func anyBytesAreAnswered() throws {
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255) }
            #expect(!self.service.answer(bytes).isEmpty)
        }
        var mutated = Array(#"{"method":"POST","path":"/api/v1/keys","body":{"name":"a","concurrency":5}}"#.utf8)
        for _ in 0..<2000 {
            let index = Int.random(in: 0..<mutated.count)
            let old = mutated[index]
            mutated[index] = UInt8.random(in: 0...255)
            #expect(!self.service.answer(mutated).isEmpty)
            mutated[index] = old
        }
    }

    @Test func thePlaceIsLookedAtBeforeTheForm() {
        func ask(_ method: AdministrationRequest.Method, _ path: [String], fault: Bool) -> AdministrationReply {
            self.service.reply(
                to: AdministrationRequest(
                    method: method, path: path, fault: fault ? .invalid("the body is not valid JSON") : nil,
                    hasBody: false))
        }
        #expect(ask(.put, ["tokens"], fault: true).status == 405)
        #expect(ask(.put, ["nothing"], fault: true).status == 404)
        #expect(ask(.post, ["orgs"], fault: true).status == 400)
        // A body that is needed, and one that is not.
        #expect(ask(.post, ["orgs"], fault: false).status == 400)
        #expect(ask(.get, ["orgs"], fault: false).status == 200)
    }
}
