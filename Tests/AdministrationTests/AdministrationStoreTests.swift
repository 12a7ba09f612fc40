import Cryptography
import Database
import Domain
import Foundation
import Glibc
import Identity
import Logging
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
        self.remove("identity.mdb")
        _ = try self.open()
        #expect(try !self.isKnown(keys.0))
        #expect(try self.isKnown(keys.1))
    }

    /// The table goes back to an earlier state, as if a crash had come between the two commits.
    @Test func aTableThatIsBehindCatchesUp() throws {
        let path = "\(self.folder.path)/identity.mdb"
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
        self.remove("identity.mdb-lock")
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

    @Test(arguments: ["control.db", "identity.mdb"]) func aDamagedFileIsNamedAndLeftAlone(_ name: String) throws {
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

    @Test func aNewerDatabaseIsRefused() throws {
        do { _ = try self.open() }
        let database = try ControlDatabase(stateDirectory: self.folder.path, newID: .standard, now: 0)
        try database.database.execute("PRAGMA user_version = 9")
        #expect(self.failure()?.message.contains("newer Sluice") == true)
    }
}
