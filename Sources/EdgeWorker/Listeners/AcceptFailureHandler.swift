import Glibc
import NIOCore

/// Notices on a listener that the process or the machine can take no further connection for now.
///
/// The waiting connection keeps the listener readable and NIO keeps reading it, so without a pause the event loop would do nothing
/// else. Lives on the event loop.
final class AcceptFailureHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// What passes when others let go of something (accept(2)).
    static let passing: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    private let onExhausted: () -> Void

    /// `onExhausted` is called each time, and has to stop the reading.
    init(onExhausted: @escaping () -> Void) {
        self.onExhausted = onExhausted
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, AcceptFailureHandler.passing.contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        self.onExhausted()
    }
}
