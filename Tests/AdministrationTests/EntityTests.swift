import Cryptography
import Database
import DatabaseTestSupport
import Domain
import EventLog
import Foundation
import Identity
import Testing

@testable import Administration

/// Keys and projects in both databases, and what edges know of them after each change.
@Suite(.serialized) struct EntityTests {
    enum Product: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgres

        var testDescription: String { self.rawValue }

        static var present: [Product] { TestPostgres.isPresent ? Self.allCases : [.sqlite] }
    }

    /// A database, and hosts with a state folder each that work with it.
    private final class Scene {
        let folders: [TemporaryFolder]
        let server: TestPostgres?

        init(_ product: Product, hosts: Int = 1) throws {
            self.folders = try (0..<hosts).map { _ in try TemporaryFolder() }
            self.server = product == .postgres ? try TestPostgres() : nil
        }

        private static let masterKey = String(repeating: "5a", count: 32)

        func source(_ host: Int = 0) throws -> AdministrationSource {
            try AdministrationSource(
                stateDirectory: self.folders[host].path, server: self.server?.address,
                environment: { $0 == MasterKeySource.variable ? Self.masterKey : nil })
        }

        func row(_ secret: Secret, host: Int = 0) throws -> IdentityRow? {
            let reader = IdentityReader(stateDirectory: self.folders[host].path)
            try reader.refresh()
            return try reader.row(for: try secret.withBytes { try SHA256().digest($0) })
        }

        func entity(_ id: EntityID) throws -> EntityRow? {
            let reader = IdentityReader(stateDirectory: self.folders[0].path)
            try reader.refresh()
            return try reader.entity(.project, id)
        }
    }

    private func isGood(_ row: IdentityRow?) -> Bool { row?.isGood(at: Timestamp.now()) ?? false }

    @Test(arguments: Product.present) func aKeysLife(_ product: Product) throws {
        let scene = try Scene(product)
        let store = try scene.source().open()
        #expect(try !store.hasKeys())
        var new = AdministrationStore.NewKey(name: "it's 100% \"mine\"_; DROP TABLE keys --", tags: ["a%", "b_", "ü"])
        new.metadata = try #require(Metadata([.init(name: Array("team".utf8), value: Array("\0\u{1F600}'".utf8))]))
        new.limits = LimitSet([.monthlyCost: 7, .requestsPerMinute: LimitSet.unlimited])
        new.models = [Array("fast".utf8)]
        let (made, secret) = try store.createKey(new)
        #expect(try store.hasKeys())
        #expect(try store.key(made.id) == made)
        #expect(try store.key(secret: secret) == made)
        // The digest is no credential, in whatever form.
        let digest = try secret.withBytes { try SHA256().digest($0) }
        #expect(try store.key(secret: Secret(digest.bytes)) == nil)
        #expect(try scene.row(Secret(digest.bytes)) == nil)
        #expect(self.isGood(try scene.row(secret)))

        let off = try store.updateKey(made.id) { $0.isDisabled = true }
        #expect(off.version == 2)
        #expect(try scene.row(secret)?.isEnabled == false)
        let on = try store.updateKey(made.id) {
            $0.isDisabled = false
            $0.tags = ["c"]
        }
        #expect(on.version == 3)
        #expect(self.isGood(try scene.row(secret)))
        #expect(try store.updateKey(made.id) { _ in }.version == 3)
        let refusal = #expect(throws: AdministrationFailure.self) {
            try store.updateKey(
                made.id,
                matching: { (version) throws(AdministrationFailure) in
                    guard version == 2 else { throw AdministrationFailure(status: 412, code: "x", message: "") }
                }
            ) { $0.tags = [] }
        }
        #expect(refusal?.status == 412)
        #expect(try store.keys(limit: 10, KeySelection(tag: "c")).map(\.id) == [made.id])
        for tag in ["a%", "%", "_", "C", "\0"] { #expect(try store.keys(limit: 10, KeySelection(tag: tag)).isEmpty) }
        #expect(try store.keys(limit: 10, KeySelection(name: new.name, isRevoked: false)).count == 1)
        #expect(try store.keys(limit: 10, KeySelection(isRevoked: true)).isEmpty)

        let gone = try store.revokeKey(made.id)
        #expect(gone.revoked != nil)
        #expect(try scene.row(secret) == nil)
        #expect(
            try store.keys(limit: 10, KeySelection(organization: .standard, isRevoked: true)).map(\.id) == [made.id])
        // The name is free again.
        _ = try store.createKey(new)
    }

    @Test(arguments: Product.present) func aKeyGetsAnotherSecret(_ product: Product) throws {
        let scene = try Scene(product)
        let store = try scene.source().open()
        let (key, first) = try store.createKey(.init(name: "a"))
        let (again, second) = try store.regenerateKey(key.id, overlap: 60_000)
        #expect(again.version == 2)
        #expect(again.shown != key.shown)
        let old = try #require(try scene.row(first))
        let left = Int64(try #require(old.expires)) - Int64(Timestamp.now())
        #expect((1...60_000).contains(left))
        #expect(try scene.row(second)?.expires == nil)
        #expect(try store.key(secret: first) == again)
        let (_, third) = try store.regenerateKey(key.id, overlap: 0)
        #expect(try scene.row(first) == nil)
        #expect(try scene.row(second) == nil)
        #expect(self.isGood(try scene.row(third)))
        // A table that is made anew knows the same.
        for file in ["", "-lock", "-gate"] {
            try? FileManager.default.removeItem(atPath: "\(scene.folders[0].path)/identity/identity.mdb\(file)")
        }
        _ = try scene.source().open()
        #expect(try scene.row(second) == nil)
        #expect(self.isGood(try scene.row(third)))
        for _ in 0..<(AdministrationStore.secretLimit - 1) { _ = try store.regenerateKey(key.id, overlap: 60_000) }
        #expect(throws: AdministrationFailure.tooManySecrets) { try store.regenerateKey(key.id, overlap: 60_000) }
        _ = try store.revokeKey(key.id)
        #expect(throws: AdministrationFailure.self) { try store.regenerateKey(key.id, overlap: 0) }
    }

    @Test(arguments: Product.present) func projectsTakeTheirKeysAlong(_ product: Product) throws {
        let scene = try Scene(product)
        let store = try scene.source().open()
        let project = try store.createProject(
            .init(name: "web", timeZone: "Asia/Kolkata", weight: 3, limits: LimitSet([.monthlyTokens: 9])))
        #expect(try scene.entity(project.id)?.limits == LimitSet([.monthlyTokens: 9]))
        #expect(try store.project(project.id) == project)
        #expect(try store.project("web").id == project.id)
        #expect(try store.projectTimeZones().map(\.id) == [project.id])
        let changed = try store.updateProject(project.id) {
            $0.name = "web 2"
            $0.limits[.monthlyCost] = 5
            $0.weight = 1
        }
        #expect(changed.version == 2)
        #expect(try scene.entity(project.id)?.limits == LimitSet([.monthlyTokens: 9, .monthlyCost: 5]))
        let secrets = try (0..<3).map { try store.createKey(.init(name: "k\($0)", project: "web 2")).secret }
        for id in [EntityID.standard, .anonymous] {
            #expect(throws: AdministrationFailure.fixedProject) { try store.deleteProject(id) }
        }
        _ = try store.deleteProject(project.id)
        for secret in secrets { #expect(try scene.row(secret) == nil) }
        #expect(try scene.entity(project.id) == nil)
        #expect(throws: AdministrationFailure.noProject) { try store.project(project.id) }
        #expect(throws: AdministrationFailure.noProject) {
            try store.createKey(.init(name: "x", project: project.id.text(.project)))
        }
        #expect(try store.projects().map(\.name) == ["anonymous", "default"])
        #expect(store.projectName(project.id) == "web 2")
        _ = try store.createProject(.init(name: "web 2"))
        #expect(throws: AdministrationFailure.self) { try store.createProject(.init(name: "web 2")) }
        let first = try #require(try store.projects(limit: 1).first)
        #expect(try store.projects(after: first.id).map(\.name) == ["default", "web 2"])
    }

    /// Control is killed between its commit and the table: the next one brings in what is missing, over several pages.
    @Test(arguments: Product.present) func whatACrashLeftOutIsBroughtIn(_ product: Product) throws {
        let scene = try Scene(product)
        let source = try scene.source()
        let store = try source.open()
        let (key, secret) = try store.createKey(.init(name: "a"))
        // As `revokeKey` does, and no further.
        _ = try store.commit { (number) throws(DatabaseError) -> (Void, AuditEntry?) in
            var gone = key
            gone.revoked = 5
            try store.database.update(gone, number: number)
            return ((), nil)
        }
        #expect(self.isGood(try scene.row(secret)))
        _ = try scene.source().open()
        #expect(try scene.row(secret) == nil)
    }

    /// No SHA-256 of a key is anywhere in the file, its log or a dump; keys of former versions are converted.
    @Test func digestsAreNotInTheDatabase() throws {
        let scene = try Scene(.sqlite)
        let path = scene.folders[0].path
        let secret = Secret(Array("sk-sl-former".utf8))
        let sha256 = try secret.withBytes { try SHA256().digest($0) }
        do {
            let database = try SQLiteDatabase(
                path: "\(path)/control.db", options: SQLiteOptions(applicationID: ControlSchema.applicationID),
                migrations: Array(ControlSchema.migrations.prefix(3)))
            let id: SQL = "x'00000000000000000000000000000001'"
            for sql: SQL in [
                "INSERT INTO control(one, id, change_seq) VALUES (1, x'000102030405060708090A0B0C0D0E0F', 7)",
                "INSERT INTO organizations(id, name, created) VALUES (\(id), 'default', 1)",
                "INSERT INTO projects(id, organization, name, created) VALUES (\(id), \(id), 'default', 1)",
            ] { try database.execute(sql) }
            let insert = try database.statement(
                """
                INSERT INTO keys(id, project, name, digest, shown, created, change_seq)
                    VALUES (x'00000000000000000000000000000007', \(id), 'old', $1, 'sk-sl-fo', 1, 7)
                """)
            try insert.bind(1, blob: sha256.bytes)
            try insert.run()
        }
        let store = try scene.source().open()
        let (_, other) = try store.createKey(.init(name: "new"))
        #expect(try store.key(secret: secret)?.name == "old")
        #expect(self.isGood(try scene.row(secret)))
        for key in [secret, other] {
            let digest = try key.withBytes { try SHA256().digest($0) }
            for file in ["control.db", "control.db-wal"] {
                let bytes = (try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)"))) ?? Data()
                #expect(bytes.range(of: Data(digest.bytes)) == nil, "\(file)")
                #expect(bytes.range(of: Data(key.withBytes { $0 })) == nil, "\(file)")
            }
        }
        #expect(FileManager.default.fileExists(atPath: "\(path)/control.db"))
    }

    /// A filter that is not given is bound as NULL, whose type PostgreSQL wants to know all the same.
    @Test(arguments: Product.present) func listsWithAndWithoutFilters(_ product: Product) throws {
        let scene = try Scene(product)
        let store = try scene.source().open()
        _ = try store.createKey(.init(name: "a"))
        let first = try #require(try store.organizations(limit: 5).first)
        #expect(try store.organizations(limit: 5, only: first.id, name: first.name) == [first])
        #expect(try store.organizations(after: first.id, limit: 5).isEmpty)
        #expect(try store.organizations(limit: 5, name: "nobody").isEmpty)
        #expect(try store.tokens(after: nil, limit: 5, organization: nil).isEmpty)
        #expect(try store.tokens(after: first.id, limit: 5, organization: first.id).isEmpty)
        let changes = try store.audit(AuditQuery(limit: 5))
        let change = try #require(changes.first)
        #expect(
            try store.audit(
                AuditQuery(
                    actor: change.actor, kind: change.kind, target: change.target, organization: change.organization,
                    limit: 5)) == [change])
        #expect(try store.audit(AuditQuery(organization: EntityID(high: 7, low: 7), limit: 5)).isEmpty)
    }

    @Test(arguments: Product.present) func oldChangesAreForgotten(_ product: Product) throws {
        let scene = try Scene(product)
        let store = try scene.source().open()
        for number in 0..<8 { _ = try store.createKey(.init(name: "key \(number)")) }
        let numbers = try store.audit(AuditQuery(limit: 50)).map(\.number)
        try #require(numbers.count >= 8)
        // A second apart; the clock of the third newest was wrong.
        try store.connection.execute("UPDATE audit SET time = number * 1000")
        try store.connection.execute("UPDATE audit SET time = 5 WHERE number = \(numbers[2])")
        let limit = UInt64(numbers[4]) * 1000
        var counts: [Int] = []
        repeat { counts.append(try store.removeAudit(before: limit, limit: 2)) } while counts.last == 2
        #expect(counts.reduce(0, +) == numbers.count - 5)
        #expect(try store.audit(AuditQuery(limit: 50)).map(\.number) == Array(numbers.prefix(5)))
        #expect(try store.removeAudit(before: 0, limit: 2) == 0)
        // What is done now is written down as before, and everything may go.
        _ = try store.createKey(.init(name: "new"))
        #expect(try store.removeAudit(before: .max, limit: 100) == 6)
        #expect(try store.audit(AuditQuery(limit: 50)).isEmpty)
        #expect(try store.hasKeys())
    }

    // MARK: Several hosts

    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func whatOneHostRevokesIsGoneOnTheOther() throws {
        let scene = try Scene(.postgres, hosts: 2)
        let here = try scene.source(0).open()
        let there = try scene.source(1).open()
        let (key, secret) = try here.createKey(.init(name: "a"))
        try there.catchUp()
        #expect(self.isGood(try scene.row(secret, host: 1)))
        // The first look after a connection says that something may have been missed.
        try there.follow(milliseconds: 1)
        _ = try here.revokeKey(key.id)
        #expect(self.isGood(try scene.row(secret, host: 1)))
        let began = Timestamp.now()
        try there.follow(milliseconds: 30_000)
        #expect(try scene.row(secret, host: 1) == nil)
        // It did not wait until the time was up: it was told.
        #expect(Timestamp.now() - began < 20_000)
    }

    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func anotherMasterKeyIsRefused() throws {
        let scene = try Scene(.postgres, hosts: 2)
        _ = try scene.source(0).open()
        let other = try AdministrationSource(
            stateDirectory: scene.folders[1].path, server: scene.server?.address,
            environment: { $0 == MasterKeySource.variable ? String(repeating: "77", count: 32) : nil })
        let failure = #expect(throws: StartFailure.self) { try other.open() }
        #expect(failure?.message.contains("master key") == true)
        #expect(failure?.code != ControlExitCode.databaseAway)
    }

    @Test func aServerThatIsAwayIsAnotherMatterThanADamage() throws {
        let folder = try TemporaryFolder()
        var address = try PostgresAddress(url: Array("postgresql://nobody@127.0.0.1:1/none".utf8))
        address.connectTimeout = 1
        let source = try AdministrationSource(
            stateDirectory: folder.path, server: address, environment: { _ in nil })
        let failure = #expect(throws: StartFailure.self) { try source.open() }
        #expect(failure?.code == ControlExitCode.databaseAway)
    }

    /// A table that followed another database is rewritten, keys and all.
    @Test(arguments: Product.present) func aTableOfAnotherDatabaseIsReplaced(_ product: Product) throws {
        let scene = try Scene(product)
        let foreign = Secret(Array("sk-sl-foreign".utf8))
        let digest = try foreign.withBytes { try SHA256().digest($0) }
        let row = IdentityRow(principal: Principal(organization: .standard, project: .standard, key: .standard))
        var rows = [(digest, row)][...]
        try IdentityWriter.create(
            stateDirectory: scene.folders[0].path,
            meta: IdentityMeta(sequence: 1000, source: EntityID(high: 9, low: 9))
        ) { rows.popFirst() }
        #expect(try scene.row(foreign) != nil)
        let store = try scene.source().open()
        let (_, secret) = try store.createKey(.init(name: "a"))
        #expect(try scene.row(foreign) == nil)
        #expect(self.isGood(try scene.row(secret)))
    }
}
