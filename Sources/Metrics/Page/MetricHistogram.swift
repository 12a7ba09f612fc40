/// Counts on a metric page how often values fell between fixed bounds. Bounds and values are in millionths: microseconds, of
/// times.
// SAFETY: `words` points to `bounds.count + 2` words of a page, which is never given back while its process lives
// (`MetricPage`); nil counts nothing.
@safe
public struct MetricHistogram {
    private let words: UnsafeMutablePointer<UInt64>?
    private let bounds: [UInt64]

    /// Counts nothing.
    public init() {
        unsafe self.words = nil
        self.bounds = []
    }

    init(_ words: UnsafeMutablePointer<UInt64>, bounds: [UInt64]) {
        unsafe self.words = words
        self.bounds = bounds
    }

    /// One value more.
    public func record(_ value: UInt64) {
        guard let words = unsafe self.words else { return }
        var index = 0
        while index < self.bounds.count, value > self.bounds[index] { index += 1 }
        unsafe words[index] &+= 1
        unsafe words[self.bounds.count + 1] &+= value
    }
}
