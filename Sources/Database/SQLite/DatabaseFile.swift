import CSQLite
import Glibc

/// Examines a database file: names the place of the damage and touches nothing.
enum DatabaseFile {
    /// Files up to this size, in bytes, are read through when they are opened.
    static let fullCheckLimit: Int64 = 64 << 20
    private static let headerSize = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    /// Refuses what is no plain file, and makes a missing one (0640 as far as the umask allows: SQLite gives its companions, -wal and -shm, the
    /// same) when `creates`. Before SQLite opens it.
    static func prepare(_ path: String, creates: Bool) throws(DatabaseError) {
        var info = stat()
        guard unsafe stat(path, &info) != 0 else {
            guard info.st_mode & S_IFMT == S_IFREG else {
                throw DatabaseError(
                    path: path, operation: "open", code: SQLITE_CANTOPEN, message: "this is not a plain file",
                    fault: .file)
            }
            // SQLite takes a file of one byte for an empty one.
            guard info.st_size == 0 || info.st_size >= Self.headerSize else {
                throw Self.damaged(path, SQLITE_NOTADB, "the file ends inside its header", Int64(info.st_size))
            }
            return
        }
        guard errno == ENOENT, creates else { throw Self.systemFailure(path) }
        // O_EXCL: a file that somebody else made in between is never opened and closed here, see `examine`.
        let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard file >= 0 || errno == EEXIST else { throw Self.systemFailure(path) }
        if file >= 0 { close(file) }
    }

    /// Checks the header and the length of the open file before its first use. An empty file is fine: it is new.
    ///
    /// It reads through the connection's own descriptor: closing another one of the same file would drop every POSIX lock
    /// this process has on it, those of other connections too.
    static func examine(_ connection: SQLiteConnection) throws(DatabaseError) {
        let path = connection.path
        var size: Int64 = 0
        var code = unsafe sluice_sqlite_file_size(connection.pointer, &size)
        guard code == SQLITE_OK else { throw connection.error("open", code) }
        guard size > 0 else { return }
        guard size >= Self.headerSize else {
            throw Self.damaged(path, SQLITE_NOTADB, "the file ends inside its header", size)
        }
        var header = [UInt8](repeating: 0, count: Self.headerSize)
        code = unsafe sluice_sqlite_file_read(connection.pointer, &header, Int32(header.count), 0)
        guard code == SQLITE_OK else {
            throw DatabaseError(
                path: path, operation: "open", code: code, message: "the header cannot be read", offset: 0)
        }
        for (index, byte) in Self.magic.enumerated() where header[index] != byte {
            throw Self.damaged(path, SQLITE_NOTADB, "the header is not that of a SQLite database", Int64(index))
        }
        let raw = Int64(header[16]) << 8 | Int64(header[17])
        let pageSize = raw == 1 ? 65536 : raw
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else {
            throw Self.damaged(path, SQLITE_CORRUPT, "the page size in the header is \(pageSize)", 16)
        }
        // The header's page count only means something when both counters agree; and with a log beside the file, a
        // checkpoint may have been cut off that the next opening completes.
        let isCounted = header[24..<28].elementsEqual(header[92..<96])
        let pages = header[28..<32].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard isCounted, pages > 0, !Self.hasLog(path) else { return }
        if size < pages * pageSize {
            throw Self.damaged(
                path, SQLITE_CORRUPT,
                "the file is cut off: \(pages) pages of \(pageSize) bytes should be \(pages * pageSize) bytes", size)
        }
    }

    /// Reads through a file that is not too big for it, after it was opened.
    static func check(_ database: SQLiteDatabase) throws(DatabaseError) {
        let pageSize = try database.integer("PRAGMA page_size") ?? 0
        let pages = try database.integer("PRAGMA page_count") ?? 0
        guard pageSize * pages <= Self.fullCheckLimit else { return }
        let statement = try database.prepare("PRAGMA quick_check(1)")
        guard try statement.step() else { return }
        let verdict = statement.text(0)
        statement.reset()
        guard verdict != "ok" else { return }
        let offset = Self.page(in: verdict).map { ($0 - 1) * pageSize }
        let line = verdict.split(separator: "\n").last { !$0.hasPrefix("***") }.map { String($0) } ?? verdict
        throw Self.damaged(database.path, SQLITE_CORRUPT, line, offset)
    }

    /// The first page number that the integrity check speaks of, such as in `Tree 5 page 3 cell 0: …`.
    static func page(in verdict: String) -> Int64? {
        let words = verdict.split { !$0.isLetter && !$0.isNumber }
        for (word, next) in zip(words, words.dropFirst()) where word.lowercased() == "page" {
            if let number = Int64(next), number > 0 { return number }
        }
        return nil
    }

    private static func systemFailure(_ path: String) -> DatabaseError {
        let reason = unsafe String(cString: strerror(errno))
        return DatabaseError(path: path, operation: "open", code: SQLITE_CANTOPEN, message: reason)
    }

    private static func hasLog(_ path: String) -> Bool {
        var info = stat()
        return unsafe stat("\(path)-wal", &info) == 0 && info.st_size > 0
    }

    private static func damaged(_ path: String, _ code: Int32, _ what: String, _ offset: Int64?) -> DatabaseError {
        DatabaseError(
            path: path, operation: "open", code: code, message: "\(what); the file is left as it is", offset: offset,
            fault: .file)
    }
}
