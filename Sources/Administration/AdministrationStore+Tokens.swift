import Cryptography
import Database
public import Domain

// Tokens of the administration. Of a token only the HMAC with the pepper is kept.
extension AdministrationStore {
    /// What of a token is asked for.
    public struct NewToken: Hashable, Sendable {
        public var name: String
        public var role: AdministrationRole
        /// Nil for a token that is good for all organizations and the gateway.
        public var organization: EntityID?
        /// Milliseconds since 1970.
        public var expires: UInt64?

        public init(name: String, role: AdministrationRole, organization: EntityID? = nil, expires: UInt64? = nil) {
            self.name = name
            self.role = role
            self.organization = organization
            self.expires = expires
        }
    }

    /// Whether there is or has been any token.
    public func hasTokens() throws(AdministrationFailure) -> Bool {
        try self.storage { () throws(DatabaseError) in try TokenTable(self.connection).hasRows() }
    }

    /// A token with its text.
    public typealias MadeToken = (record: TokenRecord, secret: Secret)

    /// Makes a token, or takes the `secret` given for one; the only time it is shown.
    public func createToken(
        _ new: NewToken, from origin: AuditOrigin, secret given: Secret? = nil, answer: Answer<MadeToken>? = nil
    ) throws(AdministrationFailure) -> MadeToken {
        let secret: Secret
        do throws(CryptographyError) {
            secret = if let given { given } else { try TokenText.make(random: self.random) }
        } catch {
            throw AdministrationFailure(error)
        }
        let digest = try self.digest(ofToken: secret)
        let record = TokenRecord(
            id: try self.newID(), organization: new.organization, role: new.role, name: new.name,
            shown: TokenText.shown(of: secret), madeBy: origin.actorID, created: self.clock(), expires: new.expires)
        let entry = AuditEntry(
            origin, .create, .token, record.id.text(.token), organization: record.organization, after: record.audited)
        return try self.change(taken: "there is this token already", audit: entry, answer: answer) {
            (_) throws(DatabaseError) in
            try TokenTable(self.connection).insert(record, digest: digest)
            return (record, secret)
        }
    }

    /// The token whose text is `secret`, revoked and expired ones too; nil when it is none of ours.
    public func token(secret: Secret) throws(AdministrationFailure) -> TokenRecord? {
        let digest = try self.digest(ofToken: secret)
        return try self.storage { () throws(DatabaseError) in try TokenTable(self.connection).token(digest: digest) }
    }

    /// The token with that id, revoked ones too.
    func token(_ id: EntityID) throws(AdministrationFailure) -> TokenRecord {
        let found = try self.storage { () throws(DatabaseError) in try TokenTable(self.connection).token(id) }
        guard let found else { throw .noToken }
        return found
    }

    /// Tokens in the order of their ids, behind the one given; only those of one organization where it is given.
    func tokens(
        after: EntityID?, limit: Int, organization: EntityID?
    ) throws(AdministrationFailure) -> [TokenRecord] {
        try self.storage { () throws(DatabaseError) in
            try TokenTable(self.connection).tokens(after: after, limit: limit, organization: organization)
        }
    }

    /// Writes a changed token; `before` is what it was, and what it must still be.
    func updateToken(
        _ record: TokenRecord, before: TokenRecord, _ action: AuditEntry.Action, from origin: AuditOrigin
    ) throws(AdministrationFailure) -> TokenRecord {
        var record = record
        record.version = before.version + 1
        let entry = AuditEntry(
            origin, action, .token, record.id.text(.token), organization: record.organization,
            before: before.audited, after: record.audited)
        let changed = record
        let isDone = try self.changeIf(audit: entry) { (_) throws(DatabaseError) in
            guard try TokenTable(self.connection).token(changed.id) == before else { return false }
            try TokenTable(self.connection).update(changed)
            return true
        }
        guard isDone else { throw .changedMeanwhile }
        return record
    }

    private func digest(ofToken secret: Secret) throws(AdministrationFailure) -> Digest {
        do throws(VaultError) { return try self.vault.digest(ofToken: secret) } catch {
            throw AdministrationFailure(error)
        }
    }
}

extension AdministrationFailure {
    static let noToken = AdministrationFailure.notFound("there is no such token")
    /// Somebody else was faster.
    static let changedMeanwhile = AdministrationFailure(
        status: 409, code: "changed_meanwhile", message: "somebody has changed it at the same time: try again")
}
