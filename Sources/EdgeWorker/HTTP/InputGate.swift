import NIOCore

/// Stands before the HTTP decoder and watches the raw bytes for what the decoder cannot say: that a request line grows beyond
/// its limit, whether what it could not read looked like HTTP at all, and whether some of the next head came behind the end of
/// a message. Passes everything on as it is, until it is shut.
///
/// Lives on the connection's event loop. It follows the heads by itself, line by line; where bodies begin and end it is told by
/// the handler behind the decoder, during the read that brought them.
final class InputGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Int
    private var isShut = false
    /// The read that is being handled, and how much of it belongs to what has been followed; nil where that was lost in the
    /// framing of a chunked body.
    private var reading = ByteBuffer()
    private var position: Int? = 0

    private var isInHead = true
    private var isChunked = false
    /// Bytes of the current request line so far.
    private var seen = 0
    private var isInRequestLine = true
    /// Bytes of the current line of the head so far, without CR.
    private var lineLength = 0
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

    /// Drops all that comes from now on.
    func shut() {
        self.isShut = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isShut else { return }
        self.reading = self.unwrapInboundIn(data)
        self.position = 0
        if self.isInHead { self.followHead() }
        context.fireChannelRead(data)
        // A message has ended in this read: what is left of it begins the next one.
        if self.isInHead { self.followHead() }
        self.reading = ByteBuffer()
    }

    // MARK: What the decoder has found

    /// A head is whole.
    func headCame(isChunked: Bool) {
        // It followed another message in the same read.
        if self.isInHead { self.followHead() }
        self.isInHead = false
        self.isChunked = isChunked
        if isChunked { self.position = nil }
    }

    func bodyCame(_ count: Int) {
        guard let position = self.position else { return }
        self.position = position + count
    }

    /// The message has ended: the next bytes begin another request.
    func messageEnded() {
        if self.isChunked { self.position = self.endOfLastBlankLine() }
        self.isChunked = false
        self.isInHead = true
        self.isInRequestLine = true
        self.seen = 0
        self.lineLength = 0
        self.first = 0
    }

    // MARK: Following

    /// Goes on behind `position` to the end of the head or of what was read.
    private func followHead() {
        guard let position = self.position else { return }
        let view = self.reading.readableBytesView
        var index = view.startIndex + min(position, view.count)
        while index < view.endIndex {
            let end = view[index...].firstIndex(of: 0x0A)
            self.followLine(view[index..<(end ?? view.endIndex)], isWhole: end != nil)
            index = end.map { $0 + 1 } ?? view.endIndex
            if end != nil {
                // Blank lines before a request are allowed; the one after its headers ends the head.
                let isEnd = self.lineLength == 0 && !self.isInRequestLine
                if self.lineLength > 0 { self.isInRequestLine = false }
                self.lineLength = 0
                if isEnd {
                    self.isInHead = false
                    break
                }
            }
        }
        self.position = index - view.startIndex
    }

    private func followLine(_ piece: ByteBufferView, isWhole: Bool) {
        var length = piece.count
        if piece.last == 0x0D { length -= 1 }
        self.lineLength += length
        guard self.isInRequestLine, self.lineLength > 0 else { return }
        if self.first == 0 { self.first = piece.first ?? 0 }
        // Beyond the limit the decoder runs into its own, and the reply says which one it was.
        if !self.isTooLong { self.seen += piece.count + (isWhole ? 1 : 0) }
    }

    /// A chunked body ends with a blank line, and what comes behind it has none as long as it is no whole head.
    private func endOfLastBlankLine() -> Int? {
        let view = self.reading.readableBytesView
        var end = view.endIndex
        while let feed = view[..<end].lastIndex(of: 0x0A) {
            var before = feed
            if before > view.startIndex, view[before - 1] == 0x0D { before -= 1 }
            // At the start of the read the line's own beginning came in the read before.
            if before == view.startIndex || view[before - 1] == 0x0A { return feed + 1 - view.startIndex }
            end = feed
        }
        return nil
    }
}
