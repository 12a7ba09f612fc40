import Cryptography
import Database
import Domain

// What of keys is kept by which they are recognized.
extension ControlDatabase {
    func insert(_ secret: KeySecret) throws(DatabaseError) {
        let insert = try self.connection.statement(
            "INSERT INTO key_secrets(digest, key, sealed, shown, created, until) VALUES ($1, $2, $3, $4, $5, $6)")
        try insert.bind(1, blob: secret.digest.bytes)
        try insert.bind(2, id: secret.key)
        try insert.bind(3, blob: secret.sealed)
        try insert.bind(4, text: secret.shown)
        try insert.bind(5, time: secret.created)
        try insert.bind(6, time: secret.until)
        try insert.run()
    }

    /// Has the secrets of a key end at `time`, unless they end before.
    func endSecrets(of key: EntityID, at time: UInt64) throws(DatabaseError) {
        let update = try self.connection.statement(
            "UPDATE key_secrets SET until = $2 WHERE key = $1 AND (until IS NULL OR until > $2)")
        try update.bind(1, id: key)
        try update.bind(2, time: time)
        try update.run()
    }

    /// How many secrets of a key are good at `time`.
    func countSecrets(of key: EntityID, at time: UInt64) throws(DatabaseError) -> Int64 {
        let select = try self.connection.statement(
            "SELECT COUNT(*) FROM key_secrets WHERE key = $1 AND (until IS NULL OR until > $2)")
        defer { select.reset() }
        try select.bind(1, id: key)
        try select.bind(2, time: time)
        return try select.step() ? select.integer(0) : 0
    }

    // MARK: From before version 4

    /// Puts digests made with the vault in the place of those from before version 4, all in one transaction; nothing where there are none. What was
    /// there is overwritten.
    func convertSecrets(
        _ convert: (Digest) throws(DatabaseError) -> (digest: Digest, sealed: [UInt8])
    ) throws(DatabaseError) {
        guard try self.firstOld(after: [0]) != nil else { return }
        try self.connection.transaction { () throws(DatabaseError) in
            // In the order of what is replaced, so that each is looked at once.
            var last: [UInt8] = [0]
            while let old = try self.firstOld(after: last) {
                last = old
                guard let digest = Digest(old) else { throw self.damaged("a key's digest is none") }
                let new = try convert(digest)
                let update = try self.connection.statement(
                    "UPDATE key_secrets SET digest = $2, sealed = $3 WHERE digest = $1")
                try update.bind(1, blob: old)
                try update.bind(2, blob: new.digest.bytes)
                try update.bind(3, blob: new.sealed)
                try update.run()
            }
        }
        // What the log still has of them goes, too.
        if self.connection.product == .sqlite { _ = try self.connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    private func firstOld(after digest: [UInt8]) throws(DatabaseError) -> [UInt8]? {
        let select = try self.connection.statement(
            "SELECT digest FROM key_secrets WHERE digest > $1 AND length(sealed) = 0 ORDER BY digest LIMIT 1")
        defer { select.reset() }
        try select.bind(1, blob: digest)
        return try select.step() ? select.bytes(0) : nil
    }
}
