import Metrics

extension MetricValue {
    /// This value and `other` of the same kind (and buckets) together. Sums stop at the largest number instead of
    /// overflowing; where the two do not fit together this value stays as it is.
    func adding(_ other: Self) -> Self {
        switch (self, other) {
        case (.counter(let a), .counter(let b)):
            return .counter(a.addingClamped(b))
        case (.gauge(let a), .gauge(let b)):
            let (sum, overflow) = a.addingReportingOverflow(b)
            return .gauge(overflow ? (a < 0 ? .min : .max) : sum)
        case (.histogram(let bounds, let a, let aSum), .histogram(let otherBounds, let b, let bSum))
        where bounds == otherBounds && a.count == b.count:
            return .histogram(
                bounds: bounds, counts: zip(a, b).map { $0.addingClamped($1) }, sum: aSum.addingClamped(bSum))
        default:
            return self
        }
    }
}

extension UInt64 {
    /// The sum, or the largest number where it does not fit.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
