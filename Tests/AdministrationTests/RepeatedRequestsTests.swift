import Cryptography
import Database
import Domain
import JSON
import Testing

@testable import Administration

@Suite struct RepeatedRequestsTests {
    private let scene: AdministrationScene

    init() throws {
        self.scene = try AdministrationScene()
    }

    @Test func aRequestIsCarriedOutOnce() throws {
        let body = #"{"name":"k"}"#
        let first = try self.scene.ask(.post, "keys", body, key: "one")
        #expect(first.status == 201 && !first.reply.isRepeated)
        self.scene.now += 3_600_000
        let second = try self.scene.ask(.post, "keys", body, key: "one")
        #expect(second.reply.isRepeated && second.reply.body == first.reply.body && second.status == 201)
        #expect(second.reply.headers.contains { $0.name == "Idempotent-Replayed" })
        #expect(try self.scene.ask(.get, "keys").body["data"]?.array?.count == 1)
        // Another request, another actor.
        let mismatch = try self.scene.ask(.post, "keys", #"{"name":"l"}"#, key: "one")
        #expect(mismatch.status == 422 && mismatch.code == "idempotency_mismatch")
        #expect(try self.scene.ask(.post, "orgs", body, key: "one").status == 422)
        let (owner, _) = try self.scene.token(.owner)
        #expect(try self.scene.ask(.post, "keys", body, as: owner.actor, key: "one").code == "name_taken")
        // What is kept is sealed.
        let text = try #require(first.text("key"))
        for name in ["state/control.db", "state/control.db-wal"] {
            #expect(!String(decoding: self.scene.folder.read(name) ?? [], as: UTF8.self).contains(text))
        }
    }

    @Test func afterADayItIsForgotten() throws {
        let first = try self.scene.ask(.post, "orgs", #"{"name":"o"}"#, key: "one")
        #expect(first.status == 201)
        self.scene.now += 86_400_001
        #expect(try self.scene.ask(.post, "orgs", #"{"name":"p"}"#, key: "one").status == 201)
    }

    @Test func aRefusalIsNotKept() throws {
        #expect(try self.scene.ask(.post, "orgs", #"{"name":" "}"#, key: "one").status == 422)
        #expect(try self.scene.ask(.post, "orgs", #"{"name":"o"}"#, key: "one").status == 201)
        for key in ["", "a b", String(repeating: "x", count: 256), "ä"] {
            #expect(try self.scene.ask(.post, "orgs", #"{"name":"x"}"#, key: key).status == 400)
        }
        // It says nothing where nothing is made.
        #expect(try self.scene.ask(.get, "orgs", key: "one").status == 200)
    }

    @Test func oneThatRunsIsWaitedForAWhile() throws {
        let fingerprint = try RequestFingerprint(
            SHA256().digest("request".utf8), actor: "a", key: "k", self.scene.store.vault)
        let table = IdempotencyTable(self.scene.store.connection, patience: 20_000)
        func begin() throws -> IdempotencyTable.Row {
            try table.begin(actor: "a", key: "k", fingerprint: fingerprint, now: self.scene.now)
        }
        let start = self.scene.now
        #expect(try begin() == .new(begun: start))
        #expect(try begin() == .running)
        self.scene.now += 19_999
        #expect(try begin() == .running)
        // The process ended in the middle.
        self.scene.now += 1
        #expect(try begin() == .new(begun: start + 20_000))
        #expect(try begin() == .running)
        #expect(try !table.end(RequestUnderway(actor: "a", key: "k", begun: start), status: 200, sealed: [9]))
        let last = RequestUnderway(actor: "a", key: "k", begun: start + 20_000)
        #expect(try table.end(last, status: 201, sealed: [1, 2]))
        #expect(try begin() == .done(status: 201, sealed: [1, 2]))
        #expect(try !table.end(last, status: 200, sealed: [9]))
        try table.forget(last)
        self.scene.now += 20_000
        #expect(try begin() == .done(status: 201, sealed: [1, 2]))
    }

    /// With a file nobody else can be at it: its process has ended.
    @Test func withAFileNothingRunsElsewhere() throws {
        let fingerprint = try RequestFingerprint(
            SHA256().digest("request".utf8), actor: "a", key: "k", self.scene.store.vault)
        let table = IdempotencyTable(self.scene.store.connection)
        for time: UInt64 in [5000, 5000, 6000, 4000] {
            guard case .new(let begun) = try table.begin(actor: "a", key: "k", fingerprint: fingerprint, now: time)
            else {
                Issue.record("it waits at \(time)")
                continue
            }
            #expect(begun >= time)
        }
        let rows = try self.scene.store.connection.integer("SELECT created FROM idempotency")
        #expect(rows == 6001)
    }
}
