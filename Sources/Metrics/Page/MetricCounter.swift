/// A number on a metric page that only grows. One word, added to by the one process that has the page, without any
/// synchronisation: a word of 64 bits is read whole or not at all.
// SAFETY: `word` points into a page, which is never given back while its process lives (`MetricPage`); nil counts nothing.
@safe
public struct MetricCounter {
    @usableFromInline let word: UnsafeMutablePointer<UInt64>?

    /// Counts nothing.
    public init() {
        unsafe self.word = nil
    }

    init(_ word: UnsafeMutablePointer<UInt64>) {
        unsafe self.word = word
    }

    /// One more, or `count` more.
    @inlinable
    public func add(_ count: UInt64 = 1) {
        if let word = unsafe self.word { unsafe word.pointee &+= count }
    }

    public var value: UInt64 { unsafe self.word?.pointee ?? 0 }
}
