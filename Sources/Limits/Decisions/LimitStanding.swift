/// How the tightest window of a request stands after a decision: what the `x-ratelimit-*` headers say.
public struct LimitStanding: Hashable, Sendable {
    /// One window.
    public struct Window: Hashable, Sendable {
        public var limit: Int64
        /// At least 0.
        public var remaining: Int64
        /// Milliseconds until all of it is free again if nothing else happens.
        public var reset: UInt64

        public init(limit: Int64, remaining: Int64, reset: UInt64) {
            self.limit = limit
            self.remaining = remaining
            self.reset = reset
        }
    }

    /// The window of requests with the smallest remaining share; nil where none is limited.
    public var requests: Window?
    /// The same of tokens; budgets in tokens are no windows.
    public var tokens: Window?

    public init(requests: Window? = nil, tokens: Window? = nil) {
        self.requests = requests
        self.tokens = tokens
    }
}
