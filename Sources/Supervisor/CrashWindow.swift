/// Whether the tree is degraded: five or more processes ended unasked within the last minute.
struct CrashWindow: Hashable, Sendable {
    static let limit = 5
    /// Milliseconds.
    static let span: UInt64 = 60_000

    /// Times of the last crashes, at most `limit`, oldest first.
    var times: [UInt64] = []
    var isDegraded = false

    /// A process ended unasked. True when the tree becomes degraded by it.
    mutating func crashed(at now: UInt64) -> Bool {
        self.times.append(now)
        if self.times.count > Self.limit { self.times.removeFirst() }
        guard !self.isDegraded, self.isFull(now) else { return false }
        self.isDegraded = true
        return true
    }

    /// True when the tree is no longer degraded.
    mutating func cleared(at now: UInt64) -> Bool {
        guard self.isDegraded, !self.isFull(now) else { return false }
        self.isDegraded = false
        return true
    }

    /// When `cleared` is to be asked next.
    var deadline: UInt64? {
        self.isDegraded ? self.times.first.map { $0 &+ Self.span } : nil
    }

    private func isFull(_ now: UInt64) -> Bool {
        guard self.times.count == Self.limit, let oldest = self.times.first else { return false }
        return now < oldest &+ Self.span
    }
}
