import Cryptography
import Database
import Domain
import EventLog
import Glibc
import Testing

@testable import Administration

@Suite struct VaultTests {
    /// A database with the tables that hold sealed things, and a state folder.
    private final class Scene {
        let folder: TemporaryFolder
        let database: SQLiteDatabase
        var environment: [String: String] = [:]

        init() throws {
            self.folder = try TemporaryFolder()
            self.database = try Self.open(self.folder.path)
            try self.database.execute("CREATE TABLE control(change_seq BIGINT)")
            try self.database.execute("INSERT INTO control VALUES (0)")
            // Its rows belong to no key of a table.
            try self.database.execute("PRAGMA foreign_keys = OFF")
            for sql in ControlSchema.entities(on: .sqlite) + ControlSchema.tokens + ControlSchema.objects {
                try self.database.execute(sql)
            }
        }

        private static func open(_ folder: String) throws -> SQLiteDatabase {
            try SQLiteDatabase(path: "\(folder)/control.db", options: SQLiteOptions(applicationID: 7))
        }

        func vault() throws -> Vault {
            try Vault(try MasterKeySource(stateDirectory: self.folder.path) { self.environment[$0] })
        }

        func unlocked() throws -> Vault {
            let vault = try self.vault()
            try vault.unlock(self.database)
            return vault
        }

        /// One of everything that is sealed.
        func fill(_ vault: Vault) throws {
            for number in 0..<1203 {
                let sha256 = try SHA256().digest("key \(number)".utf8)
                let digest = try vault.digest(ofKey: sha256)
                let sealed = try vault.seal(Secret(sha256.bytes), for: .key(digest))
                let insert = try self.database.statement("INSERT INTO key_secrets VALUES ($1, $1, $2, '', 0, NULL)")
                try insert.bind(1, blob: digest.bytes)
                // Rows from before have nothing sealed.
                try insert.bind(2, blob: number == 5 ? [] : sealed)
                try insert.run()
            }
            let object = try self.database.statement("INSERT INTO objects VALUES (1, 'openai', '{}', $1, 0, 0, 1)")
            try object.bind(1, blob: try vault.seal(Secret(Array("sk-provider".utf8)), for: .provider("openai")))
            try object.run()
            try self.database.execute("INSERT INTO objects VALUES (2, 'alias', '{}', NULL, 0, 0, 1)")
            let reply = try self.database.statement("INSERT INTO idempotency VALUES ($1, $2, $3, 201, $3, 0)")
            for (actor, key) in [("tok_1", "a"), ("tok_1", "b"), ("tok_2", "a")] {
                try reply.bind(1, text: actor)
                try reply.bind(2, text: key)
                try reply.bind(3, blob: try vault.seal(Secret(Array("{}".utf8)), for: .reply(actor: actor, key: key)))
                try reply.run()
            }
        }

        /// Opens everything that is sealed; the number of things.
        func openAll(_ vault: Vault) throws -> Int {
            var count = 0
            let keys = try self.database.statement("SELECT digest, sealed FROM key_secrets WHERE length(sealed) > 0")
            while try keys.step() {
                let digest = try #require(Digest(keys.bytes(0)))
                let sha256 = try #require(Digest(try vault.open(keys.bytes(1), for: .key(digest)).withBytes { $0 }))
                guard try vault.digest(ofKey: sha256) == digest else { continue }
                count += 1
            }
            let objects = try self.database.statement("SELECT name, secrets FROM objects WHERE secrets IS NOT NULL")
            while try objects.step() {
                _ = try vault.open(objects.bytes(1), for: .provider(objects.text(0)))
                count += 1
            }
            let replies = try self.database.statement("SELECT actor, key, reply FROM idempotency")
            while try replies.step() {
                _ = try vault.open(replies.bytes(2), for: .reply(actor: replies.text(0), key: replies.text(1)))
                count += 1
            }
            return count
        }
    }

    private static let old = String(repeating: "0f", count: 32)
    private static let new = String(repeating: "1e", count: 32)

    @Test func aVaultOpensWhatItsPredecessorSealed() throws {
        let scene = try Scene()
        let first = try scene.unlocked()
        let token = Secret(Array("sluice-admin-x".utf8))
        let sealed = try first.seal(token, for: .provider("a"))
        let second = try scene.unlocked()
        #expect(try second.open(sealed, for: .provider("a")) == token)
        #expect(try second.digest(ofToken: token) == first.digest(ofToken: token))
        #expect(throws: VaultError.self) { try second.open(sealed, for: .provider("b")) }
        // The pepper makes the digests of every database others.
        let other = try Scene().unlocked()
        #expect(try other.digest(ofToken: token) != first.digest(ofToken: token))
    }

    @Test func aVaultThatHasNotSeenItsDatabase() throws {
        let scene = try Scene()
        let sealed = try scene.unlocked().seal(Secret([1, 2, 3]), for: .provider("a"))
        let locked = try scene.vault()
        #expect(!locked.isUnlocked)
        // What it knew last can be opened while the database is away.
        #expect(try locked.open(sealed, for: .provider("a")) == Secret([1, 2, 3]))
        #expect(throws: VaultError.locked) { try locked.seal(Secret([1]), for: .provider("a")) }
        #expect(throws: VaultError.locked) { try locked.digest(ofToken: Secret([1])) }
    }

