import NIOCore

/// Writes the body of one reply so that the client can tell a whole one from a broken one.
///
/// Pure. A reply with a length never gets more bytes than that and never ends clean with fewer.
struct ReplyFraming {
    private let length: ReplyHead.Length
    /// The request was HEAD: the head speaks of a body that is not sent.
    private let isHeadOnly: Bool
    private var remaining: UInt64

    init(length: ReplyHead.Length, isHeadOnly: Bool) {
        self.length = length
        self.isHeadOnly = isHeadOnly
        if case .known(let count) = length { self.remaining = count } else { self.remaining = 0 }
    }

    /// The client can tell the end of the body from a connection that broke.
    var tellsItsEnd: Bool { self.length != .untilClose }

    /// Nothing is missing, and the client can tell without anything more.
    var isWhole: Bool {
        switch self.length {
        case .known: self.remaining == 0
        case .absent: true
        case .chunked, .untilClose, .untilEndOfStream: false
        }
    }

    /// What is written before and after `count` bytes of body.
    enum Piece: Hashable {
        /// As they are.
        case plain
        /// Between a chunk's header and CR LF.
        case chunk
        /// Not at all.
        case nothing
        /// The body is longer than was announced.
        case tooMuch
    }

    /// `count` bytes of body are to go out.
    mutating func piece(_ count: Int) -> Piece {
        guard count > 0 else { return .nothing }
        switch self.length {
        case .known:
            let (rest, overflow) = self.remaining.subtractingReportingOverflow(UInt64(clamping: count))
            guard !overflow else { return .tooMuch }
            self.remaining = rest
            return self.isHeadOnly ? .nothing : .plain
        case .chunked: return self.isHeadOnly ? .nothing : .chunk
        case .untilClose, .untilEndOfStream: return self.isHeadOnly ? .nothing : .plain
        case .absent: return .nothing
        }
    }

    /// Writes what ends the body; false when it is shorter than was announced, so that it must not end clean.
    func end(_ buffer: inout ByteBuffer) -> Bool {
        switch self.length {
        case .known: return self.remaining == 0 || self.isHeadOnly
        case .chunked:
            if !self.isHeadOnly { buffer.writeStaticString("0\r\n\r\n") }
            return true
        case .untilClose, .untilEndOfStream, .absent: return true
        }
    }
}
