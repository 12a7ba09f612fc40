import IPCNIO
import NIOCore

/// Stands between the socket (or TLS) and NIO's HTTP/2: gathers what all streams flush in a turn of the event loop into one
/// flush, and sees what NIO does not tell: that a block of headers does not come to its end, and that NIO has given the
/// connection up.
///
/// Lives on the event loop. Passes everything on as it is.
final class HTTP2Gate: ChannelDuplexHandler, TurnFlushing {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private static let dataType: UInt8 = 0
    private static let goAwayType: UInt8 = 7

    private let flusher: TurnFlusher
    private let now: () -> UInt64
    private var context: ChannelHandlerContext?
    private var isFlushScheduled = false
    private var follower = FrameFollower()
    /// What is written next is the payload of a DATA frame.
    private var payloadFollows = false
    /// GOAWAY with an error went out: nothing that comes is understood any more.
    private(set) var hasFailed = false
    /// Nanoseconds of the event loop's clock at which the present block of headers began.
    private(set) var blockBegan: UInt64?

    init(flusher: TurnFlusher, now: @escaping () -> UInt64) {
        self.flusher = flusher
        self.now = now
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Once a connection has failed, NIO would only find more errors.
        guard !self.hasFailed else { return }
        unsafe self.unwrapInboundIn(data).withUnsafeReadableBytes { unsafe self.follower.follow($0) }
        if !self.follower.isInBlock {
            self.blockBegan = nil
        } else if self.blockBegan == nil {
            self.blockBegan = self.now()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .byteBuffer(let bytes) = self.unwrapOutboundIn(data) { self.look(bytes) }
        context.write(data, promise: promise)
    }

    /// NIO writes a frame with one write, but the payload of DATA with one of its own.
    private func look(_ bytes: ByteBuffer) {
        guard !self.payloadFollows else {
            self.payloadFollows = false
            return
        }
        let start = bytes.readerIndex
        guard let type = bytes.getInteger(at: start + 3, as: UInt8.self) else { return }
        if type == HTTP2Gate.dataType {
            self.payloadFollows = bytes.readableBytes == 9
        } else if type == HTTP2Gate.goAwayType, let code = bytes.getInteger(at: start + 13, as: UInt32.self), code != 0
        {
            self.hasFailed = true
        }
    }

    func flush(context: ChannelHandlerContext) {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.flusher.add(self)
    }

    func flushTurn() {
        self.isFlushScheduled = false
        self.context?.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.flush()
        context.close(mode: mode, promise: promise)
    }
}
