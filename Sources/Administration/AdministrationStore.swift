public import Cryptography
import Database
public import Domain
public import EventLog

/// Organizations, projects and keys: the control database and the identity table that follows it.
///
/// Every change is committed to the database first and to the table next, and only then answered, so that it is in force in
/// all edges with its answer. A crash between the two is made good by the change numbers at the next opening. Only who holds
/// the gateway's instance lock may have one. It lives on one thread; those of several threads share the `IdentityFollower`.
public final class AdministrationStore {
    /// What of a key is asked for.
    public struct NewKey: Hashable, Sendable {
        public var name: String
        /// The name of its project.
        public var project: String
        public var limits: LimitSet
        /// Milliseconds since 1970.
        public var expires: UInt64?
        /// The models it may use, each as in `ModelPattern`; all where it is empty.
        public var models: [[UInt8]]

        public init(
            name: String, project: String = "default", limits: LimitSet = LimitSet(), expires: UInt64? = nil,
            models: [[UInt8]] = []
        ) {
            self.name = name
            self.project = project
            self.limits = limits
            self.expires = expires
            self.models = models
        }
    }

    /// The folder of both files, and of the usage database.
    public let stateDirectory: String
    let database: ControlDatabase
    private let identity: IdentityFollower
    private let digests: SHA256
    let clock: () -> UInt64
    let zones: ZoneCache
    let random: (Int) throws(CryptographyError) -> [UInt8]

