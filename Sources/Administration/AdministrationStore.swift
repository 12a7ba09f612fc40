public import Cryptography
public import Database
import Domain
public import EventLog
import Identity

/// Organizations, projects and keys: the control database and the identity table that follows it.
///
/// Every change is committed to the database first and to the table next, and only then answered, so that it is in force in
/// all edges with its answer. A crash between the two is made good by the change numbers at the next opening. Only who holds
/// the gateway's instance lock may have one. It lives on one thread; those of several threads share the `IdentityFollower`.
public final class AdministrationStore {
    /// Throws 412 where a request was made for another version than this.
    public typealias VersionCheck = (_ version: Int64) throws(AdministrationFailure) -> Void

    /// What is told of a change to who asked for it. It is asked for within the transaction, which may be run again, so it has no effects.
    public typealias Answer<Value> = (Value) -> AdministrationReply

    /// The folder of the identity table, and of the usage database.
    public let stateDirectory: String
    let database: ControlDatabase
    /// Makes and opens what is sealed.
    let vault: Vault
    private let identity: IdentityFollower
    private let digests: SHA256
    let clock: () -> UInt64
    let zones: ZoneCache
    let random: (Int) throws(CryptographyError) -> [UInt8]
    /// The request with an Idempotency-Key that is being carried out: its answer is written with its change.
    var underway: RequestUnderway?
    /// The models of the catalogues that were asked for last, by their place.
    var catalogueBodies: [Int64: (digest: [UInt8], body: [UInt8])] = [:]
    /// Why the change under way is refused.
    private var refusal: AdministrationFailure?

