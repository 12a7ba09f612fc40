import Cryptography
import Database

/// The table `idempotency`: replies to requests with an Idempotency-Key, sealed, for a day.
struct IdempotencyTable {
    /// What is known of a key.
    enum Row: Hashable, Sendable {
        /// Nothing: the request is noted as one that is being carried out.
        case new
        /// The same request is being carried out just now.
        case running
        /// The key came with another request.
        case other
        case done(status: Int, sealed: [UInt8])
    }

    /// Milliseconds that replies are kept.
    static let life: UInt64 = 86_400_000
    /// Milliseconds after which a request that has no reply is taken for one that ended with its process: more than databases and providers
    /// keep one waiting.
    static let patience: UInt64 = 20_000

    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Looks a key up; where it is new, the request is noted.
    func begin(
        actor: String, key: String, fingerprint: Digest, now: UInt64
    ) throws(DatabaseError) -> Row {
        try self.connection.transaction { () throws(DatabaseError) in
            let clean = try self.connection.statement("DELETE FROM idempotency WHERE created < $1")
            try clean.bind(1, time: now > Self.life ? now - Self.life : 0)
            try clean.run()
            if let row = try self.row(actor, key, fingerprint, now) { return row }
            let insert = try self.connection.statement(
                "INSERT INTO idempotency(actor, key, fingerprint, status, reply, created) VALUES ($1, $2, $3, 0, $4, $5)"
            )
            try insert.bind(1, text: actor)
            try insert.bind(2, text: key)
            try insert.bind(3, blob: fingerprint.bytes)
            try insert.bind(4, blob: [])
            try insert.bind(5, time: now)
            try insert.run()
            return .new
        }
    }

    /// Nil where there is none.
    private func row(
        _ actor: String, _ key: String, _ fingerprint: Digest, _ now: UInt64
    ) throws(DatabaseError) -> Row? {
        let select = try self.connection.statement(
            "SELECT fingerprint, status, reply, created FROM idempotency WHERE actor = $1 AND key = $2")
        defer { select.reset() }
        try select.bind(1, text: actor)
        try select.bind(2, text: key)
        guard try select.step() else { return nil }
        guard Digest(select.bytes(0)) == fingerprint else { return .other }
        let status = Int(truncatingIfNeeded: select.integer(1))
        guard status == 0 else { return .done(status: status, sealed: select.bytes(2)) }
        let begun = select.time(3) ?? 0
        select.reset()
        guard now > begun, now - begun >= Self.patience else { return .running }
        let again = try self.connection.statement(
            "UPDATE idempotency SET created = $3 WHERE actor = $1 AND key = $2 AND created = $4 RETURNING created")
        defer { again.reset() }
        try again.bind(1, text: actor)
        try again.bind(2, text: key)
        try again.bind(3, time: now)
        try again.bind(4, time: begun)
        return try again.step() ? .new : .running
    }

    /// Keeps the reply to a request that `begin` has noted.
    func end(actor: String, key: String, status: Int, sealed: [UInt8]) throws(DatabaseError) {
        let update = try self.connection.statement(
            "UPDATE idempotency SET status = $3, reply = $4 WHERE actor = $1 AND key = $2")
        try update.bind(1, text: actor)
        try update.bind(2, text: key)
        try update.bind(3, Int64(status))
        try update.bind(4, blob: sealed)
        try update.run()
    }

    /// Forgets a request that was not carried out: the key may come again, with another one.
    func forget(actor: String, key: String) throws(DatabaseError) {
        let delete = try self.connection.statement(
            "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND status = 0")
        try delete.bind(1, text: actor)
        try delete.bind(2, text: key)
        try delete.run()
    }
}
