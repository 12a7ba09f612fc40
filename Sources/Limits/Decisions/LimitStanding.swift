public import Domain

/// How the tightest limits of a request stand after a decision: what the `x-ratelimit-*` headers and the warning of a soft
/// limit say.
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

    /// One budget.
    public struct Budget: Hashable, Sendable {
        public var scope: LimitScope
        public var kind: LimitKind
        public var limit: Int64
        /// What was settled; what is held does not count.
        public var used: Int64

        public init(scope: LimitScope, kind: LimitKind, limit: Int64, used: Int64) {
            self.scope = scope
            self.kind = kind
            self.limit = limit
            self.used = used
        }
    }

    /// The window of requests with the smallest remaining share; nil where none is limited.
    public var requests: Window?
    /// The same of tokens; budgets in tokens are no windows.
    public var tokens: Window?
    /// The budget of which the largest share is used; nil where there is none.
    public var budget: Budget?

    public init(requests: Window? = nil, tokens: Window? = nil, budget: Budget? = nil) {
        self.requests = requests
        self.tokens = tokens
        self.budget = budget
    }
}
