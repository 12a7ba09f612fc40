/// What a reply's `x-ratelimit-*` or `anthropic-ratelimit-*` headers say of the key it was asked with: learned from replies that
/// succeed, too, before a 429 comes.
public struct RateLimitHint: Hashable, Sendable {
    /// Some of what is counted is used up: requests or tokens, of a minute or a day.
    public var isExhausted: Bool
    /// Nanoseconds until all of it has room again, counted from when the reply came, at most a day; nil: it was not said.
    public var resetAfter: UInt64?

    public init(isExhausted: Bool = false, resetAfter: UInt64? = nil) {
        self.isExhausted = isExhausted
        self.resetAfter = resetAfter
    }
}
