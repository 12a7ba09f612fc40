import CLinux
import Glibc

/// One end of a packet socket whose messages may carry descriptors: the supervisor's line to a child, from either side.
///
/// Owns the socket. Sends never block; `receive` blocks only when asked to.
public final class PacketSocket {
    /// What arrived.
    public enum Received: Sendable {
        /// One packet. The caller owns the descriptors and must close them.
        case packet(bytes: [UInt8], descriptors: [Int32])
        /// Nothing is waiting.
        case empty
        /// The peer has gone.
        case ended
        /// The packet was larger than `maximumPacket` or had too many descriptors: the peer breaks the protocol.
        case oversized
    }

    /// Bytes of the largest packet.
    public static let maximumPacket = 64 * 1024

    private let descriptor: OwnedDescriptor
    private var buffer = [UInt8](repeating: 0, count: PacketSocket.maximumPacket)

    public init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// The socket's number, for watching.
    public var number: Int32 { self.descriptor.number }

    /// Sends one packet. `descriptors` stay the caller's (the kernel duplicates them). Throws EAGAIN when the peer does
    /// not read, EPIPE when it is gone.
    public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemError) {
        try self.sender.send(bytes, descriptors: descriptors)
    }

    /// For sending from another place than the receiver's; valid while this socket lives.
    public var sender: PacketSender { PacketSender(number: self.number) }

    /// The next packet. With `wait` (for a socket in blocking mode) it sleeps until there is one.
    public func receive(wait: Bool = false) throws(SystemError) -> Received {
        var numbers = [Int32](repeating: -1, count: Int(SLUICE_MAX_FDS))
        var count: Int32 = 0
        var truncated: Int32 = 0
        let length = unsafe self.buffer.withUnsafeMutableBytes { packet in
            unsafe numbers.withUnsafeMutableBufferPointer { list in
                unsafe sluice_receive_fds(
                    self.number, packet.baseAddress, packet.count, list.baseAddress, &count, &truncated, wait ? 1 : 0)
            }
        }
        if length < 0 {
            switch errno {
            case EAGAIN, EINTR: return .empty
            case ECONNRESET: return .ended
            default: throw SystemError.last("recvmsg")
            }
        }
        if truncated != 0 { return .oversized }
        if length == 0 && count == 0 { return .ended }
        return .packet(bytes: Array(self.buffer[0..<length]), descriptors: Array(numbers[0..<Int(count)]))
    }

    /// Puts the socket into blocking mode, for a thread that does nothing else but wait on it.
    public func makeBlocking() {
        let flags = fcntl(self.number, F_GETFL)
        _ = fcntl(self.number, F_SETFL, flags & ~O_NONBLOCK)
    }
}
