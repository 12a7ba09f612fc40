import Glibc

/// A system call that failed: what was tried and the kernel's errno.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done, such as `bind`.
    public let operation: String
    /// The errno value.
    public let code: Int32

    public init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// The error of the call that has just failed on this thread.
    public static func last(_ operation: String) -> SystemError {
        SystemError(operation: operation, code: errno)
    }

    /// Whether the call would have had to wait.
    public var isWouldBlock: Bool { self.code == EAGAIN }

    /// The kernel's own words, such as `Address already in use`.
    public var reason: String { unsafe String(cString: strerror(self.code)) }

    public var description: String { "\(self.operation): \(self.reason)" }
}
