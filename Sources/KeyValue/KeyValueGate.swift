import CLMDB
import Glibc
import Platform

/// The lock that keeps processes apart while they hold one of LMDB's own locks.
///
/// A waiter of LMDB's process-shared mutex may sleep for ever when the holder is killed (seen with several writers). With
/// this lock, which the kernel frees with its holder, nobody ever waits for the mutex. It is held for each write transaction
/// and while a reader registers.
struct KeyValueGate: ~Copyable {
    /// Milliseconds to wait for the lock; who holds it only works on a table, or has been stopped by somebody.
    static let patience: UInt64 = 5000

    private let file: OwnedDescriptor
    private let path: String

    /// The lock file of the table at `path`; made where it is missing.
    init(path: String) throws(KeyValueError) {
        let number = unsafe open("\(path)-gate", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o660)
        guard number >= 0 else { throw KeyValueError(path: "\(path)-gate", operation: "open", code: errno) }
        self.file = OwnedDescriptor(adopting: number)
        self.path = path
    }

    /// Runs `body` alone.
    borrowing func pass<Value>(
        _ body: () throws(KeyValueError) -> Value
    ) throws(KeyValueError) -> Value {
        let deadline = Clocks.monotonicNanoseconds() &+ Self.patience &* 1_000_000
        while sluice_flock_exclusive(self.file.number) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR, Clocks.monotonicNanoseconds() < deadline else {
                throw KeyValueError(
                    path: "\(self.path)-gate", operation: "lock", code: code == EINTR ? EWOULDBLOCK : code,
                    message: code == EWOULDBLOCK ? "another process has held the lock for too long" : nil)
            }
            usleep(500)
        }
        defer { _ = sluice_flock_release(self.file.number) }
        return try body()
    }
}
