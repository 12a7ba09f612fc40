import Glibc

/// Descriptor 2, which everything that goes wrong is written to.
public enum StandardError {
    /// Puts what `descriptor` stands for in its place. `descriptor` stays the caller's.
    public static func replace(with descriptor: Int32, number: Int32 = 2) throws(SystemError) {
        while dup2(descriptor, number) < 0 {
            guard errno == EINTR || errno == EBUSY else { throw SystemError.last("dup2") }
        }
    }
}
