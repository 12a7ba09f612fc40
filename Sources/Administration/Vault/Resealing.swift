import Cryptography
import Database
import Domain

/// Walks through all that is sealed in the database and seals it with one key, in pages, within the caller's transaction.
struct Resealing {
    /// What was sealed anew.
    struct Counts: Hashable {
        var keys = 0
        var providers = 0
        var replies = 0
        /// Kept replies that could not be opened. They are nobody's credential: they go, and requests that are sent again are carried out.
        var dropped = 0
    }

    private static let page = 500

    let database: any DatabaseConnection
    /// Opens what is there.
    let vault: Vault
    /// Seals it anew.
    let key: SealingKey
    private(set) var counts = Counts()
    /// Why it cannot go on, where that is not the database's fault.
    private(set) var failure: VaultError?
    private let progress: (Counts) -> Void

    init(
        _ database: any DatabaseConnection, _ vault: Vault, with key: SealingKey, progress: @escaping (Counts) -> Void
    ) {
        self.database = database
        self.vault = vault
        self.key = key
        self.progress = progress
    }

    /// From the beginning: a transaction may be run again.
    mutating func run() throws(DatabaseError) {
        self.counts = Counts()
        self.failure = nil
        try self.keys()
        try self.objects()
        try self.replies()
    }

    /// Says why the transaction must be undone.
    mutating func stop(_ failure: VaultError) -> DatabaseError {
        self.failure = failure
        return DatabaseError(
            path: self.database.name, operation: "seal anew", code: 0, message: failure.description, fault: .data)
    }

    private mutating func keys() throws(DatabaseError) {
        var last: [UInt8] = []
        while true {
            var rows: [(digest: [UInt8], sealed: [UInt8])] = []
            let select = try self.database.statement(
                """
                SELECT digest, sealed FROM key_secrets WHERE digest > $1 AND length(sealed) > 0
                ORDER BY digest LIMIT \(Self.page)
                """)
            try select.bind(1, blob: last)
            while try select.step() { rows.append((select.bytes(0), select.bytes(1))) }
            for row in rows {
                guard let digest = Digest(row.digest) else {
                    throw self.stop(.damaged("\(self.database.name): a digest in the table key_secrets is none"))
                }
                guard let sealed = try self.sealedAnew(row.sealed, for: .key(digest), "a key's digest") else {
                    continue
                }
                let update = try self.database.statement("UPDATE key_secrets SET sealed = $2 WHERE digest = $1")
                try update.bind(1, blob: row.digest)
                try update.bind(2, blob: sealed)
                try update.run()
                self.counts.keys += 1
            }
            self.progress(self.counts)
            guard rows.count == Self.page, let end = rows.last else { return }
            last = end.digest
        }
    }

    private mutating func objects() throws(DatabaseError) {
        var rows: [(kind: Int64, name: String, sealed: [UInt8])] = []
        let select = try self.database.statement(
            "SELECT kind, name, secrets FROM objects WHERE secrets IS NOT NULL ORDER BY kind, name")
        while try select.step() { rows.append((select.integer(0), select.text(1), select.bytes(2))) }
        for row in rows {
            let what = "what is sealed of the provider \(row.name)"
            guard let sealed = try self.sealedAnew(row.sealed, for: .provider(row.name), what) else { continue }
            let update = try self.database.statement("UPDATE objects SET secrets = $3 WHERE kind = $1 AND name = $2")
            try update.bind(1, row.kind)
            try update.bind(2, text: row.name)
            try update.bind(3, blob: sealed)
            try update.run()
            self.counts.providers += 1
        }
        self.progress(self.counts)
    }

    private mutating func replies() throws(DatabaseError) {
        var last: (actor: String, key: String) = ("", "")
        while true {
            var rows: [(actor: String, key: String, sealed: [UInt8])] = []
            let select = try self.database.statement(
                """
                SELECT actor, key, reply FROM idempotency WHERE (actor, key) > ($1, $2) AND status <> 0
                ORDER BY actor, key LIMIT \(Self.page)
                """)
            try select.bind(1, text: last.actor)
            try select.bind(2, text: last.key)
            while try select.step() { rows.append((select.text(0), select.text(1), select.bytes(2))) }
            for row in rows {
                let context = VaultContext.reply(actor: row.actor, key: row.key)
                guard (try? self.key.open(row.sealed, for: context.bytes)) == nil else { continue }
                guard let reply = try? self.vault.open(row.sealed, for: context) else {
                    let delete = try self.database.statement("DELETE FROM idempotency WHERE actor = $1 AND key = $2")
                    try delete.bind(1, text: row.actor)
                    try delete.bind(2, text: row.key)
                    try delete.run()
                    self.counts.dropped += 1
                    continue
                }
                let update = try self.database.statement(
                    "UPDATE idempotency SET reply = $3 WHERE actor = $1 AND key = $2")
                try update.bind(1, text: row.actor)
                try update.bind(2, text: row.key)
                try update.bind(3, blob: try self.sealed(reply, for: context))
                try update.run()
                self.counts.replies += 1
            }
            self.progress(self.counts)
            guard rows.count == Self.page, let end = rows.last else { return }
            last = (end.actor, end.key)
        }
    }

    /// The bytes under the new key; nil where they are that already.
    private mutating func sealedAnew(
        _ sealed: [UInt8], for context: VaultContext, _ what: String
    ) throws(DatabaseError) -> [UInt8]? {
        guard (try? self.key.open(sealed, for: context.bytes)) == nil else { return nil }
        let secret: Secret
        do throws(VaultError) {
            secret = try self.vault.open(sealed, for: context)
        } catch {
            throw self.stop(
                .damaged("\(self.database.name): \(what) cannot be opened with the master key; nothing was changed"))
        }
        return try self.sealed(secret, for: context)
    }

    private mutating func sealed(_ secret: Secret, for context: VaultContext) throws(DatabaseError) -> [UInt8] {
        do throws(CryptographyError) {
            return try self.key.seal(secret, for: context.bytes)
        } catch {
            throw self.stop(.failed("\(error)"))
        }
    }
}
