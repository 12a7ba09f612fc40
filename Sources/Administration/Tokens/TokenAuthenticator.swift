public import Domain

/// Finds out who a token's bearer is.
///
/// The token is looked up by its HMAC, which tells nobody anything of a token by the time that it takes; and what is wrong with one (unknown,
/// revoked, expired, no token at all) is refused in the same words.
public struct TokenAuthenticator {
    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    /// Who it is; throws 401, or 503 where the database cannot tell.
    public func actor(bearing token: Secret) throws(AdministrationFailure) -> AdministrationActor {
        // What cannot be a token is looked for all the same: it costs as much.
        guard let record = try self.store.token(secret: token),
            token.withBytes({ TokenText.isPossible($0) }), record.isGood(at: self.store.clock()),
            try self.store.hasOrganization(of: record)
        else { throw .unauthorized }
        return record.actor
    }
}
