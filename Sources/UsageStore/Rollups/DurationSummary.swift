/// How long some requests took.
public struct DurationSummary: Hashable, Sendable {
    public var count: Int64
    /// Microseconds of all together; at most what Int64 has.
    public var sum: Int64
    /// Microseconds that 95 of 100 did not exceed, within 5 %; nil for none.
    public var p95: Int64?

    public init(count: Int64 = 0, sum: Int64 = 0, p95: Int64? = nil) {
        self.count = count
        self.sum = sum
        self.p95 = p95
    }

    /// Microseconds, rounded down; nil for none.
    public var average: Int64? { self.count > 0 ? self.sum / self.count : nil }
}
