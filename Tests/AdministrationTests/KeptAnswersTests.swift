import Cryptography
import Database
import DatabaseTestSupport
import Domain
import JSON
import Testing

@testable import Administration

/// The answer to a request with an Idempotency-Key is committed with the change it tells of.
@Suite(.serialized) struct KeptAnswersTests {
    /// All that can be asked with an Idempotency-Key: where, and with what.
    private static func requests(_ desk: KeptAnswersScene.Desk) throws -> [String: (path: String, body: String)] {
        let key = try desk.store.createKey(.init(name: "before")).record.id.text(.key)
        let project = EntityID.standard.text(.project)
        return [
            "createOrganization": ("orgs", #"{"name":"o"}"#),
            "createProject": ("projects", #"{"name":"p"}"#),
            "createKey": ("keys", #"{"name":"k"}"#),
            "createProjectKey": ("projects/\(project)/keys", #"{"name":"l"}"#),
            "regenerateKey": ("keys/\(key)/regenerate", #"{"overlap_seconds":60}"#),
            "createToken": ("tokens", #"{"name":"t","role":"viewer"}"#),
        ]
    }

    @Test(arguments: KeptAnswersScene.products)
    func thereIsNoChangeWithoutItsAnswer(_ product: DatabaseProduct) throws {
        let scene = try KeptAnswersScene(product)
        let desk = try scene.desk()
        let requests = try Self.requests(desk)
        // The master key is for operators, who have no Idempotency-Keys.
        let all = desk.service.table.routes.filter { $0.method == .post && !$0.isLocal }.map(\.id)
        #expect(requests.keys.sorted() == all.sorted())
        let before = try desk.changes()
        try KeptAnswersScene.allowAnswers(false, in: desk.store.connection)
        for (id, request) in requests {
            let refused = try desk.ask(request.path, request.body, key: id)
            #expect(refused.status == 503, "\(id)")
        }
        #expect(try desk.changes() == before)
        try KeptAnswersScene.allowAnswers(true, in: desk.store.connection)
        for (id, request) in requests {
            let changes = try desk.changes()
            let first = try desk.ask(request.path, request.body, key: id)
            #expect(first.isSuccess && !first.isRepeated, "\(id)")
            #expect(try desk.changes() == changes + 1, "\(id)")
            // Another process, which has nothing but the database.
            let second = try scene.desk().ask(request.path, request.body, key: id)
            #expect(second.isRepeated && second.body == first.body && second.status == first.status, "\(id)")
            #expect(second.version == first.version && second.location == first.location, "\(id)")
            #expect(try desk.changes() == changes + 1, "\(id)")
        }
    }

    @Test(arguments: KeptAnswersScene.products)
    func onlyTheLastTryMakesTheChange(_ product: DatabaseProduct) throws {
        let scene = try KeptAnswersScene(product)
        let (here, there) = (try scene.desk(), try scene.desk())
        let now = here.store.clock()
        let sha256 = try SHA256().digest("request".utf8)
        let fingerprint = try RequestFingerprint(sha256, actor: "a", key: "k", here.store.vault)
        func begin(_ desk: KeptAnswersScene.Desk, at time: UInt64) throws -> IdempotencyTable.Row {
            try IdempotencyTable(desk.store.connection).begin(
                actor: "a", key: "k", fingerprint: fingerprint, now: time)
        }
        func make(_ desk: KeptAnswersScene.Desk, _ request: RequestUnderway) throws -> OrganizationRecord {
            desk.store.underway = request
            defer { desk.store.underway = nil }
            return try desk.store.createOrganization(name: "o", metadata: Metadata(), from: .person) { _ in
                AdministrationReply(status: 201) { writer in
                    writer.key("begun")
                    writer.integer(request.begun)
                }
            }
        }
        #expect(try begin(here, at: now) == .new(begun: now))
        let late = RequestUnderway(actor: "a", key: "k", begun: now)
        let again = try begin(there, at: now + IdempotencyTable.patience)
        #expect(again == .new(begun: now + IdempotencyTable.patience))
        // It was taken for one that had ended, and has not.
        let failure = #expect(throws: AdministrationFailure.self) { try make(here, late) }
        #expect(failure == .requestRunning && !late.isKept)
        try IdempotencyTable(here.store.connection).forget(late)
        #expect(try there.changes() == 0)
        let last = RequestUnderway(actor: "a", key: "k", begun: now + IdempotencyTable.patience)
        _ = try make(there, last)
        #expect(last.isKept)
        try IdempotencyTable(there.store.connection).forget(last)
        guard case .done(201, let sealed) = try begin(here, at: now + 60_000) else {
            Issue.record("nothing is kept")
            return
        }
        let text = try here.store.vault.open(sealed, for: last.context).withBytes { $0 }
        #expect(String(decoding: text, as: UTF8.self).contains("\(last.begun)"))
    }

    /// Two threads of a gateway at the same request.
    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func whatRunsElsewhereIsToldSo() throws {
        let scene = try KeptAnswersScene(.postgres)
        let (here, there) = (try scene.desk(), try scene.desk())
        let request = AdministrationRequest(
            method: .post, path: ["orgs"],
            body: [JSONValue.Member(key: Array("name".utf8), value: .string(Array("o".utf8)))])
        var asked = request
        asked.idempotencyKey = "one"
        var seen: AdministrationReply?
        let reply = try RepeatedRequests(store: here.store).once(request, key: "one") {
            () throws(AdministrationFailure) in
            seen = there.service.reply(to: asked)
            return AdministrationReply { _ in }
        }
        #expect(reply.status == 200)
        #expect(seen?.status == 409)
        #expect(seen.map { String(decoding: $0.body, as: UTF8.self).contains("idempotency_running") } == true)
        let repeated = there.service.reply(to: asked)
        #expect(repeated.isRepeated && repeated.status == 200)
    }

    /// The change is committed and cannot be brought to the edges: who asks again is shown the key when it can.
    @Test(arguments: KeptAnswersScene.products)
    func aKeyThatIsNotInForceYetIsShownLater(_ product: DatabaseProduct) throws {
        let scene = try KeptAnswersScene(product)
        let desk = try scene.desk()
        let connection = desk.store.connection
        _ = try desk.store.createKey(.init(name: "other"))
        // The table cannot follow.
        try connection.execute("CREATE TABLE saved AS SELECT digest, sealed FROM key_secrets")
        try connection.execute("UPDATE key_secrets SET sealed = digest")
        try connection.execute("UPDATE keys SET change_seq = 1000000")
        for _ in 0..<2 { #expect(try desk.ask("keys", #"{"name":"k"}"#, key: "one").status == 503) }
        try connection.execute(
            "UPDATE key_secrets SET sealed = saved.sealed FROM saved WHERE saved.digest = key_secrets.digest")
        let reply = try desk.ask("keys", #"{"name":"k"}"#, key: "one")
        #expect(reply.status == 201 && reply.isRepeated)
        let id = try JSONReader().read(reply.body, maximumBytes: 1 << 20)["id"]?.string
        let found = try desk.store.keys(limit: 9, name: "k")
        #expect(found.count == 1 && found.first?.revoked == nil)
        #expect(id.map { String(decoding: $0, as: UTF8.self) } == found.first?.id.text(.key))
        // Without an Idempotency-Key nobody would ever see it.
        try connection.execute("UPDATE key_secrets SET sealed = digest")
        try connection.execute("UPDATE keys SET change_seq = 2000000")
        #expect(try desk.ask("keys", #"{"name":"l"}"#, key: nil).status == 503)
        #expect(try desk.store.keys(limit: 9, name: "l").first?.revoked != nil)
    }

    /// A former version kept the bare SHA-256 of the request.
    @Test(arguments: KeptAnswersScene.products)
    func formerFingerprintsAreConverted(_ product: DatabaseProduct) throws {
        let scene = try KeptAnswersScene(product)
        let desk = try scene.desk()
        let (body, key) = (#"{"name":"o"}"#, "one")
        let first = try desk.ask("orgs", body, key: key)
        guard case .object(let members) = try JSONReader().read(Array(body.utf8), maximumBytes: 99) else { return }
        let request = AdministrationRequest(method: .post, path: ["orgs"], body: members)
        let former = try SHA256().digest(request.encoded)
        func fingerprint() throws -> [UInt8] {
            let select = try desk.store.connection.statement("SELECT fingerprint FROM idempotency")
            defer { select.reset() }
            return try select.step() ? select.bytes(0) : []
        }
        let kept = try fingerprint()
        #expect(kept.count == Digest.count + 1)
        let update = try desk.store.connection.statement("UPDATE idempotency SET fingerprint = $1")
        try update.bind(1, blob: former.bytes)
        try update.run()
        // As long as the former version writes to the same database.
        #expect(try desk.ask("orgs", body, key: key).isRepeated)
        let again = try scene.desk()
        #expect(try fingerprint() == kept)
        let second = try again.ask("orgs", body, key: key)
        #expect(second.isRepeated && second.body == first.body)
        #expect(try again.ask("orgs", #"{"name":"p"}"#, key: key).status == 422)
    }

    @Test func fingerprintsSayNothingWithoutThePepper() throws {
        let vault = try KeptAnswersScene(.sqlite).desk().store.vault
        let other = try KeptAnswersScene(.sqlite).desk().store.vault
        let sha256 = try SHA256().digest("request".utf8)
        let one = try RequestFingerprint(sha256, actor: "a", key: "bc", vault)
        #expect(one == (try RequestFingerprint(sha256, actor: "a", key: "bc", vault)))
        #expect(one.matches(one.bytes) && one.matches(sha256.bytes))
        for different in [
            try RequestFingerprint(sha256, actor: "a", key: "bc", other),
            try RequestFingerprint(sha256, actor: "ab", key: "c", vault),
            try RequestFingerprint(SHA256().digest("another".utf8), actor: "a", key: "bc", vault),
        ] {
            #expect(!one.matches(different.bytes))
        }
    }
}
