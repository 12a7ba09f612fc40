import Cryptography
import Database
import Domain
import JSON

/// Sees to it that a POST with an Idempotency-Key is carried out once, however often it is sent: what it was answered is kept for a day, sealed,
/// because it may show a key.
///
/// The answer is written in the transaction of the change it tells of (`AdministrationStore.commit`), and only by the try that began last: there is no
/// change without its answer, and no second one, whichever process or server ends when. A request that was refused is forgotten: it has changed
/// nothing.
final class RepeatedRequests {
    private let store: AdministrationStore
    private let reader = JSONReader()

    init(store: AdministrationStore) {
        self.store = store
    }

    /// The answer of `body`, or that of the time before.
    func once(
        _ request: AdministrationRequest, key: String,
        _ body: () throws(AdministrationFailure) -> AdministrationReply
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid("Idempotency-Key must have 1 to 255 printable ASCII characters", field: "Idempotency-Key")
        }
        let actor = request.actor.auditID
        switch try self.begin(actor, key, self.fingerprint(of: request, actor, key)) {
        case .new(let begun): return try self.run(RequestUnderway(actor: actor, key: key, begun: begun), body)
        case .running: throw .requestRunning
        case .other:
            throw AdministrationFailure(
                status: 422, code: "idempotency_mismatch",
                message: "this Idempotency-Key has come with another request already", field: "Idempotency-Key")
        case .done(let status, let sealed):
            // Its process may have ended before the change was in force here.
            try self.store.catchUp()
            return try self.open(status, sealed, .reply(actor: actor, key: key))
        }
    }

    // MARK: -

    private func run(
        _ request: RequestUnderway, _ body: () throws(AdministrationFailure) -> AdministrationReply
    ) throws(AdministrationFailure) -> AdministrationReply {
        self.store.underway = request
        defer { self.store.underway = nil }
        let reply: AdministrationReply
        do throws(AdministrationFailure) {
            reply = try body()
        } catch {
            // Only where no answer is kept: what was committed stays known, and a commit that is still under way is waited for.
            self.forget(request)
            throw error
        }
        if !request.isKept { self.keep(reply, request) }
        return reply
    }

    private func begin(
        _ actor: String, _ key: String, _ fingerprint: RequestFingerprint
    ) throws(AdministrationFailure) -> IdempotencyTable.Row {
        do throws(DatabaseError) {
            return try IdempotencyTable(self.store.connection).begin(
                actor: actor, key: key, fingerprint: fingerprint, now: self.store.clock())
        } catch {
            // Two came at once.
            guard error.isDuplicate else { throw AdministrationFailure(error) }
            return .running
        }
    }

    /// Of a request that has changed nothing in the database: it may be carried out again.
    private func keep(_ reply: AdministrationReply, _ request: RequestUnderway) {
        guard let text = KeptReply.text(of: reply),
            let sealed = try? self.store.vault.seal(Secret(text), for: request.context)
        else { return self.forget(request) }
        _ = try? IdempotencyTable(self.store.connection).end(request, status: reply.status, sealed: sealed)
    }

    private func forget(_ request: RequestUnderway) {
        try? IdempotencyTable(self.store.connection).forget(request)
    }

    private func open(
        _ status: Int, _ sealed: [UInt8], _ context: VaultContext
    ) throws(AdministrationFailure) -> AdministrationReply {
        let secret: Secret
        do throws(VaultError) { secret = try self.store.vault.open(sealed, for: context) } catch {
            throw AdministrationFailure(error)
        }
        let reply = secret.withBytes { text in KeptReply.reply(status: status, text, with: self.reader) }
        guard let reply else {
            throw AdministrationFailure(status: 503, code: "storage_failed", message: "a kept answer is damaged")
        }
        return reply
    }

    /// Of all that the request asks.
    private func fingerprint(
        of request: AdministrationRequest, _ actor: String, _ key: String
    ) throws(AdministrationFailure) -> RequestFingerprint {
        let sha256 = try self.store.digest(of: Secret(request.encoded))
        do throws(VaultError) {
            return try RequestFingerprint(sha256, actor: actor, key: key, self.store.vault)
        } catch {
            throw AdministrationFailure(error)
        }
    }
}

extension AdministrationFailure {
    /// Somebody else is at the same request.
    static let requestRunning = AdministrationFailure(
        status: 409, code: "idempotency_running", message: "the same request is being carried out: try again")
}
