import Configuration
import Cryptography
import Database
import Domain
import IPC
import JSON
import Testing

@testable import Administration
@testable import ControlPlane

@Suite struct ObjectsResourceTests {
    private let scene: ObjectsScene

    init() throws { self.scene = try ObjectsScene() }

    private static let groq = #"{"name": "groq", "dialect": "groq", "api_key": "gsk_0123456789abcdef"}"#

    @Test func aProviderIsMadeShownChangedAndDeleted() throws {
        let made = try self.scene.ask(.post, "providers", body: Self.groq)
        #expect(made.status == 201)
        #expect(made.version == 1)
        #expect(made.location == "/api/v1/providers/groq")
        #expect(made.json["api_key"] == .string(Array("gsk…cdef".utf8)))
        #expect(made.json["in_force"] == .bool(true) && made.json["source"] == .string(Array("api".utf8)))
        // What goes out where it takes too long.
        #expect(try JSONReader().read(made.body, maximumBytes: 1 << 20)["in_force"] == .bool(false))
        #expect(!made.text.contains("0123456789"))

        let shown = try self.scene.ask(.get, "providers", "groq")
        #expect(shown.status == 200 && shown.json == made.json)
        let changed = try self.scene.ask(
            .patch, "providers", "groq", body: #"{"concurrency": 5, "timeouts": {"connect": "1s"}}"#, ifMatch: "\"1\"")
        #expect(changed.status == 200 && changed.version == 2)
        #expect(changed.json["concurrency"] == .integer(5))
        #expect(changed.json["timeouts"]?["connect"] == .string(Array("1s".utf8)))
        #expect(changed.json["api_key"] == .string(Array("gsk…cdef".utf8)))
        let settings = try #require(self.scene.board.now.merge.configuration.providers.last?.settings)
        #expect(settings.apiKey == Secret(Array("gsk_0123456789abcdef".utf8)))
        #expect(settings.reach == .publicInternet)

        #expect(try self.scene.ask(.patch, "providers", "groq", body: "{}", ifMatch: "\"1\"").status == 412)
        #expect(try self.scene.ask(.delete, "providers", "groq").status == 204)
        #expect(try self.scene.ask(.get, "providers", "groq").status == 404)
        #expect(try self.scene.ask(.delete, "providers", "groq").status == 404)
        let audit = try self.scene.store.audit(AuditQuery(limit: 10))
        #expect(audit.map(\.action) == ["delete", "update", "create"])
        #expect(!"\(audit)".contains("0123456789"))
    }

    /// Its answer is kept with the change; who is told it again waits again until it is in force.
    @Test func anObjectIsMadeOnceUnderAnIdempotencyKey() throws {
        let connection = self.scene.store.connection
        for (path, body) in [
            ("providers", Self.groq), ("models", #"{"name": "a", "targets": ["one:m"]}"#),
            ("prices", #"{"target": "one:n", "input": 1, "output": 2}"#),
        ] {
            try connection.execute(
                "CREATE TRIGGER none BEFORE UPDATE OF status ON idempotency BEGIN SELECT RAISE(ABORT, 'not now'); END")
            let changes = try connection.integer("SELECT COUNT(*) FROM audit")
            #expect(try self.scene.ask(.post, path, body: body, key: path).status == 503)
            #expect(try connection.integer("SELECT COUNT(*) FROM audit") == changes)
            try connection.execute("DROP TRIGGER none")
            let made = try self.scene.ask(.post, path, body: body, key: path)
            #expect(made.status == 201 && !made.isRepeated)
            var again = try self.scene.ask(.post, path, body: body, key: path)
            #expect(again.isRepeated)
            again.isRepeated = false
            #expect(again == made && made.sequel != nil)
        }
        // What it holds is under a digest with the pepper, and sealed.
        let rows = try connection.statement("SELECT fingerprint, reply FROM idempotency")
        while try rows.step() {
            #expect(rows.bytes(0).count == Digest.count + 1)
            #expect(!String(decoding: rows.bytes(1), as: UTF8.self).contains("groq"))
        }
    }

    @Test func nothingOfAKeyIsStoredInTheClear() throws {
        try self.scene.ask(
            .post, "providers",
            body: """
                {"name": "p", "dialect": "openai", "keys": [{"name": "a", "value": "sk-AAAAAAAAAAAAAAAAAAAA"},
                 {"name": "b", "value": "sk-BBBBBBBBBBBBBBBBBBBB"}], "headers": {"X-Team": "header-secret-value"}}
                """)
        let records = try self.scene.store.objects()
        let record = try #require(records.records.first)
        for bytes in [record.body, record.sealed ?? []] {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("AAAAAAAA") && !text.contains("BBBBBBBB") && !text.contains("secret-value"))
        }
        let object = try self.scene.codec.object(of: record)
        #expect(ObjectSecrets.all(in: object.members).count == 3)
        // Sealed for this name and no other.
        var stolen = record
        stolen.name = "q"
        #expect(throws: ObjectCodec.Unreadable.self) { try self.scene.codec.object(of: stolen) }
    }

    @Test func secretsGoNowhereElseWhateverIsWrittenBesideThem() throws {
        try self.scene.ask(
            .post, "providers",
            body:
                #"{"name": "p", "dialect": "openai", "base_url": "https://a.example.com/v1", "api_key": "sk-AAAAAAAAAAAA"}"#
        )
        let record = try #require(try self.scene.store.objects().records.first)
        var moved = record
        moved.body = Array(String(decoding: record.body, as: UTF8.self).replacing("a.example", with: "b.example").utf8)
        #expect(moved.body != record.body)
        #expect(throws: ObjectCodec.Unreadable.self) { try self.scene.codec.object(of: moved) }
        // The path is theirs to say.
        moved.body = Array(String(decoding: record.body, as: UTF8.self).replacing("com/v1", with: "com/v2").utf8)
        #expect(moved.body != record.body)
        #expect(ObjectSecrets.all(in: try self.scene.codec.object(of: moved).members).count == 1)
        // What was sealed before it was so is still read.
        let object = try self.scene.codec.object(of: record)
        let alone = try #require(ObjectSecrets.taken(from: object.members))
        var old = record
        old.sealed = try self.scene.codec.vault.seal(alone, for: .provider("p"))
        #expect(try self.scene.codec.object(of: old) == object)
    }

    @Test func theFileWins() throws {
        for (path, body) in [
            ("providers", #"{"name": "one", "dialect": "simulated"}"#),
            ("models", #"{"name": "fast", "targets": ["one:x"]}"#),
            ("prices", #"{"target": "one:m", "input": 1, "output": 1}"#),
        ] {
            let refused = try self.scene.ask(.post, path, body: body)
            #expect(refused.status == 409 && refused.code == "defined_in_file")
        }
        let refused = try self.scene.ask(.patch, "models", "fast", body: #"{"targets": ["one:x"]}"#)
        #expect(refused.status == 409 && refused.message?.contains("f.yaml:4") == true)
        #expect(try self.scene.ask(.delete, "providers", "one").code == "defined_in_file")
        let listed = try self.scene.ask(.get, "providers")
        let first = try #require(listed.json["data"]?.array?.first)
        #expect(first["source"] == .string(Array("file".utf8)) && first["line"] == .integer(2))
        #expect(first["default"] == .bool(true) && first["version"] == .null)
    }

    @Test func aFileThatComesToDefineANameHidesTheObject() throws {
        try self.scene.ask(.post, "models", body: #"{"name": "slow", "targets": ["one:x"]}"#)
        try self.scene.use(ObjectsScene.file.replacing("fast:", with: "slow:"))
        #expect(self.scene.board.now.merge.notices.first?.contains("f.yaml:4 defines the name") == true)
        let listed = try self.scene.ask(.get, "models")
        #expect(listed.json["data"]?.array?.count == 1)
        #expect(listed.json["data"]?.array?.first?["hides_api"] == .bool(true))
        // It can be taken away all the same.
        #expect(try self.scene.ask(.delete, "models", "slow").status == 204)
        #expect(try self.scene.ask(.delete, "models", "slow").code == "defined_in_file")
    }

    @Test func whatOthersNeedStays() throws {
        try self.scene.ask(.post, "providers", body: Self.groq)
        try self.scene.ask(.post, "models", body: #"{"name": "slow", "targets": ["groq:x"]}"#)
        try self.scene.ask(.post, "prices", body: #"{"target": "groq:*", "input": "0.5", "output": 1.25}"#)
        let refused = try self.scene.ask(.delete, "providers", "groq")
        #expect(refused.status == 409 && refused.code == "in_use")
        #expect(refused.message?.contains("the model alias slow, the price groq:*") == true)
        try self.scene.ask(.delete, "models", "slow")
        try self.scene.ask(.delete, "prices", "groq:*")
        #expect(try self.scene.ask(.delete, "providers", "groq").status == 204)
        #expect(try self.scene.ask(.post, "models", body: #"{"name": "slow", "targets": ["groq:x"]}"#).status == 422)
    }

    @Test(arguments: [
        #"{"base_url": "https://evil.example/v1"}"#, #"{"base_url": "https://api.groq.com:444/openai/v1"}"#,
        #"{"dialect": "openai"}"#, #"{"base_url": "https://evil.example/v1", "api_key": "gsk…cdef"}"#,
        #"{"base_url": "https://evil.example/v1", "headers": {"X-Other": "v"}}"#,
    ])
    func aKeyGoesNowhereElse(patch: String) throws {
        try self.scene.ask(.post, "providers", body: Self.groq)
        let refused = try self.scene.ask(.patch, "providers", "groq", body: patch)
        #expect(refused.status == 422 && refused.code == "credentials_needed" && refused.field == "api_key")
        #expect(try self.scene.store.objects().records.first?.version == 1)
    }

    @Test func aKeyThatIsGivenAgainGoesThere() throws {
        try self.scene.ask(.post, "providers", body: Self.groq)
        let path = #"{"base_url": "https://api.groq.com/other/v1"}"#
        #expect(try self.scene.ask(.patch, "providers", "groq", body: path).status == 200)
        let moved = #"{"base_url": "https://other.example/v1", "api_key": "new-key-0123456789"}"#
        #expect(try self.scene.ask(.patch, "providers", "groq", body: moved).status == 200)
        let header = #"{"headers": {"X-Team": "header-value"}}"#
        #expect(try self.scene.ask(.patch, "providers", "groq", body: header).status == 200)
        // Headers count as keys.
        let again = #"{"base_url": "https://third.example/v1", "api_key": "new-key-9876543210"}"#
        let refused = try self.scene.ask(.patch, "providers", "groq", body: again)
        #expect(refused.status == 422 && refused.field == "headers.X-Team")
        let without = #"{"base_url": "https://third.example/v1", "api_key": "new-key-9876543210", "headers": null}"#
        #expect(try self.scene.ask(.patch, "providers", "groq", body: without).status == 200)
    }

    @Test(arguments: [
        "http://127.0.0.1:1/v1", "https://127.0.0.1/v1", "https://10.1.2.3/v1", "https://169.254.169.254/latest",
        "https://2130706433/v1", "https://0x7f.1/v1", "https://0177.0.0.1/v1", "https://[::1]/v1",
        "https://[::ffff:10.0.0.1]/v1", "https://[fd00::1]/v1", "https://localhost/v1", "https://a.localhost/v1",
        "https://100.64.1.1/v1", "http://api.example.com/v1",
    ])
    func privateAddressesAreRefused(url: String) throws {
        let refused = try self.scene.ask(
            .post, "providers", body: #"{"name": "p", "dialect": "openai", "api_key": "k", "base_url": "\#(url)"}"#)
        #expect(refused.status == 422 && refused.field == "base_url")
    }

    @Test(arguments: [
        (#"{"name": "p"}"#, 400, "dialect"), (#"{"name": "p", "dialect": "groq", "apikey": "k"}"#, 400, "apikey"),
        (#"{"dialect": "groq", "api_key": "k"}"#, 400, "name"),
        (#"{"name": "p", "dialect": "groq", "api_key": 7}"#, 400, "api_key"),
        (#"{"name": "p", "dialect": "groq", "api_key": "a b"}"#, 422, "api_key"),
        (#"{"name": "p", "dialect": "vllm"}"#, 422, "base_url"),
        (#"{"name": "p q", "dialect": "simulated"}"#, 422, "name"),
        (#"{"name": "p", "dialect": "groq", "api_key": "k", "ca_file": "/etc/passwd"}"#, 422, "ca_file"),
        (#"{"name": "p", "dialect": "groq", "api_key": "k", "proxy": "http://10.0.0.1:1"}"#, 422, "proxy"),
        (
            #"{"name": "p", "dialect": "groq", "api_key": "k", "allow_private_network": true}"#, 422,
            "allow_private_network"
        ),
        (#"{"name": "p", "dialect": "simulated", "delay": "2h"}"#, 422, "delay"),
    ])
    func problemsNameTheMember(body: String, status: Int, field: String) throws {
        let refused = try self.scene.ask(.post, "providers", body: body)
        #expect(refused.status == status && refused.field == field, "\(refused.text)")
        #expect(try self.scene.store.objects() == ObjectRecords())
    }

    @Test func listsHavePages() throws {
        for index in 0..<5 {
            try self.scene.ask(.post, "models", body: #"{"name": "m\#(index)", "targets": ["one:x"]}"#)
        }
        #expect(try self.scene.ask(.post, "models", body: #"{"name": "m1", "targets": ["one:x"]}"#).status == 409)
        let first = try self.scene.ask(.get, "models", body: #"{"limit": 4, "source": "api"}"#)
        #expect(first.json["data"]?.array?.compactMap { $0["name"]?.string }.count == 4)
        #expect(first.json["next"] == .string(Array("m3".utf8)))
        let rest = try self.scene.ask(.get, "models", body: #"{"limit": 4, "source": "api", "after": "m3"}"#)
        #expect(rest.json["data"]?.array?.count == 1 && rest.json["next"] == .null)
    }

    @Test func onlyWhoMayChangesThem() throws {
        let viewer = AdministrationActor.token(id: .standard, name: "v", role: .viewer, organization: nil)
        #expect(try self.scene.ask(.get, "providers", actor: viewer).status == 200)
        #expect(try self.scene.ask(.post, "providers", body: Self.groq, actor: viewer).status == 403)
        #expect(try self.scene.ask(.post, "providers", "one", "test", actor: viewer).status == 403)
        let foreign = AdministrationActor.token(id: .standard, name: "o", role: .owner, organization: .standard)
        #expect(try self.scene.ask(.get, "providers", actor: foreign).status == 403)
    }

    @Test func aTestIsACallWithTheKey() throws {
        #expect(try self.scene.ask(.post, "providers", "one", "test").json["ok"] == .bool(true))
        try self.scene.ask(.post, "providers", body: Self.groq)
        let reply = try self.scene.ask(.post, "providers", "groq", "test")
        guard case .probe(let probe)? = reply.sequel else {
            Issue.record("there is nothing to do")
            return
        }
        #expect(probe.url == "https://api.groq.com/openai/v1/models")
        #expect(probe.reach == .publicInternet)
        #expect(probe.headers.contains(Secret(Array("authorization: Bearer gsk_0123456789abcdef".utf8))))
        #expect(!"\(probe)".contains("0123456789"))
    }

    @Test func onlyUpstreamsGetTheKeys() throws {
        try self.scene.ask(
            .post, "providers",
            body: """
                {"name": "p", "dialect": "openai", "api_key": "sk-AAAAAAAAAAAAAAAAAAAA",
                 "headers": {"X-Team": "header-secret-value"}}
                """)
        let builder = SnapshotBuilder(version: 1, staticKeyDigest: nil, cores: 1, workingDirectory: "/")
        let snapshots = builder.build(self.scene.board.now.merge.configuration)
        for secret in ["sk-AAAAAAAAAAAAAAAAAAAA", "header-secret-value"] {
            #expect(snapshots.upstream.encoded().firstRange(of: secret.utf8) != nil)
            #expect(snapshots.edge.encoded().firstRange(of: secret.utf8) == nil)
            #expect(snapshots.aggregator.encoded().firstRange(of: secret.utf8) == nil)
        }
    }
}
