import CLinux

/// Two connected Unix sockets, close-on-exec and non-blocking.
public struct SocketPair: ~Copyable {
    public var first: OwnedDescriptor
    public var second: OwnedDescriptor

    public enum Kind: Sendable {
        /// A byte stream (data links).
        case stream
        /// Packets with kept boundaries that may carry descriptors (control sockets).
        case packets
    }

    public init(_ kind: Kind) throws(SystemError) {
        var numbers: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutableBytes(of: &numbers) {
            unsafe sluice_socketpair(kind == .packets ? 1 : 0, $0.bindMemory(to: Int32.self).baseAddress)
        }
        guard result == 0 else { throw SystemError.last("socketpair") }
        self.first = OwnedDescriptor(adopting: numbers.0)
        self.second = OwnedDescriptor(adopting: numbers.1)
    }

    /// Gives up both ends: the caller closes them.
    public consuming func release() -> (first: Int32, second: Int32) {
        (self.first.release(), self.second.release())
    }
}
