import EventLog
import Glibc
import Platform

/// Where the whole tree logs to: the standard error that the gateway was started with, or a file.
///
/// The log is descriptor 2, here and in every child, which inherits it. What the gateway was started with is kept: for what
/// people are to see even if there is a file, and for going back.
final class LogOutput {
    private static let mode: mode_t = 0o640

    /// What everybody writes to.
    let number: Int32
    private let original: OwnedDescriptor
    /// Nil: the original.
    private(set) var path: String?

    /// `number` is replaced from now on; it stays the caller's.
    init(number: Int32 = 2) throws(SystemError) {
        guard let original = OwnedDescriptor.duplicate(of: number) else { throw SystemError.last("dup") }
        self.number = number
        self.original = original
    }

    /// Takes over what another program of this process has kept.
    init(adopting original: Int32, path: String?) {
        self.number = 2
        self.original = OwnedDescriptor(adopting: original)
        self.path = path
    }

    /// What the gateway was started with, for the program that replaces this one.
    var originalNumber: Int32 { self.original.number }

    /// A line for people, whatever the log is.
    func say(_ line: String) {
        StandardErrorSink(descriptor: self.original.number).writePlain(line)
    }

    /// Opens the file at `path`, or the original for nil, without using it yet.
    func open(_ path: String?) throws(StartFailure) -> OwnedDescriptor {
        guard let path else {
            guard let copy = OwnedDescriptor.duplicate(of: self.original.number) else {
                throw StartFailure("cannot reopen standard error: \(SystemError.last("dup").reason)")
            }
            return copy
        }
        // Not to wait for whoever reads from a pipe.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let file = OwnedDescriptor(adopting: unsafe Glibc.open(path, flags, Self.mode))
        guard file.number >= 0 else {
            throw StartFailure("cannot open the log \(path): \(SystemError.last("open").reason)")
        }
        return file
    }

    /// From now on the log is what `descriptor`, which stays the caller's, stands for.
    func use(_ descriptor: Int32, path: String?) throws(StartFailure) {
        do throws(SystemError) {
            try StandardError.replace(with: descriptor, number: self.number)
        } catch {
            throw StartFailure("cannot use the log: \(error.reason)")
        }
        self.path = path
    }
}
