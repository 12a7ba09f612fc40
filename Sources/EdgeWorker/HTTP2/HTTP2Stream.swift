import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// Stands before the `HTTPConnection` of one HTTP/2 stream: makes the parts of a request of its frames, and frames of the
/// bytes of a reply.
///
/// Lives on the event loop, held by the stream's channel and by the `HTTPConnection`. A stream that is closed before its reply
/// has ended is reset, so that nobody takes what went out for all of it.
final class HTTP2Stream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Bytes of a DATA frame. Progress of a slow client is seen frame by frame.
    private static let frameSize = 8 << 10

    let connection: HTTP2Connection
    private let maximumFields: Int
    private var context: ChannelHandlerContext?
    private var hasRequest = false
    /// The client has sent all.
    private var isRequestWhole = false
    /// The head of the reply, until something is written or flushed.
    private var head: HPACKHeaders?
    private var hasHead = false
    private var willEnd = false
    private var hasEnded = false
    private var isReset = false
    /// Bytes of the reply's body that were given to NIO and are not in the socket yet.
    private(set) var waiting = 0

    init(connection: HTTP2Connection, maximumFields: Int) {
        self.connection = connection
        self.maximumFields = maximumFields
    }

    // MARK: For the connection

    /// The reply begins; `head` in the form of HTTP/1.1.
    func begin(_ head: ByteBuffer) {
        self.head = HPACKHeaders(replyHead: head)
    }

    /// The client may send its body. Goes out with the next flush.
    func sayContinue() {
        self.context?.write(
            self.wrapOutboundOut(.headers(.init(headers: [":status": "100"]))), promise: nil)
    }

    /// The next write is the last one, and the reply is whole with it.
    func endsWithNextWrite() {
        self.willEnd = true
    }

    /// Puts right what only HTTP/2 knows of a request: its end is told by a frame, and no other one follows it.
    func complete(_ head: RequestHead) {
        head.keepsAlive = false
        if head.body == .none, !self.isRequestWhole, !head.hasLength { head.body = .chunked }
    }

    // MARK: Handler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .headers(let frame): self.received(frame, context)
        case .data(let frame):
            self.isRequestWhole = frame.endStream
            if case .byteBuffer(let piece) = frame.data, piece.readableBytes > 0 {
                context.fireChannelRead(self.wrapInboundOut(.body(piece)))
            }
            if frame.endStream { context.fireChannelRead(self.wrapInboundOut(.end(nil))) }
        default: break
        }
    }

    private func received(_ frame: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
        self.isRequestWhole = frame.endStream
        if !self.hasRequest {
            self.hasRequest = true
            let head = HTTPRequestHead(http2: frame.headers)
            guard head.headers.count <= self.maximumFields else {
                return context.fireErrorCaught(HTTPParserError.headerOverflow)
            }
            context.fireChannelRead(self.wrapInboundOut(.head(head)))
        }
        // Trailers mean nothing here.
        if frame.endStream { context.fireChannelRead(self.wrapInboundOut(.end(nil))) }
    }

    // MARK: The reply

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var rest = self.unwrapOutboundIn(data)
        if self.willEnd, rest.readableBytes == 0, self.head != nil {
            self.hasEnded = true
            return self.writeHead(context, isAll: true, promise)
        }
        self.writeHead(context, isAll: false, nil)
        guard self.hasHead, !self.hasEnded, rest.readableBytes > 0 || self.willEnd else {
            promise?.succeed(())
            return
        }
        while rest.readableBytes > HTTP2Stream.frameSize, let piece = rest.readSlice(length: HTTP2Stream.frameSize) {
            self.write(piece, context, isLast: false, nil)
        }
        self.hasEnded = self.willEnd
        self.write(rest, context, isLast: self.willEnd, promise)
    }

    private func writeHead(_ context: ChannelHandlerContext, isAll: Bool, _ promise: EventLoopPromise<Void>?) {
        guard let head = self.head else { return }
        self.head = nil
        self.hasHead = true
        context.write(self.wrapOutboundOut(.headers(.init(headers: head, endStream: isAll))), promise: promise)
    }

    private func write(
        _ piece: ByteBuffer, _ context: ChannelHandlerContext, isLast: Bool, _ promise: EventLoopPromise<Void>?
    ) {
        let count = piece.readableBytes
        let frame = HTTP2Frame.FramePayload.Data(data: .byteBuffer(piece), endStream: isLast)
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        self.waiting += count
        written.futureResult.assumeIsolated().whenComplete { _ in self.waiting -= count }
        context.write(self.wrapOutboundOut(.data(frame)), promise: written)
    }

    func flush(context: ChannelHandlerContext) {
        self.writeHead(context, isAll: false, nil)
        context.flush()
    }

    /// `.output` means nothing: what ends the reply is its last frame, and the stream goes when the client has ended too.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else {
            promise?.succeed(())
            return
        }
        if !self.isReset {
            self.isReset = true
            // After a whole reply it only says that the rest of the request is not wanted.
            let code: HTTP2ErrorCode = self.hasEnded ? .noError : .internalError
            context.writeAndFlush(self.wrapOutboundOut(.rstStream(code)), promise: nil)
        }
        context.close(promise: promise)
    }
}
