/// Takes the chunked coding (RFC 9112 §7.1) off a body as it arrives, in pieces of any size, and says where the body ends. Pure.
///
/// Extensions and trailers are passed over, and a line may end with LF alone; all else that is not as it should be is refused.
struct ChunkDecoder {
    /// The coding is broken, or what surrounds a chunk is longer than anyone needs.
    struct Violation: Error {}

    private enum Place {
        case size(digits: UInt8)
        /// Until the end of a size's line.
        case extensions
        case data
        /// Behind a chunk's data: the end of its line.
        case dataEnd(sawReturn: Bool)
        /// Behind the last chunk, until an empty line.
        case trailers(isLineEmpty: Bool)
        case end
    }

    /// Bytes of one chunk's extensions, or of all trailers.
    private static let limit = 64 << 10

    private var place = Place.size(digits: 0)
    /// Of the chunk, what has not come yet.
    private var remaining: UInt64 = 0
    private var overhead = 0

    /// The body has come whole, trailers included.
    var isAtEnd: Bool {
        if case .end = self.place { true } else { false }
    }

    /// Reads `buffer` from `start` on, to its end or that of the body. Moves the data in it together, to where `start` is; returns where
    /// the data lies by then, and how far was read.
    mutating func decode(
        _ buffer: UnsafeMutableRawBufferPointer, from start: Int
    ) throws(Violation) -> (data: Range<Int>, end: Int) {
        var index = start
        var written = start
        while index < buffer.count {
            switch self.place {
            case .data:
                let count = Int(clamping: min(self.remaining, UInt64(buffer.count - index)))
                if written != index {
                    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[written..<(written + count)])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[index..<(index + count)]))
                }
                written += count
                index += count
                self.remaining -= UInt64(count)
                if self.remaining == 0 { self.place = .dataEnd(sawReturn: false) }
            case .end: return (start..<written, index)
            default:
                try self.read(unsafe buffer[index])
                index += 1
            }
        }
        return (start..<written, index)
    }

    private mutating func read(_ byte: UInt8) throws(Violation) {
        switch self.place {
        case .size(let digits):
            guard let digit = Self.digit(byte) else {
                guard digits > 0 else { throw Violation() }
                self.place = .extensions
                return try self.read(byte)
            }
            guard digits < 15 else { throw Violation() }
            self.remaining = self.remaining << 4 | UInt64(digit)
            self.place = .size(digits: digits + 1)
        case .extensions:
            guard byte == 0x0A else { return try self.pass() }
            self.place = self.remaining == 0 ? .trailers(isLineEmpty: true) : .data
        case .dataEnd(let sawReturn):
            if byte == 0x0A {
                self.place = .size(digits: 0)
                self.overhead = 0
            } else {
                guard byte == 0x0D, !sawReturn else { throw Violation() }
                self.place = .dataEnd(sawReturn: true)
            }
        case .trailers(let isLineEmpty):
            if byte == 0x0A {
                self.place = isLineEmpty ? .end : .trailers(isLineEmpty: true)
            } else if byte != 0x0D {
                self.place = .trailers(isLineEmpty: false)
            }
            try self.pass()
        case .data, .end: break
        }
    }

    private mutating func pass() throws(Violation) {
        self.overhead &+= 1
        guard self.overhead <= Self.limit else { throw Violation() }
    }

    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}
