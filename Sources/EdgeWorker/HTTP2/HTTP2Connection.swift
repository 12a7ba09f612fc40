import Domain
import EventLog
import NIOCore
import NIOHTTP2

/// One client connection that speaks HTTP/2: its streams, and how it ends. NIO's handlers before it do the protocol; the
/// requests are served by the streams' `HTTPConnection`s.
///
/// Lives on the event loop, held by the pipeline and by `EdgeCore`'s list until the channel is inactive.
final class HTTP2Connection: ChannelInboundHandler, ClientConnection {
    typealias InboundIn = HTTP2Frame

    /// Nanoseconds for a client without requests to answer GOAWAY.
    private static let farewell: UInt64 = 2_000_000_000

    let core: EdgeCore
    let listener: OpenListener?
    private let gate: HTTP2Gate
    private let headerTimeout: UInt64
    private let idleTimeout: UInt64
    private var context: ChannelHandlerContext?
    var place = -1
    private var streams = ConnectionList()
    /// When the connection has had no request for too long.
    private var idleDeadline: UInt64
    /// When a connection that was told to go is cut, unless requests run on it.
    private var closeDeadline = UInt64.max
    private var isLeaving = false

    init(core: EdgeCore, gate: HTTP2Gate, listener: OpenListener?) {
        self.core = core
        self.listener = listener
        self.gate = gate
        let limits = core.settings.limits
        self.headerTimeout = limits.headerTimeout.multipliedReportingOverflow(by: 1_000_000).partialValue
        self.idleTimeout = limits.idleTimeout.multipliedReportingOverflow(by: 1_000_000).partialValue
        self.idleDeadline = core.now &+ self.headerTimeout
    }

    // MARK: Streams

    func add(_ stream: HTTPConnection) {
        self.streams.add(stream)
    }

    func remove(_ stream: HTTPConnection) {
        guard self.streams.remove(stream), self.streams.isEmpty else { return }
        self.idleDeadline = self.core.now &+ self.idleTimeout
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
        self.ended()
        context.fireChannelInactive()
    }

    private func ended() {
        guard self.context != nil else { return }
        self.context = nil
        // Streams that NIO has not told yet have nobody to answer any more either.
        self.core.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Frames of the connection itself; NIO has acted on them.
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Without the client's windows no reply could go on.
        if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What one stream did wrong ends that stream only.
        guard self.gate.hasFailed || !(error is any NIOHTTP2Error) else { return }
        self.core.log.debug(
            "HTTP/2 connection failed", ["error": .string(String("\(error)".prefix(200)))])
        context.close(promise: nil)
    }

    // MARK: ClientConnection

    func tick(now: UInt64) {
        for stream in self.streams.all { stream.tick(now: now) }
        if let began = self.gate.blockBegan, now &- began >= self.headerTimeout { return self.cut() }
        guard self.streams.isEmpty else { return }
        if now >= self.closeDeadline { return self.cut() }
        if now >= self.idleDeadline { self.leave() }
    }

    func drain() {
        self.leave()
    }

    func endDraining() {
        self.leave()
        for stream in self.streams.all { stream.endDraining() }
    }

    func giveUp() {
        for stream in self.streams.all { stream.giveUp() }
    }

    /// Says GOAWAY; the connection closes when its streams have ended.
    private func leave() {
        guard !self.isLeaving, let context = self.context else { return }
        self.isLeaving = true
        self.closeDeadline = self.core.now &+ HTTP2Connection.farewell
        context.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    private func cut() {
        self.context?.close(promise: nil)
    }
}
