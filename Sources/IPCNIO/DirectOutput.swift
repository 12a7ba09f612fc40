internal import Glibc
public import NIOCore

/// The short way out of a channel: output is sent on its socket at once, and only what the socket does not take goes through
/// the channel's queue of writes, which costs more than the system call itself for something small.
///
/// Lives on the channel's event loop, with the handler that makes all of the channel's output. That handler says so when it
/// writes to the channel (`wroteToChannel`), and calls nothing here once it was told that the channel is inactive: NIO tells it
/// in the same breath in which it closes the socket, so that the number kept here never means another socket.
public struct DirectOutput {
    private enum Socket {
        case unknown
        case none
        case number(Int32)
    }

    private static let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

    private var socket = Socket.unknown
    /// The channel was given output, and may not have written all of it.
    private var channelMayHold = false

    /// `isAllowed`: what is sent is what the socket is to carry. With something between the two, TLS say, it is not, and
    /// nothing is ever sent from here.
    public init(isAllowed: Bool = true) {
        if !isAllowed { self.socket = .none }
    }

    /// The channel was given something to write; what follows goes behind it.
    @inline(__always)
    public mutating func wroteToChannel() {
        self.channelMayHold = true
    }

    /// Sends what the socket takes of `buffer`; true when that was all. Takes nothing while the channel has output of its own,
    /// when it has no socket, and when the socket failed, which the channel finds out for itself at its next write.
    public mutating func send(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        guard let number = self.number(context), !self.isHeld(context) else { return false }
        let wanted = buffer.readableBytes
        var sent: Int
        repeat {
            sent = unsafe buffer.withUnsafeReadableBytes {
                unsafe Glibc.send(number, $0.baseAddress, $0.count, DirectOutput.flags)
            }
        } while sent < 0 && errno == EINTR
        guard sent > 0 else { return false }
        buffer.moveReaderIndex(forwardBy: min(sent, wanted))
        return sent == wanted
    }

    private mutating func number(_ context: ChannelHandlerContext) -> Int32? {
        switch self.socket {
        case .number(let number): return number
        case .none: return nil
        case .unknown:
            guard context.channel.isActive else { return nil }
            let pipeline = context.pipeline.syncOperations
            let found = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
            self.socket = found.map { .number($0) } ?? .none
            return found
        }
    }

    private mutating func isHeld(_ context: ChannelHandlerContext) -> Bool {
        guard self.channelMayHold else { return false }
        // A channel that cannot say is taken to have some.
        let held = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 1
        self.channelMayHold = held > 0
        return self.channelMayHold
    }
}
