public import CSQLite

/// A prepared statement, used again and again: bind, step, read, reset.
///
/// Parameters are `$1` … `$n` and are bound by that number, whatever order SQLite found them in. Lives on the thread of its
/// database. Reading a column is only meaningful after `step()` returned true.
// SAFETY: the pointer comes from sqlite3_prepare_v3 and is finalised once, in deinit. Column memory is copied before
// the next call of SQLite.
@safe
public final class SQLiteStatement: DatabaseStatement {
    @usableFromInline let pointer: OpaquePointer
    private let connection: SQLiteConnection
    /// SQLite's index of `$1`, `$2` …
    @usableFromInline let indices: [Int32]

    init(_ sql: String, on connection: SQLiteConnection) throws(DatabaseError) {
        var prepared: OpaquePointer?
        var sql = sql
        let result = sql.withUTF8 { text -> (Int32, Bool) in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let code = unsafe sqlite3_prepare_v3(
                    connection.pointer, text.baseAddress, Int32(clamping: text.count),
                    UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, &tail)
                let end = unsafe text.baseAddress.map { unsafe $0 + text.count }
                return unsafe (code, tail == nil || tail == end)
            }
        }
        guard result.0 == SQLITE_OK else { throw connection.error("prepare", result.0) }
        guard result.1, let pointer = unsafe prepared else {
            unsafe sqlite3_finalize(prepared)
            throw DatabaseError(
                path: connection.path, operation: "prepare", code: SQLITE_MISUSE,
                message: "not exactly one statement")
        }
        let count = unsafe sqlite3_bind_parameter_count(pointer)
        var indices: [Int32] = []
        while indices.count < Int(count) {
            let index = unsafe sqlite3_bind_parameter_index(pointer, "$\(indices.count + 1)")
            guard index > 0 else {
                unsafe sqlite3_finalize(pointer)
                throw DatabaseError(
                    path: connection.path, operation: "prepare", code: SQLITE_MISUSE,
                    message: "the parameters are not $1 to $\(count)")
            }
            indices.append(index)
        }
        unsafe self.pointer = pointer
        self.connection = connection
        self.indices = indices
    }

    deinit {
        unsafe sqlite3_finalize(self.pointer)
    }

    /// How many parameters there are.
    public var parameterCount: Int { self.indices.count }

    // MARK: Binding

    /// Binds an integer, or NULL for nil, to `$number`.
    @inlinable
    public func bind(_ number: Int, _ value: Int64?) throws(DatabaseError) {
        let index = self.index(number)
        let code =
            if let value {
                unsafe sqlite3_bind_int64(self.pointer, index, value)
            } else {
                unsafe sqlite3_bind_null(self.pointer, index)
            }
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    /// Binds text to `$number`.
    public func bind(_ number: Int, text: String?) throws(DatabaseError) {
        guard var text else { return try self.bindNull(number) }
        let index = self.index(number)
        let code = text.withUTF8 { bytes in
            unsafe sluice_sqlite_bind_text(
                self.pointer, index, bytes.baseAddress, UInt64(bytes.count))
        }
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    /// Binds the UTF-8 text of `bytes` to `$number`. No String is made; the bytes are copied once.
    public func bind(_ number: Int, text bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        let code = unsafe sluice_sqlite_bind_text(
            self.pointer, self.index(number), bytes.baseAddress, UInt64(bytes.count))
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    /// Binds the UTF-8 text of `bytes` to `$number`; NULL for nil.
    public func bind(_ number: Int, text bytes: [UInt8]?) throws(DatabaseError) {
        guard let bytes else { return try self.bindNull(number) }
        let failure: DatabaseError? = unsafe bytes.withUnsafeBytes { bytes in
            do throws(DatabaseError) {
                unsafe try self.bind(number, text: bytes)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    /// Binds a blob to `$number`; the bytes are copied once.
    public func bind(_ number: Int, blob bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        let code = unsafe sluice_sqlite_bind_blob(
            self.pointer, self.index(number), bytes.baseAddress, UInt64(bytes.count))
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    /// Binds a blob to `$number`; NULL for nil.
    public func bind(_ number: Int, blob bytes: [UInt8]?) throws(DatabaseError) {
        guard let bytes else { return try self.bindNull(number) }
        let failure: DatabaseError? = unsafe bytes.withUnsafeBytes { bytes in
            do throws(DatabaseError) {
                unsafe try self.bind(number, blob: bytes)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    /// Binds a blob to `$number` without a copy.
    ///
    /// The bytes must stay where they are until the statement was reset or the parameter bound anew.
    @unsafe
    public func lend(_ number: Int, blob bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        let code = unsafe sluice_sqlite_lend_blob(
            self.pointer, self.index(number), bytes.baseAddress, UInt64(bytes.count))
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    /// Binds NULL to `$number`.
    public func bindNull(_ number: Int) throws(DatabaseError) {
        let code = unsafe sqlite3_bind_null(self.pointer, self.index(number))
        guard code == SQLITE_OK else { throw self.failure("bind", code) }
    }

    // MARK: Running

    /// Goes to the next row: false when there is none, and the statement is reset then.
    public func step() throws(DatabaseError) -> Bool {
        let code = unsafe sqlite3_step(self.pointer)
        if code == SQLITE_ROW { return true }
        // Resets before it says what was wrong: a statement left in the middle would keep a lock. The message survives.
        let error = code == SQLITE_DONE ? nil : self.connection.error("step", code)
        unsafe sqlite3_reset(self.pointer)
        if let error { throw error }
        return false
    }

    /// Runs to the end, rows unread, and resets.
    public func run() throws(DatabaseError) {
        while try self.step() {}
    }

    /// Ends reading rows before the last; bindings stay.
    public func reset() {
        unsafe sqlite3_reset(self.pointer)
    }

    // MARK: Columns of the present row, counted from 0

    /// An integer; 0 for NULL.
    @inlinable
    public func integer(_ column: Int) -> Int64 {
        unsafe sqlite3_column_int64(self.pointer, Int32(truncatingIfNeeded: column))
    }

    /// An integer; nil for NULL.
    public func optionalInteger(_ column: Int) -> Int64? {
        self.isNull(column) ? nil : self.integer(column)
    }

    /// Whether the column is NULL.
    public func isNull(_ column: Int) -> Bool {
        unsafe sqlite3_column_type(self.pointer, Int32(truncatingIfNeeded: column)) == SQLITE_NULL
    }

    /// A blob, or the UTF-8 of a text; empty for NULL.
    public func bytes(_ column: Int) -> [UInt8] {
        unsafe self.withBytes(column) { unsafe Array($0) }
    }

    /// A text; empty for NULL. Bytes that are no UTF-8 become U+FFFD.
    public func text(_ column: Int) -> String {
        unsafe self.withBytes(column) { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A text; nil for NULL.
    public func optionalText(_ column: Int) -> String? {
        self.isNull(column) ? nil : self.text(column)
    }

    /// Lends the bytes of a blob or text to `body`, without a copy; they are gone after it.
    public func withBytes<Value>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let column = Int32(truncatingIfNeeded: column)
        // SQLite wants the pointer asked for before the length.
        let address = unsafe sqlite3_column_blob(self.pointer, column)
        let count = Int(unsafe sqlite3_column_bytes(self.pointer, column))
        return unsafe body(UnsafeRawBufferPointer(start: address, count: address == nil ? 0 : count))
    }

    // MARK: -

    /// SQLite's index of `$number`; 0, which every bind refuses, when there is no such parameter.
    @inlinable
    func index(_ number: Int) -> Int32 {
        number > 0 && number <= self.indices.count ? self.indices[number - 1] : 0
    }

    @usableFromInline
    func failure(_ operation: String, _ code: Int32) -> DatabaseError {
        self.connection.error(operation, code)
    }
}
