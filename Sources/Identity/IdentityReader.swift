public import Cryptography
public import Domain
public import KeyValue

/// Looks keys up for an edge: by their SHA-256 digest, in the newest commit of control, without a lock or a copy.
///
/// Lives on one event loop; one per process and file. A look-up costs a third of a microsecond, a whole one among a million keys, and allocates nothing.
/// `refresh()`, called about once a second, opens the table and opens it again where control has made a new file.
public final class IdentityReader {
    /// Which state of the table something was read from; another one after each commit, and of another file.
    public struct Generation: Hashable, Sendable {
        public let opened: UInt64
        public let transaction: UInt64
    }

    /// The table's file.
    public let path: String
    private var reader: KeyValueReader?
    private var openings: UInt64 = 0

    /// Opens nothing yet: the first `refresh()` does.
    public init(stateDirectory: String) {
        self.path = IdentityTable.path(stateDirectory: stateDirectory)
    }

    /// Whether a table is open, and look-ups can succeed.
    public var isOpen: Bool { self.reader != nil }

    /// Opens the table where it is not open or its name stands for another file by now. Costs one stat(2) otherwise; may
    /// wait up to 5 seconds (normally no time) for a process that holds the table's lock.
    ///
    /// Throws when there is no table or it cannot be read; the next call tries again.
    public func refresh() throws(KeyValueError) {
        if let reader = self.reader, !reader.isReplaced { return }
        // The old one goes first: LMDB's locks belong to the process, not to the object.
        self.reader = nil
        let opened = try KeyValueReader(path: self.path)
        let meta = unsafe IdentityMeta.key.withUnsafeBytes { key in
            Result { () throws(KeyValueError) in
                unsafe try opened.withValue(of: key) { (_, value) in unsafe IdentityMeta(decoding: Array(value)) }
            }
        }
        guard case .some(.some) = try meta.get() else { throw IdentityTable.unknownFormat(self.path) }
        self.reader = opened
        self.openings &+= 1
    }

    /// The newest commit. Take it before a look-up whose answer is kept: the answer is good as long as this is the same.
    /// Costs two loads from memory.
    public var generation: Generation {
        Generation(opened: self.openings, transaction: self.reader?.lastTransaction ?? 0)
    }

    /// The row of the key with `digest`; nil when there is no such key. Whether the key is good is another question
    /// (`IdentityRow.isGood`).
    ///
    /// Throws when no table is open or its file is damaged.
    public func row(for digest: Digest) throws(KeyValueError) -> IdentityRow? {
        let reader = try self.opened()
        var row = IdentityRow(principal: .anonymous)
        let found = unsafe digest.withBytes { key in
            Result { () throws(KeyValueError) -> Found? in
                unsafe try reader.withValue(of: key) { (stored, value) in
                    // The tree was searched with an ordinary comparison; what it found is compared once more, in a time that
                    // says nothing.
                    guard unsafe digest.isEqual(to: stored) else { return .other }
                    return unsafe row.read(value) ? .row : .damaged
                }
            }
        }
        switch try found.get() {
        case nil, .other: return nil
        case .row: return row
        case .damaged: throw self.damagedRow
        }
    }

    /// What is set for a project, an organization, a user, or the static key (`.key`, `EntityID.standard`); nil when nothing
    /// is. Allocates: to be kept by the caller as long as `generation` is the same.
    ///
    /// Throws when no table is open or its file is damaged.
    public func entity(_ scope: LimitScope, _ id: EntityID) throws(KeyValueError) -> EntityRow? {
        let reader = try self.opened()
        let found = unsafe EntityRow.key(scope, id).withUnsafeBytes { key in
            Result { () throws(KeyValueError) -> EntityRow?? in
                unsafe try reader.withValue(of: key) { (_, value) in unsafe EntityRow(decoding: value) }
            }
        }
        switch try found.get() {
        case nil: return nil
        case .some(nil): throw self.damagedRow
        case .some(.some(let row)): return row
        }
    }

    private func opened() throws(KeyValueError) -> KeyValueReader {
        guard let reader = self.reader else {
            throw KeyValueError(
                path: self.path, operation: "read", code: 0, message: "the table is not open", fault: .file)
        }
        return reader
    }

    private var damagedRow: KeyValueError {
        KeyValueError(
            path: self.path, operation: "read", code: 0, message: "a row of the table is damaged", fault: .file)
    }

    private enum Found {
        case row
        case other
        case damaged
    }
}
