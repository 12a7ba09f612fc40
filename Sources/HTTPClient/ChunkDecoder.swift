/// Takes the chunked coding off a body as it arrives, in pieces of any size. Pure.
///
/// libcurl reads the same bytes beside it and is who says when the reply is over and whether it came whole; this one must
/// never be ahead of it, or behind. So it takes what libcurl takes (extensions are passed over, a line may end with LF alone),
/// or refuses; and at a *boundary*, between two chunks, both expect the next size and remember nothing: there, whole chunks may be taken
/// from the socket without libcurl's knowing.
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
        /// Behind the last chunk. What comes there is libcurl's business.
        case trailers
    }

    /// Bytes of one chunk's extensions, or of all trailers.
    private static let limit = 64 << 10

    private var place = Place.size(digits: 0)
    /// Of the chunk, what has not come yet.
    private var remaining: UInt64 = 0
    private var overhead = 0

    /// Between two chunks, before the last one.
    var isAtBoundary: Bool {
        if case .size(digits: 0) = self.place { true } else { false }
    }

    /// The last chunk has begun.
    var sawLastChunk: Bool {
        if case .trailers = self.place { true } else { false }
    }

    /// Reads all of `bytes`; writes their data to `output`, which must hold as many, and returns how much that is.
    mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Violation) -> Int {
        var index = 0
        var written = 0
        while index < bytes.count {
            switch self.place {
            case .data:
                let count = Int(clamping: min(self.remaining, UInt64(bytes.count - index)))
                unsafe UnsafeMutableRawBufferPointer(rebasing: output[written...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[index..<(index + count)]))
                written += count
                index += count
                self.remaining -= UInt64(count)
                if self.remaining == 0 { self.place = .dataEnd(sawReturn: false) }
            case .trailers:
                try self.pass(bytes.count - index)
                return written
            default:
                try self.read(unsafe bytes[index])
                index += 1
            }
        }
        return written
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
            guard byte == 0x0A else { return try self.pass(1) }
            self.place = self.remaining == 0 ? .trailers : .data
        case .dataEnd(let sawReturn):
            if byte == 0x0A {
                self.place = .size(digits: 0)
                self.overhead = 0
            } else {
                guard byte == 0x0D, !sawReturn else { throw Violation() }
                self.place = .dataEnd(sawReturn: true)
            }
        case .data, .trailers: break
        }
    }

    private mutating func pass(_ count: Int) throws(Violation) {
        self.overhead &+= count
        guard self.overhead <= Self.limit else { throw Violation() }
    }

    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    /// Takes whole, plain chunks (`size CRLF data CRLF`, neither empty nor with extensions) from the front of `buffer`, which
    /// begins at a boundary, and moves the data of the further ones up to that of the first. Stops at anything else. Returns the
    /// bytes the chunks took, and where their data lies.
    static func takeWholeChunks(_ buffer: UnsafeMutableRawBufferPointer) -> (taken: Int, data: Range<Int>) {
        var taken = 0
        var data = 0..<0
        while true {
            var index = taken
            var size = 0
            while index < buffer.count, index - taken < 7, let digit = Self.digit(unsafe buffer[index]) {
                size = size << 4 | Int(digit)
                index += 1
            }
            guard size > 0, buffer.count - index >= size + 4, unsafe buffer[index] == 0x0D,
                unsafe buffer[index + 1] == 0x0A, unsafe buffer[index + 2 + size] == 0x0D,
                unsafe buffer[index + 3 + size] == 0x0A
            else { return (taken, data) }
            let start = index + 2
            if data.isEmpty {
                data = start..<(start + size)
            } else {
                let end = data.upperBound
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end..<(end + size)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<(start + size)]))
                data = data.lowerBound..<(end + size)
            }
            taken = index + size + 4
        }
    }
}
