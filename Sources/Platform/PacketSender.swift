import CLinux
import Glibc

/// Sends packets on a socket that somebody else owns and keeps open: the supervisor line of a worker whose receiving side
/// sleeps on another thread.
public struct PacketSender: Sendable {
    /// The socket's number.
    public let number: Int32

    /// The socket must stay open as long as this value is used.
    public init(number: Int32) {
        self.number = number
    }

    /// Sends one packet. `descriptors` stay the caller's (the kernel duplicates them). Throws EAGAIN when the peer does
    /// not read, EPIPE when it is gone.
    public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemError) {
        while true {
            let sent = unsafe bytes.withUnsafeBytes { packet in
                unsafe descriptors.withUnsafeBufferPointer { numbers in
                    unsafe sluice_send_fds(
                        self.number, packet.baseAddress, packet.count, numbers.baseAddress, Int32(numbers.count))
                }
            }
            if sent >= 0 { return }
            guard errno == EINTR else { throw SystemError.last("sendmsg") }
        }
    }
}
