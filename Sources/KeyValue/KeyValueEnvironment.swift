import CLMDB
import Glibc

/// The one owner of an environment of LMDB: one mapped file and its companion `-lock`.
///
/// A process must have each file open only once at a time: LMDB's locks are POSIX locks, which closing a second one would
/// drop. Lives on one thread.
// SAFETY: the pointer comes from mdb_env_create, is closed once, in deinit, and goes to no one who outlives this object.
@safe
final class KeyValueEnvironment {
    /// Processes that can read at the same time, and killed ones nobody has swept up yet.
    static let readerLimit: UInt32 = 1024

    let pointer: OpaquePointer
    let path: String

    /// Opens the file; `mapSize` is for a writer, a reader takes what the writer has set.
    init(path: String, mapSize: Int?) throws(KeyValueError) {
        var created: OpaquePointer?
        var code = unsafe mdb_env_create(&created)
        guard code == 0, let pointer = unsafe created else {
            throw KeyValueError(path: path, operation: "open", code: code)
        }
        unsafe self.pointer = pointer
        self.path = path
        try self.check("open", unsafe mdb_env_set_maxreaders(pointer, Self.readerLimit))
        if let mapSize { try self.check("open", unsafe mdb_env_set_mapsize(pointer, mapSize)) }
        let access = mapSize == nil ? MDB_RDONLY : 0
        code = unsafe mdb_env_open(pointer, path, UInt32(MDB_NOSUBDIR | MDB_NOTLS | access), 0o660)
        try self.check("open", code)
        if mapSize != nil { try self.closeToReaders() }
        try self.checkLength()
    }

    /// Readers of the file's group write into the lock file, and LMDB makes both with one mode: the table itself is for reading.
    private func closeToReaders() throws(KeyValueError) {
        var number: mdb_filehandle_t = -1
        try self.check("open", unsafe mdb_env_get_fd(self.pointer, &number))
        var info = stat()
        guard unsafe fstat(number, &info) == 0 else {
            throw KeyValueError(path: self.path, operation: "open", code: errno)
        }
        guard info.st_mode & 0o020 != 0 else { return }
        guard fchmod(number, info.st_mode & 0o7757) == 0 else {
            throw KeyValueError(path: self.path, operation: "open", code: errno)
        }
    }

    deinit {
        unsafe mdb_env_close(self.pointer)
    }

    /// Throws unless `code` is success.
    func check(_ operation: String, _ code: Int32) throws(KeyValueError) {
        guard code == 0 else { throw KeyValueError(path: self.path, operation: operation, code: code) }
    }

    /// Begins a transaction. Slots of killed readers are freed when there is no other.
    func begin(readOnly: Bool) throws(KeyValueError) -> OpaquePointer {
        var begun: OpaquePointer?
        let flags = readOnly ? UInt32(MDB_RDONLY) : 0
        var code = unsafe mdb_txn_begin(self.pointer, nil, flags, &begun)
        if code == MDB_READERS_FULL {
            try self.sweepReaders()
            code = unsafe mdb_txn_begin(self.pointer, nil, flags, &begun)
        }
        if code == MDB_MAP_RESIZED {
            try self.adoptMapSize()
            code = unsafe mdb_txn_begin(self.pointer, nil, flags, &begun)
        }
        guard code == 0, let transaction = unsafe begun else {
            throw KeyValueError(path: self.path, operation: "begin", code: code)
        }
        return unsafe transaction
    }

    /// Takes the size of the map from the file, where another process has enlarged it. No transaction may be open.
    func adoptMapSize() throws(KeyValueError) {
        try self.check("map", unsafe mdb_env_set_mapsize(self.pointer, 0))
    }

    /// Frees the slots of readers that were killed; how many there were.
    @discardableResult
    func sweepReaders() throws(KeyValueError) -> Int {
        var dead: Int32 = 0
        try self.check("sweep", unsafe mdb_reader_check(self.pointer, &dead))
        return Int(dead)
    }

    /// Bytes of address space the table can fill.
    var mapSize: Int {
        var info = unsafe MDB_envinfo()
        _ = unsafe mdb_env_info(self.pointer, &info)
        return unsafe info.me_mapsize
    }

    /// The number of the newest commit of any process.
    var lastTransaction: UInt64 {
        var info = unsafe MDB_envinfo()
        _ = unsafe mdb_env_info(self.pointer, &info)
        return unsafe UInt64(info.me_last_txnid)
    }

    /// Device and inode of the open file and its size.
    func identity() throws(KeyValueError) -> (FileIdentity, size: Int64) {
        var number: mdb_filehandle_t = -1
        try self.check("open", unsafe mdb_env_get_fd(self.pointer, &number))
        var info = stat()
        guard unsafe fstat(number, &info) == 0 else {
            throw KeyValueError(path: self.path, operation: "open", code: errno)
        }
        return (FileIdentity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino)), Int64(info.st_size))
    }

    /// A page in use behind the end of the file would end the process at its first touch (SIGBUS).
    private func checkLength() throws(KeyValueError) {
        var info = unsafe MDB_envinfo()
        var status = MDB_stat()
        try self.check("open", unsafe mdb_env_info(self.pointer, &info))
        try self.check("open", unsafe mdb_env_stat(self.pointer, &status))
        let size = try self.identity().size
        let (end, overflow) = unsafe (UInt64(info.me_last_pgno) &+ 1).multipliedReportingOverflow(
            by: UInt64(status.ms_psize))
        guard !overflow, end <= UInt64(max(size, 0)) else {
            throw .damaged(self.path, "the file is cut off: it should have \(end) bytes", offset: size)
        }
    }
}

/// Which file a name stands for.
struct FileIdentity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
}
