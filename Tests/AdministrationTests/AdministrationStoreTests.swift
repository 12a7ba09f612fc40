import Cryptography
import Database
import Domain
import Foundation
import Glibc
import Identity
import EventLog
import Testing

@testable import Administration

@Suite struct AdministrationStoreTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func open() throws(StartFailure) -> AdministrationStore {
        try AdministrationStore(stateDirectory: self.folder.path)
    }

    private func failure() -> StartFailure? {
        do throws(StartFailure) {
            _ = try self.open()
            return nil
        } catch { return error }
    }

    private func isKnown(_ secret: Secret) throws -> Bool {
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        let digest = try secret.withBytes { try SHA256().digest($0) }
        return try reader.row(for: digest) != nil
    }

    private func remove(_ name: String) {
        try? FileManager.default.removeItem(atPath: "\(self.folder.path)/\(name)")
    }

    @Test func keysSurviveARestart() throws {
        let made = try { try self.open().createKey(AdministrationStore.NewKey(name: "a")) }()
        let store = try self.open()
        #expect(try store.key(made.record.id) == made.record)
        #expect(try store.key(secret: made.secret) == made.record)
        #expect(try store.key(secret: Secret(Array("sk-sl-other".utf8))) == nil)
        #expect(try self.isKnown(made.secret))
    }

    @Test func aLostTableIsMadeAgain() throws {
        let keys = try {
            let store = try self.open()
            let first = try store.createKey(AdministrationStore.NewKey(name: "a"))
            let second = try store.createKey(AdministrationStore.NewKey(name: "b"))
            _ = try store.revokeKey(first.record.id)
            return (first.secret, second.secret)
        }()
        self.remove("identity/identity.mdb")
        _ = try self.open()
        #expect(try !self.isKnown(keys.0))
        #expect(try self.isKnown(keys.1))
    }

    /// The table goes back to an earlier state, as if a crash had come between the two commits.
    @Test func aTableThatIsBehindCatchesUp() throws {
        let path = "\(self.folder.path)/identity/identity.mdb"
        let old = try {
            let store = try self.open()
            return try store.createKey(AdministrationStore.NewKey(name: "old"))
        }()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let new = try {
            let store = try self.open()
            _ = try store.revokeKey(old.record.id)
            return try store.createKey(AdministrationStore.NewKey(name: "new"))
        }()
        try before.write(to: URL(fileURLWithPath: path))
        self.remove("identity/identity.mdb-lock")
        #expect(try self.isKnown(old.secret))
        _ = try self.open()
        #expect(try !self.isKnown(old.secret))
        #expect(try self.isKnown(new.secret))
    }

    /// control.db is another one than the table was made from: keys of the other must not stay good.
    @Test func aTableOfAnotherDatabaseIsReplaced() throws {
        let old = try { try self.open().createKey(AdministrationStore.NewKey(name: "old")) }()
        for name in ["control.db", "control.db-wal", "control.db-shm"] { self.remove(name) }
        let store = try self.open()
        #expect(try !store.hasKeys())
        #expect(try !self.isKnown(old.secret))
    }

    @Test(arguments: ["control.db", "identity/identity.mdb"])
    func aDamagedFileIsNamedAndLeftAlone(_ name: String) throws {
        do { _ = try self.open().createKey(AdministrationStore.NewKey(name: "a")) }
        let url = URL(fileURLWithPath: "\(self.folder.path)/\(name)")
        let good = try Data(contentsOf: url)
        for (offset, length) in [(3, good.count), (0, 150), (4096, good.count)] {
            var bytes = good.prefix(length)
            if offset < length { for index in offset..<(min(offset + 30, length)) { bytes[index] = 0xFF } }
            try bytes.write(to: url)
            let failure = try #require(self.failure(), "\(name) \(offset)")
            #expect(failure.code == 74)
            #expect(failure.message.contains("\(self.folder.path)/\(name) at byte "))
            #expect(!failure.message.contains("\n"))
            #expect(try Data(contentsOf: url) == bytes)
        }
        try good.write(to: url)
        #expect(self.failure() == nil)
    }

    /// A database as version 1 left it, with a key and two projects.
    private func makeFirstVersion() throws {
        let database = try SQLiteDatabase(
            path: "\(self.folder.path)/control.db",
            options: SQLiteOptions(applicationID: ControlSchema.applicationID, erasesDeleted: true),
            migrations: [ControlSchema.migrations[0]])
        let id: SQL = "x'00000000000000000000000000000001'"
        for statement: SQL in [
            "INSERT INTO control(one, id, change_seq) VALUES (1, x'000102030405060708090A0B0C0D0E0F', 7)",
            "INSERT INTO organizations(id, name, created) VALUES (\(id), 'default', 1)",
            "INSERT INTO projects VALUES (\(id), \(id), 'default', 'UTC', 1)",
            "INSERT INTO projects VALUES (x'00000000000000000000000000000009', \(id), 'web', 'Europe/Berlin', 1)",
            """
            INSERT INTO keys VALUES (x'00000000000000000000000000000005', \(id), 'old',
                x'0000000000000000000000000000000000000000000000000000000000000000', 'sk-sl-', 60, NULL, 3, 12500000000,
                77, 1, NULL, NULL, 7)
            """,
        ] { try database.execute(statement) }
    }

    @Test func theFirstVersionIsBroughtUpToDate() throws {
        try self.makeFirstVersion()
        let store = try self.open()
        let key = try store.key(EntityID(high: 0, low: 5))
        #expect(
            key.limits
                == LimitSet([
                    .requestsPerMinute: 60, .concurrency: 3, .monthlyCost: 12_500_000_000, .monthlyTokens: 77,
                ]))
        #expect(try store.projects().map(\.timeZone) == [nil, "Europe/Berlin"])
        let web = EntityID(high: 0, low: 9)
        #expect(try store.projectTimeZones().map(\.id) == [web])
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        #expect(try reader.entity(.project, web)?.timeZone?.name == "Europe/Berlin")
        #expect(try reader.entity(.project, .standard) == nil)
        let zeros = try #require(Digest([UInt8](repeating: 0, count: 32)))
        #expect(try reader.row(for: zeros)?.limits == key.limits)
    }

    /// A table that has the keys of version 1 gets the rest from the database alone.
    @Test func aTableOfTheFirstVersionGetsItsTimeZones() throws {
        try self.makeFirstVersion()
        try IdentityWriter.create(
            stateDirectory: self.folder.path,
            meta: IdentityMeta(sequence: 7, source: EntityID(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F))
        ) { nil }
        _ = try self.open()
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        #expect(try reader.entity(.project, EntityID(high: 0, low: 9))?.timeZone?.name == "Europe/Berlin")
        // Only what has changed was written: the key is not there, as the table said it was up to date with it.
        #expect(try reader.row(for: try #require(Digest([UInt8](repeating: 0, count: 32)))) == nil)
    }

    @Test func limitsSurviveEveryLossOfTheTable() throws {
        let id = try { () throws -> EntityID in
            let store = try self.open()
            try store.setLimits(of: .organization, .standard) { $0[.totalCost] = 5 }
            try store.setLimits(of: .key, .standard) { $0[.concurrency] = 1 }
            try store.setLimits(of: .key, .standard) { $0[.concurrency] = nil }
            return try store.createProject(.init(name: "web", timeZone: "Asia/Kolkata")).id
        }()
        func check() throws {
            let reader = IdentityReader(stateDirectory: self.folder.path)
            try reader.refresh()
            #expect(try reader.entity(.organization, .standard) == EntityRow(limits: LimitSet([.totalCost: 5])))
            #expect(try reader.entity(.project, id)?.timeZone?.initialOffset == 19_800)
            #expect(try reader.entity(.key, .standard) == nil)
        }
        try check()
        self.remove("identity/identity.mdb")
        do { _ = try self.open() }
        try check()
        // A table of another database is replaced as a whole.
        self.remove("identity/identity.mdb")
        self.remove("identity/identity.mdb-lock")
        try IdentityWriter.create(
            stateDirectory: self.folder.path, meta: IdentityMeta(sequence: 1, source: EntityID(high: 9, low: 9)),
            entities: [.init(.user, .standard, EntityRow(limits: LimitSet([.concurrency: 1])))]
        ) { nil }
        do { _ = try self.open() }
        try check()
        let reader = IdentityReader(stateDirectory: self.folder.path)
        try reader.refresh()
        #expect(try reader.entity(.user, .standard) == nil)
    }

    /// The rules that the table has are of some years ago: a start makes them anew.
    @Test func rulesOfTimeZonesAreRefreshed() throws {
        func open(_ year: UInt64) throws {
            let store = try AdministrationStore(
                stateDirectory: self.folder.path, clock: { (year - 1970) * 31_557_600_000 })
            if try store.projects().count == 2 {
                _ = try store.createProject(.init(name: "web", timeZone: "Europe/Berlin"))
            }
        }
        func transitions() throws -> [Int64] {
            let reader = IdentityReader(stateDirectory: self.folder.path)
            try reader.refresh()
            let database = try AdministrationStoreTests.webID(self.folder.path)
            return try #require(try reader.entity(.project, database)?.timeZone).transitions.map(\.at)
        }
        try open(2024)
        let before = try transitions()
        try open(2034)
        let after = try transitions()
        #expect(before.count == after.count)
        #expect(try #require(after.first) > #require(before.first))
    }

    private static func webID(_ path: String) throws -> EntityID {
        let database = try ControlDatabase(ControlDatabase.file(stateDirectory: path), newID: .standard, now: 0)
        return try #require(try database.projects(after: nil, limit: 1, organization: nil, name: "web").first).id
    }

    @Test func aNewerDatabaseIsRefused() throws {
        do { _ = try self.open() }
        try ControlDatabase.file(stateDirectory: self.folder.path).execute("PRAGMA user_version = 9")
        #expect(self.failure()?.message.contains("newer Sluice") == true)
    }
}
