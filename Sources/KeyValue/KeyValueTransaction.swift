import CLMDB

/// One transaction of a `KeyValueStore`: undone at its end unless it was committed. Keys have 1 to 511 bytes.
///
/// It ends with the call that lent it: whoever kept it gets errors.
// SAFETY: the pointer comes from mdb_txn_begin, is ended once, by commit or abort, and is nil from then on.
@safe
public final class KeyValueTransaction {
    private let environment: KeyValueEnvironment
    private var pointer: OpaquePointer?
    private let table: MDB_dbi

    init(_ environment: KeyValueEnvironment, readOnly: Bool) throws(KeyValueError) {
        let pointer = unsafe try environment.begin(readOnly: readOnly)
        var table: MDB_dbi = 0
        do throws(KeyValueError) {
            try environment.check("begin", unsafe mdb_dbi_open(pointer, nil, 0, &table))
        } catch {
            unsafe mdb_txn_abort(pointer)
            throw error
        }
        unsafe self.pointer = pointer
        self.environment = environment
        self.table = table
    }

    deinit {
        self.abort()
    }

    func abort() {
        guard let pointer = unsafe self.pointer else { return }
        unsafe self.pointer = nil
        unsafe mdb_txn_abort(pointer)
    }

    func commit() throws(KeyValueError) {
        let pointer = unsafe try self.open()
        // Whatever the outcome, LMDB ends the transaction.
        unsafe self.pointer = nil
        try self.environment.check("commit", unsafe mdb_txn_commit(pointer))
    }

    /// The value of `key`; nil when there is none.
    public func value(of key: [UInt8]) throws(KeyValueError) -> [UInt8]? {
        let transaction = unsafe try self.open()
        var found = unsafe MDB_val()
        let code = unsafe Self.lend(key) { key in
            unsafe mdb_get(transaction, self.table, &key, &found)
        }
        guard code != MDB_NOTFOUND else { return nil }
        try self.environment.check("read", code)
        return unsafe Array(UnsafeRawBufferPointer(start: found.mv_data, count: found.mv_size))
    }

    /// Puts `value` under `key`, in place of what was there.
    public func put(_ key: [UInt8], _ value: [UInt8]) throws(KeyValueError) {
        try self.environment.check("put", try self.put(key, value, flags: 0))
    }

    /// Puts `value` under a `key` that must be greater than all keys of the table: fills pages to the brim.
    public func append(_ key: [UInt8], _ value: [UInt8]) throws(KeyValueError) {
        try self.environment.check("append", try self.put(key, value, flags: UInt32(MDB_APPEND)))
    }

    /// Takes `key` away; whether it was there.
    @discardableResult
    public func remove(_ key: [UInt8]) throws(KeyValueError) -> Bool {
        let transaction = unsafe try self.open()
        let code = unsafe Self.lend(key) { key in unsafe mdb_del(transaction, self.table, &key, nil) }
        guard code != MDB_NOTFOUND else { return false }
        try self.environment.check("remove", code)
        return true
    }

    /// Takes everything away.
    public func removeAll() throws(KeyValueError) {
        try self.environment.check("clear", unsafe mdb_drop(try self.open(), self.table, 0))
    }

    /// How many keys there are.
    public func count() throws(KeyValueError) -> Int {
        var status = MDB_stat()
        try self.environment.check("read", unsafe mdb_stat(try self.open(), self.table, &status))
        return Int(clamping: status.ms_entries)
    }

    /// Hands every key and value to `body`, in the order of the keys' bytes, until it returns false.
    public func forEach(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) throws(KeyValueError) {
        var opened: OpaquePointer?
        try self.environment.check("read", unsafe mdb_cursor_open(try self.open(), self.table, &opened))
        guard let cursor = unsafe opened else { return }
        defer { unsafe mdb_cursor_close(cursor) }
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        var code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        while code == 0 {
            let goesOn = unsafe body(
                UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size),
                UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
            guard goesOn else { return }
            code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
        }
        guard code == MDB_NOTFOUND else { return try self.environment.check("read", code) }
    }

    private func open() throws(KeyValueError) -> OpaquePointer {
        guard let pointer = unsafe self.pointer else {
            throw KeyValueError(path: self.environment.path, operation: "use", code: MDB_BAD_TXN)
        }
        return unsafe pointer
    }

    private func put(_ key: [UInt8], _ value: [UInt8], flags: UInt32) throws(KeyValueError) -> Int32 {
        let transaction = unsafe try self.open()
        return unsafe Self.lend(key) { key in
            unsafe Self.lend(value) { value in unsafe mdb_put(transaction, self.table, &key, &value, flags) }
        }
    }

    private static func lend(_ bytes: [UInt8], _ body: (inout MDB_val) -> Int32) -> Int32 {
        unsafe bytes.withUnsafeBytes { bytes in
            // LMDB only reads what it is given here.
            var value = unsafe MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return unsafe body(&value)
        }
    }
}
