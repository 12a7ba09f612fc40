/// How many bytes of data may still be sent before the receiver has to return credit.
public struct SendWindow: Hashable, Sendable {
    /// Bytes that may be sent now.
    public private(set) var available: Int
    private let size: Int

    public init(size: Int) {
        self.size = size
        self.available = size
    }

    /// Takes up to `wanted` bytes and returns how many may go.
    public mutating func take(upTo wanted: Int) -> Int {
        let taken = max(0, min(wanted, self.available))
        self.available -= taken
        return taken
    }

    /// The receiver returned `bytes`. Throws when that is more than was ever sent.
    public mutating func credit(_ bytes: UInt32) throws(FrameError) {
        guard Int(bytes) <= self.size - self.available else { throw .windowExceeded }
        self.available += Int(bytes)
    }
}
