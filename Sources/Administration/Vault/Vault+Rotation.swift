import Cryptography
public import Database
import Domain
import EventLog

// A crash at any point leaves a gateway that starts: the new key is on the disk before anything is sealed with it, the old one is taken
// away when the commit is sure, and in between both are tried.
extension Vault {
    /// What a change of the master key has done.
    public struct Rotation: Hashable, Sendable {
        /// Digests of client keys, credentials of providers, and kept replies that were sealed anew.
        public var keys: Int
        public var providers: Int
        public var replies: Int
        /// Kept replies that could not be opened and were deleted.
        public var dropped: Int
        /// Where the new key is: a path, or `SLUICE_NEW_MASTER_KEY`.
        public var place: String
        /// Whether the new key must be put into `SLUICE_MASTER_KEY` before the next start.
        public var isGiven: Bool
    }

    /// Seals everything with a new master key, in one transaction: the one in `SLUICE_NEW_MASTER_KEY`, or else one that is made and kept in
    /// the state folder. `progress` is told how many secrets are done, now and then; `within` is done in the transaction, which may be run
    /// again.
    ///
    /// Where it throws, the old key is in force still; where the database's answer to the commit was lost, `unlock` finds out which is.
    /// Only the holder of the instance file's lock may call it.
    public func rotate(
        _ database: any DatabaseConnection, progress: @escaping (Int) -> Void = { _ in },
        within: () throws(DatabaseError) -> Void = {}
    ) throws(VaultError) -> Rotation {
        try self.inTurn { () throws(VaultError) in
            try self.rotateNow(database, progress: progress, within: within)
        }
    }

    private func rotateNow(
        _ database: any DatabaseConnection, progress: @escaping (Int) -> Void,
        within: () throws(DatabaseError) -> Void
    ) throws(VaultError) -> Rotation {
        try self.unlockNow(database)
        guard let former = self.current else { throw .locked }
        let candidate: MasterKeySource.Candidate
        do throws(StartFailure) {
            candidate = try self.source.successor(of: former, random: self.random)
        } catch {
            throw .start(error)
        }
        let (key, check, pepper) = try self.sealed(with: candidate)
        var resealing = Resealing(database, self, with: key) { counts in
            progress(counts.keys + counts.providers + counts.replies)
        }
        let store = VaultStore(database)
        let expected = self.check
        do throws(DatabaseError) {
            try database.transaction { () throws(DatabaseError) in
                // Whoever changes something waits for this row, so nobody writes in between.
                try store.lock()
                guard try store.read().check == expected else {
                    throw resealing.stop(.failed("another gateway has changed the master key in between"))
                }
                try resealing.run()
                try store.replace(check: check, pepper: pepper)
                // Copies of the providers are sealed as well: all gateways take new ones.
                try database.execute("UPDATE control SET objects_seq = objects_seq + 1")
                try within()
            }
        } catch {
            throw resealing.failure ?? .database(error)
        }
        try self.adopt(candidate, [former], check: check, pepper: pepper, of: database.name)
        do throws(StartFailure) { try self.source.settle(candidate, instead: former) } catch { throw .start(error) }
        let counts = resealing.counts
        return Rotation(
            keys: counts.keys, providers: counts.providers, replies: counts.replies, dropped: counts.dropped,
            place: candidate.origin == .nextVariable ? MasterKeySource.nextVariable : self.source.path,
            isGiven: candidate.origin == .nextVariable)
    }

    /// Seals with the key in force what is still sealed with another: what somebody sealed before a rotation and wrote after it. Returns how
    /// much that was.
    public func resealStragglers(_ database: any DatabaseConnection) throws(VaultError) -> Int {
        try self.inTurn { () throws(VaultError) in try self.resealNow(database) }
    }

    private func resealNow(_ database: any DatabaseConnection) throws(VaultError) -> Int {
        try self.unlockNow(database)
        guard let current = self.current else { throw .locked }
        let key = try Self.key(current)
        var resealing = Resealing(database, self, with: key) { _ in }
        let store = VaultStore(database)
        do throws(DatabaseError) {
            try database.transaction { () throws(DatabaseError) in
                try store.lock()
                try resealing.run()
            }
        } catch {
            throw resealing.failure ?? .database(error)
        }
        return resealing.counts.keys + resealing.counts.providers + resealing.counts.replies
    }

    /// The rows of `secrets` under another key, and that key.
    private func sealed(
        with candidate: MasterKeySource.Candidate
    ) throws(VaultError) -> (key: SealingKey, check: [UInt8], pepper: [UInt8]) {
        let key = try Self.key(candidate)
        let pepper = try self.pepper()
        do throws(CryptographyError) {
            return (
                key, try key.seal(VaultStore.checkText, for: VaultContext.check.bytes),
                try key.seal(pepper, for: VaultContext.pepper.bytes)
            )
        } catch {
            throw .failed("\(error)")
        }
    }
}
