public import Cryptography
public import Database
public import Domain
import EventLog
import Synchronization

/// Seals what the gateway must be able to read again (credentials of providers, digests of keys, kept answers) and makes the digests by
/// which keys and tokens are found in the database.
///
/// Everything hangs on the master key: it seals the pepper, 32 random bytes in the table `secrets`, without which the digests in a stolen
/// database cannot be compared with anything. One vault serves all threads of control; every call takes a lock for a few microseconds.
public final class Vault: Sendable {
    /// What the lock guards.
    private struct State {
        /// The key in force, and the one in `source` that it is.
        var current: (key: SealingKey, candidate: MasterKeySource.Candidate)?
        /// Other keys there are: something may still be sealed with them after a rotation, or before the database was seen.
        var others: [SealingKey] = []
        var pepper: HMACSHA256?
        /// The two rows of the database, of which the first tells which key is in force.
        var check: [UInt8] = []
        var sealedPepper: [UInt8] = []
    }

    let source: MasterKeySource
    private let state: Mutex<State>
    private let turn = Mutex<Void>(())
    let random: @Sendable (Int) throws(CryptographyError) -> [UInt8]

    /// A vault that is locked: it opens what was sealed with any of the keys at hand, and does nothing else before `unlock`.
    public init(
        _ source: MasterKeySource,
        random: @escaping @Sendable (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(VaultError) {
        self.source = source
        self.random = random
        self.state = Mutex(State(others: try Self.keys(Self.candidates(source))))
    }

    // MARK: Sealing

    /// Seals a secret for one purpose. Twice the same secret gives different bytes.
    public func seal(_ secret: Secret, for context: VaultContext) throws(VaultError) -> [UInt8] {
        try self.state.withLock { state throws(VaultError) in
            guard let current = state.current else { throw .locked }
            do throws(CryptographyError) {
                return try current.key.seal(secret, for: context.bytes)
            } catch {
                throw .failed("\(error)")
            }
        }
    }

    /// What was sealed for this purpose.
    public func open(_ sealed: [UInt8], for context: VaultContext) throws(VaultError) -> Secret {
        try self.state.withLock { state throws(VaultError) in
            for key in [state.current?.key].compactMap(\.self) + state.others {
                if let secret = try? key.open(sealed, for: context.bytes) { return secret }
            }
            throw state.current == nil
                ? .locked : .damaged("something sealed cannot be opened: it was changed, or belongs elsewhere")
        }
    }

    // MARK: Digests

    /// The digest that a client key has in the database: of the SHA-256 of its text, which is what identity tables have.
    public func digest(ofKey sha256: Digest) throws(VaultError) -> Digest {
        try self.code(of: sha256.bytes)
    }

    /// The digest that a token of the administration has in the database.
    public func digest(ofToken token: Secret) throws(VaultError) -> Digest {
        try self.code(of: token.withBytes { $0 })
    }

    /// The digest by which a request with an Idempotency-Key is recognized; `sha256` is that of its text. Equal requests have digests of their own under
    /// each key, and none is that of a client key or a token.
    func digest(ofRequest sha256: Digest, actor: String, key: String) throws(VaultError) -> Digest {
        // The lengths tell where one ends and the other begins.
        let names = "request \(actor.utf8.count) \(key.utf8.count) \(actor)\(key)"
        return try self.code(of: Array(names.utf8) + sha256.bytes)
    }

    private func code(of bytes: [UInt8]) throws(VaultError) -> Digest {
        try self.state.withLock { state throws(VaultError) in
            guard let pepper = state.pepper else { throw .locked }
            do throws(CryptographyError) {
                return try pepper.code(of: bytes)
            } catch {
                throw .failed("\(error)")
            }
        }
    }

    // MARK: The database

    /// Whether the master key in force and the pepper are known.
    public var isUnlocked: Bool { self.state.withLock { $0.pepper != nil } }

    /// Finds the master key that the database is sealed with, and takes the pepper from it; a database that has none yet gets one. To be
    /// called after each connection to a database that may have changed: another gateway may have changed the master key.
    ///
    /// Only the holder of the instance file's lock may call it. Throws `.wrongMasterKey` where no key at hand is the right one.
    public func unlock(_ database: any DatabaseConnection) throws(VaultError) {
        // Who has to connect does not keep the others waiting.
        do throws(DatabaseError) { try database.open() } catch { throw .database(error) }
        try self.inTurn { () throws(VaultError) in try self.unlockNow(database) }
    }

    /// One thread after the other: who finds out which key is in force and who changes it move the same files.
    func inTurn<Value: Sendable>(_ body: () throws(VaultError) -> Value) throws(VaultError) -> Value {
        try self.turn.withLock { _ throws(VaultError) in try body() }
    }

    /// `unlock`, in turn already.
    func unlockNow(_ database: any DatabaseConnection) throws(VaultError) {
        let store = VaultStore(database)
        var rows = try store.rows()
        if rows.check == nil {
            try self.found(store)
            rows = try store.rows()
        }
        guard let check = rows.check, let pepper = rows.pepper else {
            throw .damaged("\(database.name): the table secrets is not whole; it is left as it is")
        }
        if self.state.withLock({ $0.pepper != nil && $0.check == check }) { return }
        let candidates = try Self.candidates(self.source)
        for (index, candidate) in candidates.enumerated() {
            guard (try? Self.key(candidate).open(check, for: VaultContext.check.bytes)) != nil else { continue }
            var others = candidates
            others.remove(at: index)
            try self.adopt(candidate, others, check: check, pepper: pepper, of: database.name)
            do { try self.source.settle(candidate) } catch { throw .start(error) }
            return
        }
        throw self.wrongKey(database, candidates)
    }

    /// Makes the pepper, and seals it.
    private func found(_ store: VaultStore) throws(VaultError) {
        let candidate: MasterKeySource.Candidate
        do { candidate = try self.source.first(random: self.random) } catch { throw .start(error) }
        let key = try Self.key(candidate)
        let check: [UInt8]
        let pepper: [UInt8]
        do throws(CryptographyError) {
            check = try key.seal(VaultStore.checkText, for: VaultContext.check.bytes)
            pepper = try key.seal(Secret(try self.random(Digest.count)), for: VaultContext.pepper.bytes)
        } catch {
            throw .failed("\(error)")
        }
        try store.insert(check: check, pepper: pepper)
    }

    /// Makes `candidate` the key in force; everything is sealed with it from here on.
    func adopt(
        _ candidate: MasterKeySource.Candidate, _ others: [MasterKeySource.Candidate], check: [UInt8], pepper: [UInt8],
        of database: String
    ) throws(VaultError) {
        try self.state.withLock { state throws(VaultError) in
            let key = try Self.key(candidate)
            do throws(CryptographyError) {
                let secret = try key.open(pepper, for: VaultContext.pepper.bytes)
                state.pepper = try HMACSHA256(key: secret.withBytes { $0 })
            } catch {
                throw error.operation == .open
                    ? .damaged("\(database): the row pepper of the table secrets is damaged; it is left as it is")
                    : .failed("\(error)")
            }
            state.others = try Self.keys(others)
            state.current = (key, candidate)
            state.check = check
            state.sealedPepper = pepper
        }
    }

    /// The pepper itself, for a rotation.
    func pepper() throws(VaultError) -> Secret {
        try self.open(self.state.withLock { $0.sealedPepper }, for: .pepper)
    }

    /// The row by which the key in force was recognized.
    var check: [UInt8] { self.state.withLock { $0.check } }

    /// Where the key in force is: a variable, or a path.
    public var place: String { self.source.name }

    /// The key in force.
    var current: MasterKeySource.Candidate? { self.state.withLock { $0.current?.candidate } }

    private func wrongKey(
        _ database: any DatabaseConnection, _ candidates: [MasterKeySource.Candidate]
    ) -> VaultError {
        let advice: String
        switch (self.source.isGiven, candidates.isEmpty) {
        case (true, _):
            advice = "\(MasterKeySource.variable) is not the master key that \(database.name) was sealed with"
        case (false, true):
            advice = "the master key that \(database.name) was sealed with is missing: \(self.source.name)"
        case (false, false):
            advice = "\(self.source.name) does not hold the master key that \(database.name) was sealed with"
        }
        return .wrongMasterKey("\(advice); bring back that key, all hosts of one database need the same")
    }

    // MARK: -

    private static func candidates(
        _ source: MasterKeySource
    ) throws(VaultError) -> [MasterKeySource.Candidate] {
        do { return try source.candidates() } catch { throw .start(error) }
    }

    private static func keys(_ candidates: [MasterKeySource.Candidate]) throws(VaultError) -> [SealingKey] {
        var keys: [SealingKey] = []
        for candidate in candidates { keys.append(try self.key(candidate)) }
        return keys
    }

    static func key(_ candidate: MasterKeySource.Candidate) throws(VaultError) -> SealingKey {
        do throws(CryptographyError) {
            if let key = try SealingKey(candidate.key.secret) { return key }
        } catch {
            throw .failed("\(error)")
        }
        throw .failed("a master key does not have \(SealingKey.size) bytes")
    }
}
