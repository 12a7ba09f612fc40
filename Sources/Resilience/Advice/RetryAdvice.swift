/// What a provider's reply says of trying again: `retry-after-ms`, `retry-after` (seconds, a decimal, a date),
/// `x-should-retry`, and Google's RetryInfo in the body of an error. The longest of several times counts.
public struct RetryAdvice: Hashable, Sendable {
    /// Nanoseconds not to call for, counted from when the reply came. nil: nothing was said.
    public var after: UInt64?
    /// `x-should-retry`; nil: nothing was said.
    public var shouldRetry: Bool?

    public init(after: UInt64? = nil, shouldRetry: Bool? = nil) {
        self.after = after
        self.shouldRetry = shouldRetry
    }
}
