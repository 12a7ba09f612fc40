import Domain
import NIOCore

/// What a client has sent ahead of the reply it waits for, in order and bounded: beyond the bound nothing more is kept and
/// the connection ends with an error after the replies that are due.
struct HeldParts {
    enum Part {
        case head(RequestHead)
        case body(ByteBuffer)
        case end
        /// The input was unusable from here on.
        case fault(GatewayError)
    }

    private static let maximumCount = 256
    private static let maximumBytes = 128 << 10

    private var parts = CircularBuffer<Part>()
    private var bytes = 0

    var isEmpty: Bool { self.parts.isEmpty }

    mutating func append(_ part: Part) {
        if case .fault = self.parts.last { return HeldParts.wipe(part) }
        switch part {
        case .head(let head): self.bytes += 512 + head.headerBytes
        case .body(let piece): self.bytes += piece.storageCapacity
        case .end, .fault: self.bytes += 16
        }
        let isFull = self.parts.count >= HeldParts.maximumCount || self.bytes > HeldParts.maximumBytes
        self.parts.append(isFull ? .fault(.badRequest) : part)
        if isFull { HeldParts.wipe(part) }
    }

    mutating func popFirst() -> Part? {
        let part = self.parts.popFirst()
        if self.parts.isEmpty { self.bytes = 0 }
        return part
    }

    /// Lets go of all of it. Bodies are overwritten, as nobody has looked at what they are.
    mutating func forget() {
        for part in self.parts { HeldParts.wipe(part) }
        self = HeldParts()
    }

    private static func wipe(_ part: Part) {
        if case .body(let piece) = part { piece.wipeReadableBytes() }
    }
}
