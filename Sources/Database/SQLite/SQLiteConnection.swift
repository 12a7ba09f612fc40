import CSQLite

/// The one owner of a connection of SQLite. Statements and the database share it, so that it closes after the last.
///
/// Lives on one thread.
// SAFETY: the pointer comes from sqlite3_open_v2, is closed once, in deinit, and goes to no one who outlives this object.
@safe
final class SQLiteConnection {
    let pointer: OpaquePointer
    let path: String

    /// What the library is told once, before its first use.
    private static let configured = sluice_sqlite_configure()

    init(path: String, access: SQLiteOptions.Access) throws(DatabaseError) {
        // A refusal means that somebody has used the library before; it works all the same.
        _ = Self.configured
        try DatabaseFile.prepare(path, creates: access == .readWrite)
        let access = access == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let pointer = unsafe opened else {
            let message = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            unsafe sqlite3_close_v2(opened)
            throw DatabaseError(path: path, operation: "open", code: code, message: message)
        }
        unsafe self.pointer = pointer
        self.path = path
    }

    deinit {
        unsafe sqlite3_close_v2(self.pointer)
    }

    /// The error of the call that has just failed with `code`.
    func error(_ operation: String, _ code: Int32) -> DatabaseError {
        let message = unsafe String(cString: sqlite3_errmsg(self.pointer))
        return DatabaseError(path: self.path, operation: operation, code: code, message: message)
    }
}
