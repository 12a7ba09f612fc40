public import Cryptography
public import Domain
import Glibc
public import KeyValue

/// Writes the identity table; control's alone (or the command line's while the gateway is stopped).
///
/// The table follows the control database: `meta` says which one and up to which change. A change is on the disk and in force
/// in every edge when `apply` returns. Lives on one thread; one per process and file.
public final class IdentityWriter {
    /// One change of the table.
    public enum Change: Hashable, Sendable {
        /// The key with this digest is as the row says from now on.
        case put(Digest, IdentityRow)
        /// There is no key with this digest any more.
        case remove(Digest)
        /// This is what is set for it from now on; an empty row takes it out of the table.
        case set(Entity)
    }

    /// A project, an organization, a user or the static key, and what is set for it.
    public struct Entity: Hashable, Sendable {
        public var scope: LimitScope
        public var id: EntityID
        public var row: EntityRow

        public init(_ scope: LimitScope, _ id: EntityID, _ row: EntityRow) {
            self.scope = scope
            self.id = id
            self.row = row
        }
    }

    /// What the table says of itself.
    public private(set) var meta: IdentityMeta
    /// The table's file.
    public let path: String
    private let store: KeyValueStore

    /// Whether there is a table in the folder.
    public static func exists(stateDirectory: String) -> Bool {
        var info = stat()
        let path = IdentityTable.path(stateDirectory: stateDirectory)
        return unsafe stat(path, &info) == 0 && (info.st_mode & S_IFMT != S_IFREG || info.st_size > 0)
    }

    /// Makes the table where there is none, with all rows that `next` gives, and `entities`. In the order of the digests'
    /// bytes rows fill its pages to the brim; any other order works too. The table appears under its name when it is whole
    /// and on the disk: an edge never sees half of it. What `next` throws ends it, and nothing appears.
    public static func create(
        stateDirectory: String, meta: IdentityMeta, entities: [Entity] = [],
        next: () throws(KeyValueError) -> (Digest, IdentityRow)?
    ) throws(KeyValueError) {
        let path = IdentityTable.path(stateDirectory: stateDirectory)
        let place = IdentityTable.folder(stateDirectory: stateDirectory)
        guard unsafe mkdir(place, 0o700) == 0 || errno == EEXIST else {
            throw KeyValueError(path: place, operation: "create", code: errno)
        }
        let new = "\(path).new"
        for leftover in ["", "-lock", "-gate"] { try Self.remove(new + leftover) }
        do {
            let store = try KeyValueStore(path: new)
            try Self.fill(store, meta: meta, entities: entities, next: next)
        }
        // Locks of processes that still have a lost table open must not be taken for those of the new one.
        try Self.remove("\(path)-lock")
        guard unsafe rename(new, path) == 0 else {
            throw KeyValueError(path: path, operation: "rename", code: errno)
        }
        for leftover in ["-lock", "-gate"] { try Self.remove(new + leftover) }
        let folder = unsafe open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw KeyValueError(path: place, operation: "sync", code: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw KeyValueError(path: place, operation: "sync", code: errno) }
    }

    /// Opens an existing table, after it was examined. Throws a `.file` fault for one that is damaged or of another format;
    /// the file is left as it is.
    public init(stateDirectory: String) throws(KeyValueError) {
        self.path = IdentityTable.path(stateDirectory: stateDirectory)
        self.store = try KeyValueStore(path: self.path)
        let bytes = try self.store.read { (table) throws(KeyValueError) in try table.value(of: IdentityMeta.key) }
        guard let bytes, let meta = IdentityMeta(decoding: bytes) else { throw IdentityTable.unknownFormat(self.path) }
        self.meta = meta
    }

    /// Brings `changes` into the table, all or none; `sequence` is the number of the last of them.
    public func apply(_ changes: [Change], sequence: UInt64) throws(KeyValueError) {
        let meta = IdentityMeta(sequence: sequence, source: self.meta.source)
        try self.store.write { (table) throws(KeyValueError) in
            for change in changes {
                switch change {
                case .put(let digest, let row): try table.put(digest.bytes, row.encoded)
                case .remove(let digest): try table.remove(digest.bytes)
                case .set(let entity): try Self.set(entity, in: table)
                }
            }
            try table.put(IdentityMeta.key, meta.encoded)
        }
        self.meta = meta
    }

    /// Replaces every row, in one transaction: edges see the old table or the new one. For a table that followed another
    /// database. `rows` is called again when the map has to grow; what they throw leaves the table as it was.
    public func replace(
        meta: IdentityMeta, entities: [Entity] = [], rows: () -> (() throws(KeyValueError) -> (Digest, IdentityRow)?)
    ) throws(KeyValueError) {
        try self.store.write { (table) throws(KeyValueError) in
            try table.removeAll()
            let next = rows()
            while let (digest, row) = try next() { try Self.add(digest, row, to: table) }
            for entity in entities { try Self.set(entity, in: table) }
            try table.put(IdentityMeta.key, meta.encoded)
        }
        self.meta = meta
    }

    /// How many keys are in the table. Reads all of it.
    public func count() throws(KeyValueError) -> Int {
        try self.store.read { (table) throws(KeyValueError) in
            var count = 0
            try unsafe table.forEach { (key, _) in
                if key.count == Digest.count { count += 1 }
                return true
            }
            return count
        }
    }

    /// What is set for an entity; nil when nothing is, or what the table has cannot be read.
    public func entity(_ scope: LimitScope, _ id: EntityID) throws(KeyValueError) -> EntityRow? {
        let bytes = try self.store.read { (table) throws(KeyValueError) in
            try table.value(of: EntityRow.key(scope, id))
        }
        return bytes.flatMap { bytes in unsafe bytes.withUnsafeBytes { unsafe EntityRow(decoding: $0) } }
    }

    /// Frees the slots of edges that were killed; how many there were. Each write does so too.
    @discardableResult
    public func sweepReaders() throws(KeyValueError) -> Int { try self.store.sweepReaders() }

    /// Rows go in by batches: a transaction keeps every page it has touched in memory.
    private static func fill(
        _ store: KeyValueStore, meta: IdentityMeta, entities: [Entity],
        next: () throws(KeyValueError) -> (Digest, IdentityRow)?
    ) throws(KeyValueError) {
        var batch: [(Digest, IdentityRow)] = []
        repeat {
            batch.removeAll(keepingCapacity: true)
            while batch.count < 50_000, let row = try next() { batch.append(row) }
            try store.write { (table) throws(KeyValueError) in
                for (digest, row) in batch { try Self.add(digest, row, to: table) }
            }
        } while !batch.isEmpty
        // Last, because their keys lie among the digests.
        try store.write { (table) throws(KeyValueError) in
            for entity in entities { try Self.set(entity, in: table) }
            try table.put(IdentityMeta.key, meta.encoded)
        }
    }

    private static func set(_ entity: Entity, in table: KeyValueTransaction) throws(KeyValueError) {
        let key = EntityRow.key(entity.scope, entity.id)
        if entity.row.isEmpty { try table.remove(key) } else { try table.put(key, entity.row.encoded) }
    }

    private static func add(
        _ digest: Digest, _ row: IdentityRow, to table: KeyValueTransaction
    ) throws(KeyValueError) {
        do throws(KeyValueError) {
            try table.append(digest.bytes, row.encoded)
        } catch {
            guard error.isOutOfOrder else { throw error }
            try table.put(digest.bytes, row.encoded)
        }
    }

    private static func remove(_ path: String) throws(KeyValueError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw KeyValueError(path: path, operation: "remove", code: errno)
        }
    }
}
