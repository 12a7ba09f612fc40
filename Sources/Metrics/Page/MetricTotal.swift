/// A counter that follows a total which somebody else keeps since the start of the process.
public struct MetricTotal {
    private let counter: MetricCounter
    private var last: UInt64

    /// `last`: how much of the total is counted already.
    public init(_ counter: MetricCounter = MetricCounter(), from last: UInt64 = 0) {
        self.counter = counter
        self.last = last
    }

    /// Counts what `total` has grown by. One that has begun anew counts from there.
    public mutating func follow(_ total: UInt64) {
        if total > self.last { self.counter.add(total - self.last) }
        self.last = total
    }
}