    @Test func aWrongMasterKeyIsOneLine() throws {
        let scene = try Scene()
        _ = try scene.unlocked()
        scene.environment["SLUICE_MASTER_KEY"] = Self.old
        let wrong = #expect(throws: VaultError.self) { try scene.unlocked() }
        #expect(wrong?.startFailure.code == ControlExitCode.configuration)
        #expect(wrong?.description.hasPrefix("SLUICE_MASTER_KEY is not the master key that") == true)
        scene.environment = [:]
        #expect(unsafe unlink("\(scene.folder.path)/control/master_key") == 0)
        let missing = #expect(throws: VaultError.self) { try scene.unlocked() }
        #expect(missing?.description.contains("is missing") == true)
        // No other key is made in its place.
        #expect(unsafe access("\(scene.folder.path)/control/master_key", F_OK) != 0)
    }

    @Test func rotationWithFiles() throws {
        let scene = try Scene()
        let vault = try scene.unlocked()
        try scene.fill(vault)
        let before = scene.folder.read("control/master_key")
        var steps: [Int] = []
        let rotation = try vault.rotate(scene.database) { steps.append($0) }
        #expect(rotation.keys == 1202 && rotation.providers == 1 && rotation.replies == 3 && rotation.dropped == 0)
        #expect(steps.contains(500) && steps.last == 1206)
        #expect(scene.folder.read("control/master_key") != before)
        #expect(scene.folder.read("control/master_key.new") == nil)
        #expect(try scene.openAll(vault) == 1206)
        #expect(try scene.openAll(scene.unlocked()) == 1206)
        // The old key opens nothing any more.
        try scene.folder.write("control/master_key", try #require(before))
        #expect(throws: VaultError.self) { try scene.unlocked() }
    }

    @Test func rotationWithVariables() throws {
        let scene = try Scene()
        scene.environment["SLUICE_MASTER_KEY"] = Self.old
        let vault = try scene.unlocked()
        try scene.fill(vault)
        let failure = #expect(throws: VaultError.self) { try vault.rotate(scene.database) }
        #expect(failure?.description.contains("SLUICE_NEW_MASTER_KEY") == true)
        scene.environment["SLUICE_NEW_MASTER_KEY"] = Self.new
        let both = try scene.unlocked()
        #expect(try both.rotate(scene.database).isGiven)
        // Both in the environment, before and after the old one goes; a second time there is nothing to do.
        #expect(try scene.openAll(scene.unlocked()) == 1206)
        #expect(throws: VaultError.self) { try scene.unlocked().rotate(scene.database) }
        scene.environment = ["SLUICE_MASTER_KEY": Self.new]
        #expect(try scene.openAll(scene.unlocked()) == 1206)
        #expect(scene.folder.read("control/master_key") == nil)
    }

    @Test func aCrashBeforeTheCommitChangesNothing() throws {
        let scene = try Scene()
        let vault = try scene.unlocked()
        try scene.fill(vault)
        // One row that cannot be opened ends the rotation in its transaction.
        try scene.database.execute("UPDATE objects SET secrets = zeroblob(60) WHERE kind = 1")
        let failure = #expect(throws: VaultError.self) { try vault.rotate(scene.database) }
        #expect(failure?.description.contains("the provider openai cannot be opened") == true)
        #expect(scene.folder.read("control/master_key.new") != nil)
        try scene.database.execute("DELETE FROM objects")
        #expect(try scene.openAll(scene.unlocked()) == 1205)
        // The answer to a commit could have been lost: the key stays for a while, and the next rotation takes it.
        let waiting = try #require(scene.folder.read("control/master_key.new"))
        _ = try scene.unlocked().rotate(scene.database)
        #expect(scene.folder.read("control/master_key") == waiting)
        #expect(scene.folder.read("control/master_key.new") == nil)
    }

    @Test func aCrashAfterTheCommitIsMadeGood() throws {
        let scene = try Scene()
        let vault = try scene.unlocked()
        try scene.fill(vault)
        let before = try #require(scene.folder.read("control/master_key"))
        _ = try vault.rotate(scene.database)
        let after = try #require(scene.folder.read("control/master_key"))
        // As if the files had not been swapped any more.
        try scene.folder.write("control/master_key", before)
        try scene.folder.write("control/master_key.new", after)
        #expect(try scene.openAll(scene.unlocked()) == 1206)
        #expect(scene.folder.read("control/master_key") == after)
        #expect(scene.folder.read("control/master_key.new") == nil)
    }

    @Test func whatWasSealedBeforeAndWrittenAfter() throws {
        let scene = try Scene()
        let vault = try scene.unlocked()
        let late = try vault.seal(Secret(Array("sk-late".utf8)), for: .provider("late"))
        _ = try vault.rotate(scene.database)
        let insert = try scene.database.statement("INSERT INTO objects VALUES (1, 'late', '{}', $1, 0, 0, 1)")
        try insert.bind(1, blob: late)
        try insert.run()
        #expect(try scene.openAll(vault) == 1)
        // For ten minutes the former key opens it, after that nothing does.
        #expect(try scene.openAll(scene.unlocked()) == 1)
        let former = "\(scene.folder.path)/control/master_key.former"
        #expect(unsafe unlink(former) == 0)
        #expect(throws: VaultError.self) { try scene.openAll(scene.unlocked()) }
        #expect(try vault.resealStragglers(scene.database) == 1)
        #expect(try vault.resealStragglers(scene.database) == 0)
        #expect(try scene.openAll(scene.unlocked()) == 1)
    }
}
