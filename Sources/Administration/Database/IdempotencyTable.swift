import Cryptography
import Database

/// The table `idempotency`: replies to requests with an Idempotency-Key, sealed, for a day.
struct IdempotencyTable {
    /// What is known of a key.
    enum Row: Hashable, Sendable {
        /// Nothing: the request is noted as one that is being carried out, since `begun`.
        case new(begun: UInt64)
        /// The same request is being carried out just now.
        case running
        /// The key came with another request.
        case other
        case done(status: Int, sealed: [UInt8])
    }

    /// Milliseconds that replies are kept.
    static let life: UInt64 = 86_400_000
    /// Milliseconds after which a request that has no reply is taken for one that ended with its process: more than databases keep one waiting.
    static let patience: UInt64 = 10_000
    /// Rows that are converted at once.
    private static let page = 500

    private let connection: any DatabaseConnection
    private let patience: UInt64

    /// A file has one thread that works with it: what is found under way there belongs to a process that has ended.
    init(_ connection: any DatabaseConnection, patience: UInt64? = nil) {
        self.connection = connection
        self.patience = patience ?? (connection.product == .sqlite ? 0 : Self.patience)
    }

    /// Looks a key up; where it is new, the request is noted.
    func begin(
        actor: String, key: String, fingerprint: RequestFingerprint, now: UInt64
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
            return .new(begun: now)
        }
    }

    /// Nil where there is none.
    private func row(
        _ actor: String, _ key: String, _ fingerprint: RequestFingerprint, _ now: UInt64
    ) throws(DatabaseError) -> Row? {
        let select = try self.connection.statement(
            "SELECT fingerprint, status, reply, created FROM idempotency WHERE actor = $1 AND key = $2")
        defer { select.reset() }
        try select.bind(1, text: actor)
        try select.bind(2, text: key)
        guard try select.step() else { return nil }
        guard fingerprint.matches(select.bytes(0)) else { return .other }
        let status = Int(truncatingIfNeeded: select.integer(1))
        guard status == 0 else { return .done(status: status, sealed: select.bytes(2)) }
        let before = select.time(3) ?? 0
        select.reset()
        guard self.patience == 0 || now >= before + self.patience else { return .running }
        // Another number than before, whatever the clock says: by it the former try is told apart from this one.
        let begun = max(now, before + 1)
        let again = try self.connection.statement(
            """
            UPDATE idempotency SET created = $3 WHERE actor = $1 AND key = $2 AND created = $4 AND status = 0
            RETURNING created
            """)
        defer { again.reset() }
        try again.bind(1, text: actor)
        try again.bind(2, text: key)
        try again.bind(3, time: begun)
        try again.bind(4, time: before)
        return try again.step() ? .new(begun: begun) : .running
    }

    /// Keeps the reply to a request that `begin` has noted; false where another try has begun since, or has kept its own.
    func end(_ request: RequestUnderway, status: Int, sealed: [UInt8]) throws(DatabaseError) -> Bool {
        let update = try self.connection.statement(
            """
            UPDATE idempotency SET status = $3, reply = $4 WHERE actor = $1 AND key = $2 AND created = $5 AND status = 0
            RETURNING status
            """)
        defer { update.reset() }
        try update.bind(1, text: request.actor)
        try update.bind(2, text: request.key)
        try update.bind(3, Int64(status))
        try update.bind(4, blob: sealed)
        try update.bind(5, time: request.begun)
        return try update.step()
    }

    /// Forgets a request that was not carried out: the key may come again, with another one.
    func forget(_ request: RequestUnderway) throws(DatabaseError) {
        let delete = try self.connection.statement(
            "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND created = $3 AND status = 0")
        try delete.bind(1, text: request.actor)
        try delete.bind(2, text: request.key)
        try delete.bind(3, time: request.begun)
        try delete.run()
    }

    // MARK: From before

    /// Puts what `convert` makes in the place of fingerprints of former versions, which were a bare SHA-256; what was there is overwritten.
    func convertFingerprints(
        _ convert: (_ sha256: Digest, _ actor: String, _ key: String) throws(DatabaseError) -> RequestFingerprint
    ) throws(DatabaseError) {
        guard try !self.former(limit: 1).isEmpty else { return }
        try self.connection.transaction { () throws(DatabaseError) in
            while case let rows = try self.former(limit: Self.page), !rows.isEmpty {
                for row in rows {
                    let update = try self.connection.statement(
                        "UPDATE idempotency SET fingerprint = $3 WHERE actor = $1 AND key = $2 AND fingerprint = $4")
                    try update.bind(1, text: row.actor)
                    try update.bind(2, text: row.key)
                    try update.bind(3, blob: try convert(row.sha256, row.actor, row.key).bytes)
                    try update.bind(4, blob: row.sha256.bytes)
                    try update.run()
                }
            }
        }
        // What the log still has of them goes, too.
        if self.connection.product == .sqlite { _ = try self.connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    private func former(limit: Int) throws(DatabaseError) -> [(actor: String, key: String, sha256: Digest)] {
        let select = try self.connection.statement(
            "SELECT actor, key, fingerprint FROM idempotency WHERE length(fingerprint) = \(Digest.count) LIMIT $1")
        defer { select.reset() }
        try select.bind(1, Int64(limit))
        var rows: [(actor: String, key: String, sha256: Digest)] = []
        while try select.step() {
            guard let sha256 = Digest(select.bytes(2)) else { continue }
            rows.append((select.text(0), select.text(1), sha256))
        }
        return rows
    }
}
