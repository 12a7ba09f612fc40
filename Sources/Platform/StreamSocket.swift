import CLinux
import Glibc

/// One end of a connected byte stream, non-blocking. Owns the socket until `close`.
public final class StreamSocket {
    /// How one read or write went.
    public enum Outcome: Hashable, Sendable {
        /// That many bytes went through, at least one.
        case bytes(Int)
        /// Not now.
        case wouldBlock
        /// The peer has sent all it had to send.
        case ended
        /// The peer is gone, or the socket failed.
        case failed
    }

    /// The socket's number, for watching; -1 once closed.
    public private(set) var number: Int32

    public init(_ descriptor: consuming OwnedDescriptor) throws(SystemError) {
        guard sluice_set_nonblocking(descriptor.number) == 0 else { throw SystemError.last("fcntl(O_NONBLOCK)") }
        self.number = descriptor.release()
    }

    deinit {
        self.close()
    }

    public func close() {
        guard self.number >= 0 else { return }
        Glibc.close(self.number)
        self.number = -1
    }

    public func send(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        self.outcome(ofZero: .wouldBlock) { unsafe sluice_send(self.number, bytes.baseAddress, bytes.count) }
    }

    /// Sends two pieces in one call, the second behind the first.
    public func send(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Outcome {
        self.outcome(ofZero: .wouldBlock) {
            unsafe sluice_send_two(self.number, first.baseAddress, first.count, second.baseAddress, second.count)
        }
    }

    public func receive(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        self.outcome(ofZero: .ended) { unsafe sluice_receive(self.number, buffer.baseAddress, buffer.count) }
    }

    @inline(__always)
    private func outcome(ofZero zero: Outcome, _ call: () -> Int) -> Outcome {
        while true {
            let count = call()
            if count > 0 { return .bytes(count) }
            if count == 0 { return zero }
            if errno == EAGAIN { return .wouldBlock }
            guard errno == EINTR else { return .failed }
        }
    }
}
