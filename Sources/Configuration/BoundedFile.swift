import Glibc

/// Reads whole files of limited size.
public enum BoundedFile {
    /// Why a file could not be read, in words that fit after its name.
    public struct Failure: Error, Hashable, Sendable {
        /// Such as `No such file or directory`.
        public let reason: String
        /// The file may be there, but not for this process.
        public static let forbidden = Failure(reason: unsafe String(cString: strerror(EACCES)))

        public init(reason: String) {
            self.reason = reason
        }
    }

    /// A function with the behaviour of ``read(path:limit:)``; tests pass one that touches no disk.
    public typealias Reader = (_ path: String, _ limit: Int) throws(Failure) -> [UInt8]

    /// The bytes of the file at `path`; fails when it cannot be read or holds more than `limit` bytes.
    public static func read(path: String, limit: Int) throws(Failure) -> [UInt8] {
        try self.read(path: path, limit: limit, mayWait: true)
    }

    /// The same for files only: a pipe or a terminal, which could be waited for without end, is refused.
    public static func readNow(path: String, limit: Int) throws(Failure) -> [UInt8] {
        try self.read(path: path, limit: limit, mayWait: false)
    }

    private static func read(path: String, limit: Int, mayWait: Bool) throws(Failure) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw Failure(reason: "a path cannot hold a NUL") }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | (mayWait ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw Failure(reason: unsafe String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var info = stat()
        guard
            mayWait
                || (unsafe fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT != S_IFIFO
                    && info.st_mode & S_IFMT != S_IFCHR)
        else { throw Failure(reason: "it is not a file") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(reason: unsafe String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            guard count <= limit - bytes.count else { throw Failure(reason: "it is larger than \(limit) bytes") }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
