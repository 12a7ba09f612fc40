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
/// connection of the store that calls.
// SAFETY: `writer` and `zones` are used under `lock` only.
public final class IdentityFollower: @unchecked Sendable {
    private let stateDirectory: String
    private let lock = Mutex<Void>(())
    private var writer: IdentityWriter?
    private let zones: ZoneCache

    /// Opens nothing yet. `clock` gives milliseconds since 1970.
    public init(stateDirectory: String, clock: @escaping @Sendable () -> UInt64 = Timestamp.now) {
        self.stateDirectory = stateDirectory
        self.zones = ZoneCache(clock: clock)
    }

    /// Opens the table, makes it where it is missing, rewrites it where it follows another database, and brings it up to this one.
    ///
    /// Throws a line that names the file where it cannot be used.
    func open(with database: ControlDatabase) throws {
        try self.lock.withLock { _ in
            let isFirst = self.writer == nil
            let writer = try self.writer ?? Self.openTable(self.stateDirectory, following: database, self.zones)
            self.writer = writer
            if !isFirst { try Self.replaceIfOther(writer, database, self.zones) }
            try Self.catchUp(writer, database, self.zones)
            if isFirst { try Self.refreshTimeZones(writer, database, self.zones) }
        }
    }

    /// Brings every change into the table that is not there yet. Does nothing, at the cost of one small query, when there is none.
    func catchUp(with database: ControlDatabase) throws(AdministrationFailure) {
        do {
            try self.lock.withLock { _ in
                guard let writer = self.writer else { return }
                try Self.catchUp(writer, database, self.zones)
            }
        } catch let error as DatabaseError {
            throw AdministrationFailure(error)
        } catch let error as KeyValueError {
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

    private static func catchUp(_ writer: IdentityWriter, _ database: ControlDatabase, _ zones: ZoneCache) throws {
        let sequence = try database.sequence()
        guard sequence != writer.meta.sequence else { return }
        var changes: [IdentityWriter.Change] = []
        try database.forEachKey(changedAfter: writer.meta.sequence) { key, digest in
            changes.append(key.identity.map { .put(digest, $0) } ?? .remove(digest))
        }
        changes += try database.entities(changedAfter: writer.meta.sequence).map { .set(zones.row(of: $0)) }
        try writer.apply(changes, sequence: sequence)
    }

    /// Rules of time zones reach twenty years ahead and change by law: what the table has is made anew where it differs.
    private static func refreshTimeZones(
        _ writer: IdentityWriter, _ database: ControlDatabase, _ zones: ZoneCache
    ) throws {
        let changes = try database.entities(changedAfter: 0).filter { $0.timeZone != nil }
            .map { zones.row(of: $0) }
            .filter { try writer.entity($0.scope, $0.id) != $0.row }
        guard !changes.isEmpty else { return }
        try writer.apply(changes.map { .set($0) }, sequence: writer.meta.sequence)
    }

    private static func openTable(
        _ stateDirectory: String, following database: ControlDatabase, _ zones: ZoneCache
    ) throws -> IdentityWriter {
        guard IdentityWriter.exists(stateDirectory: stateDirectory) else {
            let meta = IdentityMeta(sequence: try database.sequence(), source: database.id)
            var rest = try Self.rows(database)[...]
            let entities = try database.entities(changedAfter: 0).map { zones.row(of: $0) }
            try IdentityWriter.create(stateDirectory: stateDirectory, meta: meta, entities: entities) {
                rest.popFirst()
            }
            return try IdentityWriter(stateDirectory: stateDirectory)
        }
        let writer = try IdentityWriter(stateDirectory: stateDirectory)
        try Self.replaceIfOther(writer, database, zones)
        return writer
    }

    /// Rewrites a table that follows another database, or a later state of this one.
    private static func replaceIfOther(
        _ writer: IdentityWriter, _ database: ControlDatabase, _ zones: ZoneCache
    ) throws {
        let sequence = try database.sequence()
        guard writer.meta.source != database.id || writer.meta.sequence > sequence else { return }
        let all = try Self.rows(database)
        let entities = try database.entities(changedAfter: 0).map { zones.row(of: $0) }
        try writer.replace(meta: IdentityMeta(sequence: sequence, source: database.id), entities: entities) {
            var rest = all[...]
            return { rest.popFirst() }
        }
    }

    private static func rows(_ database: ControlDatabase) throws -> [(Digest, IdentityRow)] {
        var rows: [(Digest, IdentityRow)] = []
        try database.forEachGoodKey { key, digest in
            if let row = key.identity { rows.append((digest, row)) }
        }
        return rows
    }
}