    /// Opens the database, makes what is missing, and brings the table up to it. `identity` is that of the process; without one the store has
    /// one of its own.
    ///
    /// Throws one line that names the file (and the byte, where known) for a file that cannot be used, which is left as it is.
    public init(
        stateDirectory: String, identity: IdentityFollower? = nil,
        clock: @escaping @Sendable () -> UInt64 = Timestamp.now,
        random: @escaping (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(StartFailure) {
        do {
            self.stateDirectory = stateDirectory
            let digests = try SHA256()
            let database = try ControlDatabase(
                stateDirectory: stateDirectory, newID: Self.makeID(random), now: clock())
            let identity = identity ?? IdentityFollower(stateDirectory: stateDirectory, clock: clock)
            try identity.open(with: database)
            self.identity = identity
            self.zones = ZoneCache(clock: clock)
            self.database = database
            self.digests = digests
            self.clock = clock
            self.random = random
        } catch {
            throw StartFailure("\(error)", code: ControlExitCode.stateDamaged)
        }
    }

    // MARK: Keys

    /// Whether there is or has been any key.
    public func hasKeys() throws(AdministrationFailure) -> Bool {
        try self.storage { () throws(DatabaseError) in try self.database.hasKeys() }
    }

    /// Makes a key, or takes the `secret` given for one; the only time it is shown.
    public func createKey(
        _ new: NewKey, secret given: Secret? = nil
    ) throws(AdministrationFailure) -> (record: KeyRecord, secret: Secret) {
        let secret: Secret
        let id: EntityID
        do throws(CryptographyError) {
            secret = if let given { given } else { try KeyText.make(random: self.random) }
            id = try Self.makeID(self.random)
        } catch {
            throw AdministrationFailure(error)
        }
        let digest = try self.digest(of: secret)
        let project = try self.project(named: new.project)
        let record = KeyRecord(
            id: id, project: project.id, organization: project.organization, projectName: project.name, name: new.name,
            shown: KeyText.shown(of: secret), limits: new.limits, models: new.models, created: self.clock(),
            expires: new.expires, revoked: nil)
        try self.change(taken: "there is a key named \(new.name) in project \(project.name) already") {
            () throws(DatabaseError) in try self.database.insert(record, digest: digest)
        }
        do throws(AdministrationFailure) {
            try self.catchUp()
        } catch {
            // Nobody will ever see this key: it must not come to life when the table can be written again.
            var dead = record
            dead.revoked = self.clock()
            try? self.database.transaction { () throws(DatabaseError) in try self.database.update(dead) }
            throw error
        }
        return (record, secret)
    }

    /// The key with that id, revoked ones too.
    public func key(_ id: EntityID) throws(AdministrationFailure) -> KeyRecord {
        let found = try self.storage { () throws(DatabaseError) in try self.database.key(id) }
        guard let found else { throw .notFound("there is no key \(id.text(.key))") }
        return found
    }

    /// The key whose text is `secret`; nil when it is none of ours.
    public func key(secret: Secret) throws(AdministrationFailure) -> KeyRecord? {
        let digest = try self.digest(of: secret)
        return try self.storage { () throws(DatabaseError) in try self.database.key(digest: digest) }
    }

    /// Keys in the order of their ids, at most `limit`, behind the one given; of one project and one name where given.
    public func keys(
        after: EntityID? = nil, limit: Int, project: String? = nil, name: String? = nil
    ) throws(AdministrationFailure) -> [KeyRecord] {
        var owner: EntityID?
        if let project { owner = try self.project(named: project).id }
        return try self.storage { () throws(DatabaseError) in
            try self.database.keys(after: after, limit: limit, project: owner, name: name)
        }
    }

    /// Changes name, limits, models or expiry of a key that is not revoked.
    public func updateKey(
        _ id: EntityID, _ body: (inout KeyRecord) -> Void
    ) throws(AdministrationFailure) -> KeyRecord {
        var record = try self.key(id)
        guard record.revoked == nil else {
            throw AdministrationFailure(
                status: 409, code: "key_revoked", message: "the key \(id.text(.key)) is revoked")
        }
        body(&record)
        try self.change(taken: "there is a key named \(record.name) in project \(record.projectName) already") {
            () throws(DatabaseError) in try self.database.update(record)
        }
        try self.catchUp()
        return record
    }

    /// Revokes a key for good. One that is revoked already stays as it is.
    public func revokeKey(_ id: EntityID) throws(AdministrationFailure) -> KeyRecord {
        var record = try self.key(id)
        if record.revoked == nil {
            record.revoked = self.clock()
            try self.storage { () throws(DatabaseError) in
                try self.database.transaction { () throws(DatabaseError) in try self.database.update(record) }
            }
        }
        try self.catchUp()
        return record
    }

    // MARK: The table

    /// Brings every change into the identity table that is not there yet. Does nothing, at the cost of one small query, when
    /// there is none; control calls it now and then, so that a change a full disk held up gets in force by itself.
    public func catchUp() throws(AdministrationFailure) {
        try self.identity.catchUp(with: self.database)
    }

    /// Frees what killed edges still hold of the table.
    public func sweepReaders() throws(AdministrationFailure) { try self.identity.sweepReaders() }

    // MARK: -

    private static func makeID(
        _ random: (Int) throws(CryptographyError) -> [UInt8]
    ) throws(CryptographyError) -> EntityID {
        let bytes = try random(16)
        let words = [bytes.prefix(8), bytes.dropFirst(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return EntityID(high: words[0], low: words[1])
    }

    func newID() throws(AdministrationFailure) -> EntityID {
        do throws(CryptographyError) { return try Self.makeID(self.random) } catch {
            throw AdministrationFailure(error)
        }
    }

    private func digest(of secret: Secret) throws(AdministrationFailure) -> Digest {
        let result = secret.withBytes { bytes in
            Result { () throws(CryptographyError) in try self.digests.digest(bytes) }
        }
        do throws(CryptographyError) { return try result.get() } catch { throw AdministrationFailure(error) }
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

    /// Runs `body` in a transaction; a name that is taken is the asker's fault.
    func change(
        taken message: String, _ body: () throws(DatabaseError) -> Void
    ) throws(AdministrationFailure) {
        do throws(DatabaseError) {
            try self.database.transaction(body)
        } catch {
            guard error.isDuplicate else { throw AdministrationFailure(error) }
            throw AdministrationFailure(status: 409, code: "name_taken", message: message)
        }
    }
}