    /// Works on a database whose schema is up to date: founds it where it is empty, opens the vault, and brings the table up to it. `identity` is that
    /// of the process; without one the store has one of its own.
    ///
    /// Throws one line that names the file (and the byte, where known) or the server for what cannot be used, which is left as it is.
    public init(
        _ connection: any DatabaseConnection, stateDirectory: String, vault: Vault, identity: IdentityFollower? = nil,
        clock: @escaping @Sendable () -> UInt64 = Timestamp.now,
        random: @escaping (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(StartFailure) {
        do {
            self.stateDirectory = stateDirectory
            self.vault = vault
            self.digests = try SHA256()
            self.clock = clock
            self.random = random
            self.zones = ZoneCache(clock: clock)
            self.database = try ControlDatabase(connection, newID: Self.makeID(random), now: clock())
            self.identity = identity ?? IdentityFollower(stateDirectory: stateDirectory, clock: clock)
            try vault.unlock(connection)
            try self.database.convertSecrets { (digest) throws(DatabaseError) in
                do throws(VaultError) {
                    return try vault.kept(sha256: digest)
                } catch {
                    throw self.database.damaged("\(error)")
                }
            }
            try IdempotencyTable(connection).convertFingerprints { (sha256, actor, key) throws(DatabaseError) in
                do throws(VaultError) {
                    return try RequestFingerprint(sha256, actor: actor, key: key, vault)
                } catch {
                    throw self.database.damaged("\(error)")
                }
            }
            try self.identity.open(with: self.database, vault)
        } catch let error as DatabaseError {
            throw StartFailure("\(error)", code: Self.exitCode(error))
        } catch let error as VaultError {
            if case .database(let error) = error { throw StartFailure("\(error)", code: Self.exitCode(error)) }
            throw error.startFailure
        } catch {
            throw StartFailure("\(error)", code: ControlExitCode.stateDamaged)
        }
    }

    /// Works on control.db in the state folder, which is made where it is missing, with the master key that is there.
    public convenience init(
        stateDirectory: String, identity: IdentityFollower? = nil,
        clock: @escaping @Sendable () -> UInt64 = Timestamp.now,
        random: @escaping @Sendable (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(StartFailure) {
        let source = try MasterKeySource(stateDirectory: stateDirectory, environment: { _ in nil })
        let vault: Vault
        do throws(VaultError) {
            vault = try Vault(source, random: random)
        } catch {
            throw error.startFailure
        }
        try self.init(
            try ControlDatabase.file(stateDirectory: stateDirectory), stateDirectory: stateDirectory, vault: vault,
            identity: identity, clock: clock, random: random)
    }

    // MARK: The table

    /// Brings every change into the identity table that is not there yet. Does nothing, at the cost of one small query, when
    /// there is none; control calls it now and then, so that a change a full disk held up gets in force by itself.
    public func catchUp() throws(AdministrationFailure) {
        do throws(AdministrationFailure) {
            try self.identity.catchUp(with: self.database, self.vault)
        } catch {
            // Another host may have changed the master key, or the database is another one.
            do throws(VaultError) { try self.vault.unlock(self.connection) } catch {
                throw AdministrationFailure(error)
            }
            try self.identity.catchUp(with: self.database, self.vault)
        }
    }

    /// Waits up to `milliseconds` until other hosts may have changed something, and brings it into the table. For a thread of its own: of a file, which
    /// has no other hosts, it does not wait.
    public func follow(milliseconds: UInt64) throws(AdministrationFailure) {
        try self.storage { () throws(DatabaseError) in
            try self.database.awaitChanges(milliseconds: milliseconds)
        }
        try self.catchUp()
    }

    /// Frees what killed edges still hold of the table.
    public func sweepReaders() throws(AdministrationFailure) { try self.identity.sweepReaders() }

    // MARK: Changes

    /// Runs `body` in a transaction, with the number of the change, and writes down what it says of it. Nobody else changes anything meanwhile. A name
    /// that is taken is the asker's fault; what `body` refuses by throwing `refuse(…)` is not done.
    ///
    /// `answer` is what who asked is told of the value. Where that is a request with an Idempotency-Key, the answer is kept in the same transaction: there
    /// is no change that is not known to have been made for it.
    func commit<Value>(
        taken message: String = "it is there already", answer: Answer<Value>? = nil,
        _ body: (Int64) throws(DatabaseError) -> (value: Value, entry: AuditEntry?)
    ) throws(AdministrationFailure) -> Value {
        let now = self.clock()
        var last: (value: Value, entry: AuditEntry?, number: Int64)?
        do throws(DatabaseError) {
            let value = try self.database.change { (number) throws(DatabaseError) in
                self.refusal = nil
                last = nil
                let (value, entry) = try body(number)
                if let entry { try AuditTable(self.connection).insert(entry, number: number, now: now) }
                if let answer { try self.keep(answer(value)) }
                last = (value, entry, number)
                return value
            }
            if answer != nil { self.underway?.isKept = true }
            return value
        } catch {
            if let refusal = self.refusal {
                self.refusal = nil
                throw refusal
            }
            // The connection was lost with the answer to the commit: what is written down tells.
            if error.isOutcomeUnknown, let last, let entry = last.entry,
                self.isWritten(entry, number: last.number, now: now)
            {
                if answer != nil { self.underway?.isKept = true }
                return last.value
            }
            guard error.isDuplicate else { throw AdministrationFailure(error) }
            throw AdministrationFailure(status: 409, code: "name_taken", message: message)
        }
    }

    /// Writes down what a request with an Idempotency-Key is answered, within the transaction of its change.
    private func keep(_ reply: AdministrationReply) throws(DatabaseError) {
        guard let underway, let text = KeptReply.text(of: reply) else { return }
        let sealed: [UInt8]
        do throws(VaultError) { sealed = try self.vault.seal(Secret(text), for: underway.context) } catch {
            throw self.refuse(AdministrationFailure(error))
        }
        // Where another try has begun meanwhile, that one makes the change.
        guard try IdempotencyTable(self.connection).end(underway, status: reply.status, sealed: sealed) else {
            throw self.refuse(.requestRunning)
        }
    }

    /// Whether a change has been committed whose answer was lost.
    private func isWritten(_ entry: AuditEntry, number: Int64, now: UInt64) -> Bool {
        let found = try? self.connection.transaction { () throws(DatabaseError) in
            // Waits for a commit that is still under way on the lost connection.
            try self.connection.execute("UPDATE control SET change_seq = change_seq")
            return try AuditTable(self.connection).contains(entry, number: number, now: now)
        }
        return found == true
    }

    /// What to throw in a change that is refused.
    func refuse(_ failure: AdministrationFailure) -> DatabaseError {
        self.refusal = failure
        return self.database.damaged("refused")
    }

    /// Runs what may refuse a change.
    func refusing<Value>(_ body: () throws(AdministrationFailure) -> Value) throws(DatabaseError) -> Value {
        do throws(AdministrationFailure) { return try body() } catch { throw self.refuse(error) }
    }

    func storage<Value>(
        _ body: () throws(DatabaseError) -> Value
    ) throws(AdministrationFailure) -> Value {
        do throws(DatabaseError) {
            return try body()
        } catch {
            throw AdministrationFailure(error)
        }
    }

    // MARK: -

    /// Whether it is the server that is at fault, which may be another matter in a moment.
    private static func exitCode(_ error: DatabaseError) -> Int32 {
        if case .postgres = error.code, error.isRetryable || error.fault == .machine || error.fault == .contention {
            return ControlExitCode.databaseAway
        }
        return ControlExitCode.stateDamaged
    }

    private static func makeID(
        _ random: (Int) throws(CryptographyError) -> [UInt8]
    ) throws(CryptographyError) -> EntityID {
        EntityID(bytes: try random(16)) ?? .standard
    }

    func newID() throws(AdministrationFailure) -> EntityID {
        do throws(CryptographyError) { return try Self.makeID(self.random) } catch {
            throw AdministrationFailure(error)
        }
    }

    /// The SHA-256 of a key.
    func digest(of secret: Secret) throws(AdministrationFailure) -> Digest {
        let result = secret.withBytes { bytes in
            Result { () throws(CryptographyError) in try self.digests.digest(bytes) }
        }
        do throws(CryptographyError) { return try result.get() } catch { throw AdministrationFailure(error) }
    }
}
