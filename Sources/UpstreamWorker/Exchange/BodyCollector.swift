internal import IPC

/// Gathers a request body from BODY frames: exactly the announced number of bytes, within the stream's window. Pure.
struct BodyCollector {
    /// What a frame meant.
    enum Outcome: Hashable {
        /// More is to come; return this much credit.
        case more(credit: UInt32?)
        case complete
        /// The last frame came before the announced length was there.
        case short
    }

    private let length: Int
    private var window = ReceiveWindow(size: WireLimits.bodyWindow)
    private(set) var bytes: [UInt8] = []
    private var received = 0
    /// False: what comes is counted, but not kept.
    private var keeps = true

    /// `length` bytes are announced. It is not believed: memory is taken as bytes arrive.
    init(length: Int) {
        self.length = length
    }

    /// Throws when the peer sends more than it announced or has credit for.
    mutating func receive(_ payload: UnsafeRawBufferPointer, isLast: Bool) throws(FrameError) -> Outcome {
        try self.window.receive(payload.count)
        guard payload.count <= self.length - self.received else { throw .malformed(.body) }
        self.received += payload.count
        if self.keeps {
            // A body that does not fit into one frame grows to its announced size at once; an untouched page costs nothing.
            if self.bytes.isEmpty && !isLast { self.bytes.reserveCapacity(self.length) }
            unsafe self.bytes.append(contentsOf: payload)
        }
        guard isLast else { return .more(credit: self.window.release(payload.count)) }
        return self.received == self.length ? .complete : .short
    }

    /// Forgets what came. What still comes is received as before, and not kept.
    mutating func drop() {
        self.keeps = false
        self.bytes = []
    }

    /// Hands the body over and forgets it.
    mutating func take() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &self.bytes)
        return bytes
    }
}
