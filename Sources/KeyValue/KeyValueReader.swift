import CLMDB
import Glibc

/// Reads a table that another process writes, without locks and without copies.
///
/// Its slot in the lock file is taken once; each look-up renews and resets the same transaction, so that it sees the newest
/// commit and keeps no old page alive. Lives on one thread; one per file and process.
// SAFETY: transaction and cursor belong to the environment, which outlives them: deinit ends them first.
@safe
public final class KeyValueReader {
    private let environment: KeyValueEnvironment
    private let identity: FileIdentity
    private let transaction: OpaquePointer
    private let cursor: OpaquePointer

    /// Opens an existing table; `isMissing` of the error says that there is none.
    public init(path: String) throws(KeyValueError) {
        let gate = try KeyValueGate(path: path)
        var begun: OpaquePointer?
        let environment = try gate.pass { () throws(KeyValueError) in
            let environment = try KeyValueEnvironment(path: path, mapSize: nil)
            unsafe begun = try environment.begin(readOnly: true)
            return environment
        }
        guard let transaction = unsafe begun else {
            throw KeyValueError(path: path, operation: "open", code: MDB_BAD_TXN)
        }
        var opened: OpaquePointer?
        do throws(KeyValueError) {
            self.identity = try environment.identity().0
            var table: MDB_dbi = 0
            try environment.check("open", unsafe mdb_dbi_open(transaction, nil, 0, &table))
            try environment.check("open", unsafe mdb_cursor_open(transaction, table, &opened))
        } catch {
            unsafe mdb_txn_abort(transaction)
            throw error
        }
        guard let cursor = unsafe opened else { throw KeyValueError(path: path, operation: "open", code: ENOMEM) }
        self.environment = environment
        unsafe self.transaction = transaction
        unsafe self.cursor = cursor
        unsafe mdb_txn_reset(transaction)
    }

    deinit {
        unsafe mdb_cursor_close(self.cursor)
        unsafe mdb_txn_abort(self.transaction)
    }

    /// Looks `key` up in the newest commit. `body` gets the key as the table has it and the value; both are gone after it.
    /// nil when there is no such key.
    public func withValue<Value>(
        of key: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Value
    ) throws(KeyValueError) -> Value? {
        var code = unsafe mdb_txn_renew(self.transaction)
        if code == MDB_MAP_RESIZED {
            try self.environment.adoptMapSize()
            code = unsafe mdb_txn_renew(self.transaction)
        }
        try self.environment.check("read", code)
        defer { unsafe mdb_txn_reset(self.transaction) }
        try self.environment.check("read", unsafe mdb_cursor_renew(self.transaction, self.cursor))
        var wanted = unsafe MDB_val(
            mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
        var found = unsafe MDB_val()
        code = unsafe mdb_cursor_get(self.cursor, &wanted, &found, MDB_SET_KEY)
        guard code != MDB_NOTFOUND else { return nil }
        try self.environment.check("read", code)
        return unsafe body(
            UnsafeRawBufferPointer(start: wanted.mv_data, count: wanted.mv_size),
            UnsafeRawBufferPointer(start: found.mv_data, count: found.mv_size))
    }

    /// The number of the newest commit. It grows with each.
    public var lastTransaction: UInt64 { self.environment.lastTransaction }

    /// Whether the table's name stands for another file by now, or for none: then this reader shows what was.
    public var isReplaced: Bool {
        var info = stat()
        guard unsafe stat(self.environment.path, &info) == 0 else { return true }
        return self.identity != FileIdentity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    }
}
