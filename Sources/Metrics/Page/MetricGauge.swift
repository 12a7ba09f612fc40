/// A level on a metric page. One word, written by the one process that has the page.
// SAFETY: `word` points into a page, which is never given back while its process lives (`MetricPage`); nil shows nothing.
@safe
public struct MetricGauge {
    @usableFromInline let word: UnsafeMutablePointer<UInt64>?

    /// Shows nothing.
    public init() {
        unsafe self.word = nil
    }

    init(_ word: UnsafeMutablePointer<UInt64>) {
        unsafe self.word = word
    }

    @inlinable
    public func set(_ value: Int64) {
        if let word = unsafe self.word { unsafe word.pointee = UInt64(bitPattern: value) }
    }
}
