import Cryptography
import Database
import Domain
public import EventLog
import Identity
import KeyValue
import Synchronization

/// Brings what has been committed to the control database into the identity table: one per process and table, for all stores, whichever
/// thread they are on.
///
/// The table has one writer; a lock is held from looking up what is new until it is in the table. What is new is asked for over the
/// connection of the store that calls, and read page by page.
// SAFETY: `writer` and `zones` are used under `lock` only.
public final class IdentityFollower: @unchecked Sendable {
    /// Secrets of keys in one page.
    static let pageSize = 4000

    private let stateDirectory: String
    private let clock: @Sendable () -> UInt64
    private let lock = Mutex<Void>(())
    private var writer: IdentityWriter?
    private let zones: ZoneCache

    /// Opens nothing yet. `clock` gives milliseconds since 1970.
    public init(stateDirectory: String, clock: @escaping @Sendable () -> UInt64 = Timestamp.now) {
        self.stateDirectory = stateDirectory
        self.clock = clock
        self.zones = ZoneCache(clock: clock)
    }

    /// Opens the table, makes it where it is missing, rewrites it where it follows another database, and brings it up to this one.
    ///
    /// Throws what names the file where it cannot be used.
    func open(with database: ControlDatabase, _ vault: Vault) throws {
        try database.connection.open()
        try self.lock.withLock { _ in
            let source = Source(database: database, vault: vault, now: self.clock())
            guard let writer = self.writer else {
                let writer = try self.openTable(source)
                try self.follow(writer, source)
                try self.refreshTimeZones(writer, source)
                self.writer = writer
                return
            }
            try self.follow(writer, source)
        }
    }

    /// Brings every change into the table that is not there yet; everything, where the database is another than the table follows or has gone back.
    /// Does nothing, at the cost of one small query, when there is nothing new, or no table has been opened.
    func catchUp(with database: ControlDatabase, _ vault: Vault) throws(AdministrationFailure) {
        do {
            // Who has to connect does not keep the others waiting.
            try database.connection.open()
            try self.lock.withLock { _ in
                guard let writer = self.writer else { return }
                try self.follow(writer, Source(database: database, vault: vault, now: self.clock()))
            }
        } catch let error as DatabaseError {
            throw AdministrationFailure(error)
        } catch let error as KeyValueError {
            throw AdministrationFailure(error)
        } catch let error as VaultError {
            throw AdministrationFailure(error)
        } catch {
            throw AdministrationFailure(status: 503, code: "storage_failed", message: "identity table: \(error)")
        }
    }

    /// Frees what killed edges still hold of the table.
    public func sweepReaders() throws(AdministrationFailure) {
        do throws(KeyValueError) {
            try self.lock.withLock { _ throws(KeyValueError) in _ = try self.writer?.sweepReaders() }
        } catch {
            throw AdministrationFailure(error)
        }
    }

    // MARK: -

    /// What is followed.
    private struct Source {
        let database: ControlDatabase
        let vault: Vault
        /// Milliseconds since 1970.
        let now: UInt64

        /// The next good keys behind `last`, as the table has them; none where that was the last.
        func rows(after last: inout Digest?) throws -> [(Digest, IdentityRow)] {
            let page = try self.database.goodKeys(after: last, limit: IdentityFollower.pageSize, at: self.now)
            last = page.last?.digest ?? last
            return try page.compactMap { key in
                try key.row.map { (try self.vault.sha256(of: key.digest, sealed: key.sealed), $0) }
            }
        }
    }

    private func follow(_ writer: IdentityWriter, _ source: Source) throws {
        let state = try source.database.state()
        if writer.meta.source != state.id || writer.meta.sequence > state.sequence {
            try self.replace(writer, state, source)
        } else if writer.meta.sequence < state.sequence {
            try self.catchUp(writer, state, source)
        }
    }

