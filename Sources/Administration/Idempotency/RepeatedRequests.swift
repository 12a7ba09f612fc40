import Cryptography
import Database
import Domain
import JSON

/// Sees to it that a POST with an Idempotency-Key is carried out once, however often it is sent: what it was answered is kept for a day, sealed,
/// because it may show a key.
///
/// A request that was refused is forgotten: it has changed nothing. One whose process ended in the middle may be carried out again after
/// 20 seconds; that it was can then be seen by a name that is taken.
final class RepeatedRequests {
    private let store: AdministrationStore
    private let digests: SHA256
    private let reader = JSONReader()

    init(store: AdministrationStore) throws(CryptographyError) {
        self.store = store
        self.digests = try SHA256()
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
        let fingerprint = try self.fingerprint(of: request)
        switch try self.begin(actor, key, fingerprint) {
        case .new: break
        case .running:
            throw AdministrationFailure(
                status: 409, code: "idempotency_running", message: "the same request is being carried out: try again")
        case .other:
            throw AdministrationFailure(
                status: 422, code: "idempotency_mismatch",
                message: "this Idempotency-Key has come with another request already", field: "Idempotency-Key")
        case .done(let status, let sealed): return try self.open(status, sealed, actor, key)
        }
        let reply: AdministrationReply
        do throws(AdministrationFailure) {
            reply = try body()
        } catch {
            // After a failure of ours nobody knows whether it was done: that is forgotten after a while, as is what cannot be now.
            if error.status < 500 {
                try? IdempotencyTable(self.store.connection).forget(actor: actor, key: key)
            }
            throw error
        }
        // What the loop has still to find out cannot be kept here, and changes nothing.
        if case .probe = reply.sequel {
            try? IdempotencyTable(self.store.connection).forget(actor: actor, key: key)
        } else {
            self.keep(reply, actor, key)
        }
        return reply
    }

    // MARK: -

    private func begin(
        _ actor: String, _ key: String, _ fingerprint: Digest
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

    /// What was done is done: an answer that cannot be kept is given all the same.
    private func keep(_ reply: AdministrationReply, _ actor: String, _ key: String) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.integer(optional: reply.version)
        writer.key("location")
        writer.string(optional: reply.location)
        writer.key("body")
        writer.string(reply.body)
        writer.endObject()
        let context = VaultContext.reply(actor: actor, key: key)
        guard let sealed = try? self.store.vault.seal(Secret(writer.bytes), for: context) else { return }
        try? IdempotencyTable(self.store.connection).end(
            actor: actor, key: key, status: reply.status, sealed: sealed)
    }

    private func open(
        _ status: Int, _ sealed: [UInt8], _ actor: String, _ key: String
    ) throws(AdministrationFailure) -> AdministrationReply {
        let secret: Secret
        do throws(VaultError) {
            secret = try self.store.vault.open(sealed, for: .reply(actor: actor, key: key))
        } catch {
            throw AdministrationFailure(error)
        }
        let value = secret.withBytes { bytes in try? self.reader.read(bytes, maximumBytes: bytes.count) }
        guard let value, let body = value["body"]?.string else {
            throw AdministrationFailure(status: 503, code: "storage_failed", message: "a kept answer is damaged")
        }
        var reply = AdministrationReply(
            status: status, body: body, version: value["version"]?.integer,
            location: value["location"]?.string.map { String(decoding: $0, as: UTF8.self) })
        reply.isRepeated = true
        return reply
    }

    /// Of all that the request asks.
    private func fingerprint(of request: AdministrationRequest) throws(AdministrationFailure) -> Digest {
        let text = request.encoded
        let result = unsafe text.withUnsafeBytes { bytes in
            Result { () throws(CryptographyError) in unsafe try self.digests.digest(bytes) }
        }
        do throws(CryptographyError) { return try result.get() } catch { throw AdministrationFailure(error) }
    }
}
