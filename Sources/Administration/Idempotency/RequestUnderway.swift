/// A request with an Idempotency-Key that is being carried out by this thread.
final class RequestUnderway {
    /// Who asks, as in the audit log.
    let actor: String
    let key: String
    /// When this try began, in milliseconds since 1970. A later try of the same request has another number; nothing is kept of this one then.
    let begun: UInt64
    /// Whether its answer is committed, with the change it tells of.
    var isKept = false

    init(actor: String, key: String, begun: UInt64) {
        self.actor = actor
        self.key = key
        self.begun = begun
    }

    var context: VaultContext { .reply(actor: self.actor, key: self.key) }
}