    private func catchUp(_ writer: IdentityWriter, _ state: ControlDatabase.State, _ source: Source) throws {
        let first = writer.meta.sequence
        // Entities first, under the old number: what is cut off is done again.
        var changes: [IdentityWriter.Change] = try source.database.entities(changedAfter: first)
            .map { .set(self.zones.row(of: $0)) }
        var last: (number: UInt64, digest: Digest?) = (first, nil)
        while true {
            let page = try source.database.changedKeys(
                after: last.number, last.digest, limit: Self.pageSize, at: source.now)
            for key in page {
                let digest = try source.vault.sha256(of: key.digest, sealed: key.sealed)
                changes.append(key.row.map { .put(digest, $0) } ?? .remove(digest))
            }
            guard page.count == Self.pageSize, let end = page.last else { break }
            last = (end.number, end.digest)
            // A change may go on in the next page.
            let whole = min(max(writer.meta.sequence, end.number - min(end.number, 1)), state.sequence)
            try writer.apply(changes, sequence: whole)
            changes = []
        }
        try writer.apply(changes, sequence: state.sequence)
    }

    /// Rules of time zones reach twenty years ahead and change by law: what the table has is made anew where it differs.
    private func refreshTimeZones(_ writer: IdentityWriter, _ source: Source) throws {
        let changes = try source.database.entities(changedAfter: 0).filter { $0.timeZone != nil }
            .map { self.zones.row(of: $0) }
            .filter { try writer.entity($0.scope, $0.id) != $0.row }
        guard !changes.isEmpty else { return }
        try writer.apply(changes.map { .set($0) }, sequence: writer.meta.sequence)
    }

    private func openTable(_ source: Source) throws -> IdentityWriter {
        guard !IdentityWriter.exists(stateDirectory: self.stateDirectory) else {
            return try IdentityWriter(stateDirectory: self.stateDirectory)
        }
        // What changes from here on is brought in when the table is there.
        let state = try source.database.state()
        let entities = try source.database.entities(changedAfter: 0).map { self.zones.row(of: $0) }
        var last: Digest?
        var page: ArraySlice<(Digest, IdentityRow)> = []
        var failure: (any Error)?
        let create = {
            try IdentityWriter.create(
                stateDirectory: self.stateDirectory, meta: IdentityMeta(sequence: state.sequence, source: state.id),
                entities: entities
            ) { () throws(KeyValueError) in
                if page.isEmpty { page = try self.nextPage(source, &last, &failure)[...] }
                return page.popFirst()
            }
        }
        do { try create() } catch { throw failure ?? error }
        return try IdentityWriter(stateDirectory: self.stateDirectory)
    }

    /// Rewrites a table that follows another database, or a later state of this one.
    private func replace(_ writer: IdentityWriter, _ state: ControlDatabase.State, _ source: Source) throws {
        let entities = try source.database.entities(changedAfter: 0).map { self.zones.row(of: $0) }
        var failure: (any Error)?
        do {
            try writer.replace(
                meta: IdentityMeta(sequence: state.sequence, source: state.id), entities: entities
            ) {
                var last: Digest?
                var page: ArraySlice<(Digest, IdentityRow)> = []
                return { () throws(KeyValueError) in
                    if page.isEmpty { page = try self.nextPage(source, &last, &failure)[...] }
                    return page.popFirst()
                }
            }
        } catch {
            throw failure ?? error
        }
    }

    /// The next page that is not empty, or none. What goes wrong with the database goes to `failure` and ends the writing of the table, which stays as
    /// it was.
    private func nextPage(
        _ source: Source, _ last: inout Digest?, _ failure: inout (any Error)?
    ) throws(KeyValueError) -> [(Digest, IdentityRow)] {
        do {
            while true {
                let before = last
                let rows = try source.rows(after: &last)
                if !rows.isEmpty || last == before { return rows }
            }
        } catch {
            failure = error
            throw KeyValueError(
                path: self.stateDirectory, operation: "read", code: 0, message: "\(error)", fault: .machine)
        }
    }
}
