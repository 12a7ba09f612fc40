import NIOCore

/// Stands before the HTTP decoder and watches the raw bytes for the two things the decoder cannot say: that a request line
/// grows beyond its limit, and whether what it could not read looked like HTTP at all. Passes everything on as it is, until
/// it is shut.
///
/// Lives on the connection's event loop.
final class InputGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Int
    private var seen = 0
    private var isCounting = true
    private var isShut = false
    /// The first byte of the current request line, 0 before there is one.
    private var first: UInt8 = 0

    /// `limit` in bytes, the line's end included.
    init(limit: Int) {
        self.limit = limit
    }

    /// Some of a request line has come.
    var hasBegun: Bool { self.seen > 0 }

    /// The request line was longer than the limit.
    var isTooLong: Bool { self.seen > self.limit }

    /// The request line began as a method does.
    var looksLikeHTTP: Bool { self.first | 0x20 &- 0x61 < 26 }

    /// The next bytes begin another request.
    func expectRequestLine() {
        self.isCounting = true
        self.seen = 0
        self.first = 0
    }

    /// Drops all that comes from now on.
    func shut() {
        self.isShut = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isShut else { return }
        if self.isCounting { self.count(self.unwrapInboundIn(data)) }
        context.fireChannelRead(data)
    }

    private func count(_ buffer: ByteBuffer) {
        let view = buffer.readableBytesView
        // Blank lines before a request are allowed.
        guard let start = view.firstIndex(where: { self.seen > 0 || ($0 != 0x0D && $0 != 0x0A) }) else { return }
        if self.first == 0 { self.first = view[start] }
        if let end = view[start...].firstIndex(of: 0x0A) {
            self.seen += end - start + 1
            self.isCounting = false
        } else {
            self.seen += view.endIndex - start
        }
        // Beyond the limit the decoder runs into its own, and the reply says which one it was.
        if self.isTooLong { self.isCounting = false }
    }
}
