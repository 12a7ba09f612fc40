import Cryptography
import Database
public import Domain

// Client keys.
extension AdministrationStore {
    /// What of a key is asked for.
    public struct NewKey: Hashable, Sendable {
        public var name: String
        /// The id or the name of its project.
        public var project: String
        public var limits: LimitSet
        /// Milliseconds since 1970.
        public var expires: UInt64?
        /// The models it may use, each as in `ModelPattern`; all where it is empty.
        public var models: [[UInt8]]
        public var tags: [String]
        public var metadata: Metadata
        public var isDisabled: Bool

        public init(
            name: String, project: String = "default", limits: LimitSet = LimitSet(), expires: UInt64? = nil,
            models: [[UInt8]] = [], tags: [String] = [], metadata: Metadata = Metadata(), isDisabled: Bool = false
        ) {
            self.name = name
            self.project = project
            self.limits = limits
            self.expires = expires
            self.models = models
            self.tags = tags
            self.metadata = metadata
            self.isDisabled = isDisabled
        }
    }

    /// A key with its text.
    public typealias MadeKey = (record: KeyRecord, secret: Secret)

    /// The most secrets that a key may have at the same time.
    static let secretLimit: Int64 = 8

    /// Whether there is or has been any key.
    public func hasKeys() throws(AdministrationFailure) -> Bool {
        try self.storage { () throws(DatabaseError) in try self.database.hasKeys() }
    }

    /// Makes a key, or takes the `secret` given for one; the only time it is shown.
    public func createKey(
        _ new: NewKey, secret given: Secret? = nil, from origin: AuditOrigin = .gateway, answer: Answer<MadeKey>? = nil
    ) throws(AdministrationFailure) -> MadeKey {
        let (secret, kept) = try self.newSecret(given)
        let id = try self.newID()
        let now = self.clock()
        let owner = try self.project(new.project)
        let made: MadeKey = try self.commit(
            taken: "there is a key named \(new.name) in project \(owner.name) already", answer: answer
        ) { (number) throws(DatabaseError) in
            // Read again: it may have been deleted since.
            guard let project = try self.database.project(owner.id), project.deleted == nil else {
                throw self.refuse(.noProject)
            }
            let record = KeyRecord(
                id: id, project: project.id, organization: project.organization, projectName: project.name,
                name: new.name, shown: KeyText.shown(of: secret), limits: new.limits, models: new.models,
                tags: new.tags, metadata: new.metadata, isDisabled: new.isDisabled, created: now, expires: new.expires)
            try self.database.insert(record, number: number)
            try self.database.insert(
                KeySecret(
                    digest: kept.digest, key: id, sealed: kept.sealed, shown: record.shown, created: now, until: nil))
            return ((record, secret), self.entry(origin, .create, after: record))
        }
        do throws(AdministrationFailure) {
            try self.catchUp()
        } catch {
            // Who asks again under the same Idempotency-Key is shown it, when it is in force.
            if self.underway?.isKept == true { throw error }
            // Nobody will ever see this key: it must not come to life when the table can be written again.
            _ = try? self.commit { (number) throws(DatabaseError) in
                var dead = made.record
                dead.revoked = self.clock()
                dead.version += 1
                try self.database.update(dead, number: number)
                return (dead, self.entry(.gateway, .revoke, before: made.record, after: dead))
            }
            throw error
        }
        return made
    }

    /// The key with that id, revoked ones too.
    public func key(_ id: EntityID) throws(AdministrationFailure) -> KeyRecord {
        let found = try self.storage { () throws(DatabaseError) in try self.database.key(id) }
        guard let found else { throw .noKey }
        return found
    }

    /// The key whose text is `secret`, good or not; nil when it is none of ours.
    public func key(secret: Secret) throws(AdministrationFailure) -> KeyRecord? {
        let sha256 = try self.digest(of: secret)
        let digest: Digest
        do throws(VaultError) {
            digest = try self.vault.digest(ofKey: sha256)
        } catch {
            throw AdministrationFailure(error)
        }
        return try self.storage { () throws(DatabaseError) in try self.database.key(digest: digest) }
    }

    /// Keys in the order of their ids, at most `limit`, behind the one given.
    public func keys(
        after: EntityID? = nil, limit: Int, _ selection: KeySelection
    ) throws(AdministrationFailure) -> [KeyRecord] {
        try self.storage { () throws(DatabaseError) in
            try self.database.keys(after: after, limit: limit, selection)
        }
    }

    /// Keys of one project (an id or a name) and one name where given.
    public func keys(
        after: EntityID? = nil, limit: Int, project: String? = nil, name: String? = nil
    ) throws(AdministrationFailure) -> [KeyRecord] {
        var selection = KeySelection(name: name)
        if let project { selection.project = try self.project(project).id }
        return try self.keys(after: after, limit: limit, selection)
    }

