/// Counts data that has arrived and data that has been dealt with, and says when credit is worth returning.
///
/// Credit goes back in pieces of at least half a window, so that it costs one small frame per half window and the
/// sender never runs dry while the receiver keeps up.
public struct ReceiveWindow: Hashable, Sendable {
    private let size: Int
    private var outstanding = 0
    private var released = 0

    public init(size: Int) {
        self.size = size
    }

    /// `bytes` arrived. Throws when the sender had no credit for them.
    public mutating func receive(_ bytes: Int) throws(FrameError) {
        guard bytes <= self.size - self.outstanding else { throw .windowExceeded }
        self.outstanding += bytes
    }

    /// `bytes` have been dealt with; returns the credit to send now, if any.
    public mutating func release(_ bytes: Int) -> UInt32? {
        self.released += min(bytes, self.outstanding - self.released)
        guard self.released >= self.size / 2 else { return nil }
        return self.flush()
    }

    /// The credit not yet returned, however small.
    public mutating func flush() -> UInt32? {
        guard self.released > 0 else { return nil }
        defer { self.released = 0 }
        self.outstanding -= self.released
        return UInt32(clamping: self.released)
    }
}
