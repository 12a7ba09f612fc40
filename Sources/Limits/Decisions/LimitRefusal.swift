public import Domain

/// Which limit a request would break, and how it stands.
public struct LimitRefusal: Error, Hashable, Sendable {
    public var scope: LimitScope
    public var kind: LimitKind
    public var limit: Int64
    /// What counts against it, in the limit's unit: what was used and what is held.
    public var used: Int64
    /// What is held of `used` for requests that are running.
    public var held: Int64
    /// At least 0.
    public var remaining: Int64
    /// Milliseconds until the same request would pass if nothing else happened; nil where that does not depend on time
    /// alone (concurrency, what is held, a budget in all) and for calendar budgets, whose period's end the caller knows.
    public var retryAfter: UInt64?

    public init(
        scope: LimitScope, kind: LimitKind, limit: Int64, used: Int64, held: Int64, remaining: Int64,
        retryAfter: UInt64?
    ) {
        self.scope = scope
        self.kind = kind
        self.limit = limit
        self.used = used
        self.held = held
        self.remaining = remaining
        self.retryAfter = retryAfter
    }
}
