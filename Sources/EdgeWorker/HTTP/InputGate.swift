import Glibc
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

    /// Drops all that comes from now on, and overwrites it. `wiping`: also the read that is being handled, which nobody else has a part of.
    func shut(wiping: Bool) {
        self.isShut = true
        if wiping { self.reading.wipeReadableBytes() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isShut else { return self.unwrapInboundIn(data).wipeReadableBytes() }
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

    /// `piece`, which has just come, as a part of the read it came in, with the room that is left behind it there: a parser
    /// that may look beyond the end need not copy it first. `piece` itself where it does not lie in that read.
    func inPlace(_ piece: ByteBuffer) -> ByteBuffer {
        let count = piece.readableBytes
        guard let position = self.position, position >= count, position <= self.reading.readableBytes else {
            return piece
        }
        var part = self.reading
        part.moveReaderIndex(forwardBy: position - count)
        part.moveWriterIndex(to: part.readerIndex + count)
        // Only the very same memory will do: the decoder may have put several reads together.
        let isSame = unsafe part.withUnsafeReadableBytes { here in
            unsafe piece.withUnsafeReadableBytes { unsafe $0.baseAddress == here.baseAddress }
        }
        return isSame ? part : piece
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
        self.position = unsafe self.reading.withUnsafeReadableBytes { unsafe self.followHead($0, from: position) }
    }

    private func followHead(_ bytes: UnsafeRawBufferPointer, from position: Int) -> Int {
        guard let base = bytes.baseAddress else { return position }
        var start = position
        while start < bytes.count {
            let feed = unsafe memchr(base + start, 0x0A, bytes.count - start)
            let end = unsafe feed.map { unsafe UnsafeRawPointer($0) - base } ?? bytes.count
            let hasReturn = unsafe end > start && bytes[end - 1] == 0x0D
            self.lineLength &+= end - start - (hasReturn ? 1 : 0)
            if self.isInRequestLine, self.lineLength > 0 {
                if self.first == 0 { self.first = unsafe bytes[start] }
                // Beyond the limit the decoder runs into its own, and the reply says which one it was.
                if !self.isTooLong { self.seen += end - start + (end < bytes.count ? 1 : 0) }
            }
            guard end < bytes.count else { return end }
            start = end + 1
            // Blank lines before a request are allowed; the one after its headers ends the head.
            if self.lineLength > 0 {
                self.isInRequestLine = false
                self.lineLength = 0
            } else if !self.isInRequestLine {
                self.isInHead = false
                return start
            }
        }
        return start
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
