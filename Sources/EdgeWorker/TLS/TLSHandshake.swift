import Domain
import EventLog
import NIOCore
import NIOSSL
import NIOTLS

/// A connection until TLS stands on it: then it becomes one that speaks HTTP/2 or HTTP/1.1, as was negotiated.
///
/// Lives on the event loop, held by the pipeline and by `EdgeCore`'s list. A handshake that fails, or takes longer than the
/// head of a request may, costs a line for debugging and a count.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler, ClientConnection {
    typealias InboundIn = ByteBuffer

    private let core: EdgeCore
    private let listener: OpenListener?
    private var deadline: UInt64
    private var context: ChannelHandlerContext?
    /// How it ended is counted.
    private var isCounted = false
    var place = -1

    private init(core: EdgeCore, listener: OpenListener?) {
        self.core = core
        self.listener = listener
        let timeout = core.settings.limits.headerTimeout.multipliedReportingOverflow(by: 1_000_000).partialValue
        self.deadline = core.now &+ timeout
    }

    /// Makes a channel begin with TLS.
    static func install(
        in channel: any Channel, tls: TLSContext, core: EdgeCore, listener: OpenListener? = nil
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(tls.makeHandler())
        try pipeline.addHandler(TLSHandshake(core: core, listener: listener))
    }

    // MARK: Handler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.core.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.ended()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.failed(.failed, "closed")
        self.ended()
        context.fireChannelInactive()
    }

    private func ended() {
        guard self.context != nil else { return }
        self.context = nil
        self.core.remove(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.handshakeCompleted(let negotiated)) = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        self.count(.completed)
        do {
            if negotiated == TLSContext.protocols[0] {
                try HTTP2Connection.install(in: context.channel, core: self.core, listener: self.listener)
            } else {
                try HTTPConnection.install(
                    in: context.pipeline.syncOperations, core: self.core, isSecure: true, listener: self.listener)
            }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.failed(.failed, String("\(error)".prefix(200)))
        context.close(promise: nil)
    }

    private func failed(_ result: TLSMetrics.Result, _ reason: String) {
        guard self.count(result) else { return }
        self.core.log.debug("TLS handshake failed", ["error": .string(reason)])
    }

    /// False: it was counted before.
    @discardableResult
    private func count(_ result: TLSMetrics.Result) -> Bool {
        guard !self.isCounted else { return false }
        self.isCounted = true
        self.core.metrics.tls.count(result)
        return true
    }

    // MARK: ClientConnection

    func tick(now: UInt64) {
        guard now >= self.deadline else { return }
        self.failed(.timedOut, "timed out")
        self.cut()
    }

    /// The client's first request may be right behind.
    func drain() {
        self.deadline = min(self.deadline, self.core.now &+ ConnectionMachine.lastCall.new)
    }

    func endDraining() { self.cut() }
    func giveUp() {}

    /// At once: there is nothing yet that could end properly.
    private func cut() {
        guard let context = self.context else { return }
        if let secure = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            return secure.close(promise: nil)
        }
        context.close(promise: nil)
    }
}