    /// Changes what of a key that is not revoked can change; in force in every edge when it returns.
    public func updateKey(
        _ id: EntityID, from origin: AuditOrigin = .gateway, matching check: VersionCheck = { _ in },
        _ body: (inout KeyRecord) -> Void
    ) throws(AdministrationFailure) -> KeyRecord {
        let record = try self.commit(taken: "there is a key of that name in its project already") {
            (number) throws(DatabaseError) in
            let before = try self.good(id, check)
            guard let after = before.changed(by: body) else { return (before, nil) }
            try self.database.update(after, number: number)
            return (after, self.entry(origin, .update, before: before, after: after))
        }
        try self.catchUp()
        return record
    }

    /// Revokes a key for good. One that is revoked already stays as it is.
    public func revokeKey(
        _ id: EntityID, from origin: AuditOrigin = .gateway, matching check: VersionCheck = { _ in }
    ) throws(AdministrationFailure) -> KeyRecord {
        let record = try self.commit { (number) throws(DatabaseError) in
            guard let before = try self.database.key(id) else { throw self.refuse(.noKey) }
            guard before.revoked == nil else { return (before, nil) }
            try self.refusing { () throws(AdministrationFailure) in try check(before.version) }
            var after = before
            after.revoked = self.clock()
            after.version += 1
            try self.database.update(after, number: number)
            return (after, self.entry(origin, .revoke, before: before, after: after))
        }
        try self.catchUp()
        return record
    }

    /// Gives a key another secret, which is shown this once. What it had before is good for `overlap` milliseconds more, unless it ends before.
    public func regenerateKey(
        _ id: EntityID, overlap: UInt64, from origin: AuditOrigin = .gateway, matching check: VersionCheck = { _ in },
        answer: Answer<MadeKey>? = nil
    ) throws(AdministrationFailure) -> MadeKey {
        let (secret, kept) = try self.newSecret(nil)
        let now = self.clock()
        let made: MadeKey = try self.commit(answer: answer) { (number) throws(DatabaseError) in
            let before = try self.good(id, check)
            var after = before
            after.shown = KeyText.shown(of: secret)
            after.version += 1
            try self.database.endSecrets(of: id, at: now.addingReportingOverflow(overlap).partialValue)
            guard try self.database.countSecrets(of: id, at: now) < Self.secretLimit else {
                throw self.refuse(.tooManySecrets)
            }
            try self.database.insert(
                KeySecret(
                    digest: kept.digest, key: id, sealed: kept.sealed, shown: after.shown, created: now, until: nil))
            try self.database.update(after, number: number)
            return ((after, secret), self.entry(origin, .regenerate, before: before, after: after))
        }
        // It is committed, and this is the only time the secret is shown: a table that is behind is caught up each second.
        try? self.catchUp()
        return made
    }

    // MARK: -

    /// The key, if it can be changed.
    private func good(_ id: EntityID, _ check: VersionCheck) throws(DatabaseError) -> KeyRecord {
        guard let key = try self.database.key(id) else { throw self.refuse(.noKey) }
        guard key.revoked == nil else {
            throw self.refuse(
                AdministrationFailure(
                    status: 409, code: "key_revoked", message: "the key \(id.text(.key)) is revoked"))
        }
        try self.refusing { () throws(AdministrationFailure) in try check(key.version) }
        return key
    }

    /// A key's text and what is kept of it.
    private func newSecret(
        _ given: Secret?
    ) throws(AdministrationFailure) -> (secret: Secret, kept: (digest: Digest, sealed: [UInt8])) {
        let secret: Secret
        do throws(CryptographyError) {
            secret = if let given { given } else { try KeyText.make(random: self.random) }
        } catch {
            throw AdministrationFailure(error)
        }
        let sha256 = try self.digest(of: secret)
        do throws(VaultError) {
            return (secret, try self.vault.kept(sha256: sha256))
        } catch {
            throw AdministrationFailure(error)
        }
    }

    private func entry(
        _ origin: AuditOrigin, _ action: AuditEntry.Action, before: KeyRecord? = nil, after: KeyRecord
    ) -> AuditEntry {
        AuditEntry(
            origin, action, .key, after.id.text(.key), organization: after.organization, before: before?.audited,
            after: after.audited)
    }
}

extension AdministrationFailure {
    /// The same for a key that never was and for one that is not the actor's.
    static let noKey = AdministrationFailure.notFound("there is no such key")
    static let tooManySecrets = AdministrationFailure(
        status: 409, code: "too_many_secrets",
        message: "this key has \(AdministrationStore.secretLimit) secrets that are good: wait until one has ended")
}
