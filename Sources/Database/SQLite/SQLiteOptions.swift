/// How a database is opened.
public struct SQLiteOptions: Hashable, Sendable {
    /// What the connection may do.
    public enum Access: Hashable, Sendable {
        /// Reads and writes; the file is made (mode 0600) where it is missing.
        case readWrite
        /// Reads only; the file must exist.
        case readOnly
    }

    public var access: Access
    /// Milliseconds a call waits for another connection's lock before it fails with SQLITE_BUSY.
    public var busyTimeout: Int32
    /// The number in the file's header that says whose database it is; checked on opening, set in a new file.
    public var applicationID: Int32
    /// Whether deleted content is overwritten with zeros.
    public var erasesDeleted: Bool
    /// Memory for pages, in KiB.
    public var cacheKiB: Int32
    /// Bytes of a page in a new file: a power of two from 512. Files keep the size they were made with.
    public var pageSize: Int32

    public init(
        access: Access = .readWrite, busyTimeout: Int32 = 5000, applicationID: Int32, erasesDeleted: Bool = false,
        cacheKiB: Int32 = 2048, pageSize: Int32 = 4096
    ) {
        self.access = access
        self.busyTimeout = busyTimeout
        self.applicationID = applicationID
        self.erasesDeleted = erasesDeleted
        self.cacheKiB = cacheKiB
        self.pageSize = pageSize
    }
}
