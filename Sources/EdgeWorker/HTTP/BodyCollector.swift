import NIOCore

/// Puts one request's body together, charged to the body budget until it is handed on or dropped.
///
/// A body that comes in one piece stays in the memory it was read into, unless that is much more than it needs. Others are
/// copied once into a buffer of their own, which has room behind the body for the scanner. A secret body is always copied, and whatever
/// it leaves behind is overwritten.
struct BodyCollector {
    /// Bytes behind a body that the scanner may read.
    private static let scanPadding = 64
    /// Bytes that are reserved because a client says that it will send them.
    private static let trustedLength = 1 << 20

    /// Blocks of memory up to this size are kept whole for a body of any size.
    private static let smallBlock = 16 << 10

    private let budget: BodyBudget
    private var buffer = ByteBuffer()
    private(set) var charged = 0
    /// The pieces may hold a secret.
    var isSecret = false

    init(budget: BodyBudget) {
        self.budget = budget
    }

    /// A piece has come; `expected` is the length of the whole body where it is known.
    mutating func append(_ piece: ByteBuffer, expected: Int?) {
        let whole = piece
        defer { if self.isSecret { whole.wipeReadableBytes() } }
        var piece = piece
        let count = piece.readableBytes
        self.charged += count
        self.budget.charge(count)
        let isSnug = piece.storageCapacity <= max(BodyCollector.smallBlock, 4 * count)
        if self.buffer.readableBytes == 0, count == expected, isSnug, !self.isSecret {
            self.buffer = piece
            return
        }
        if self.buffer.readableBytes == 0 || self.buffer.writableBytes < count + BodyCollector.scanPadding {
            let known = min(expected ?? 0, BodyCollector.trustedLength) + BodyCollector.scanPadding
            let needed = self.buffer.readableBytes + count + BodyCollector.scanPadding
            var larger = ByteBufferAllocator().buffer(capacity: needed <= known ? known : needed * 2)
            larger.writeBuffer(&self.buffer)
            if self.isSecret { self.buffer.wipe() }
            self.buffer = larger
        }
        self.buffer.writeBuffer(&piece)
    }

    /// The body as it is now; what it was charged stays charged.
    var body: ByteBuffer { self.buffer }

    /// Lets go of the body without returning its charge, which is the new owner's from now on.
    mutating func handOver() {
        self.buffer = ByteBuffer()
        self.charged = 0
    }

    /// Lets go of the body and returns its charge.
    mutating func drop() {
        if self.isSecret { self.buffer.wipe() }
        self.buffer = ByteBuffer()
        guard self.charged > 0 else { return }
        let charged = self.charged
        self.charged = 0
        self.budget.release(charged)
    }
}
