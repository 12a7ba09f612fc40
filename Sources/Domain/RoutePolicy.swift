/// How a request's targets are tried: what `models` says of an alias, and for names without an alias the defaults.
///
/// Edges and upstreams of one snapshot know the policies by the same numbers; 0 is the default one.
public struct RoutePolicy: Hashable, Sendable {
    /// Which target comes first. The rest is the order of failover.
    public enum Strategy: UInt8, Hashable, Sendable, CaseIterable {
        /// As the file has them.
        case ordered = 0
        /// By chance, or by the hash of who asks, in proportion to their weights.
        case weighted = 1
        /// The one whose first token has come soonest of late; chosen in the upstream.
        case leastLatency = 2
        /// The one at which this request costs least.
        case leastCost = 3
        /// The one with the fewest running calls; chosen in the upstream.
        case leastBusy = 4
    }

    /// When a second call is made beside one whose first token has not come.
    public enum HedgeDelay: Hashable, Sendable {
        /// Milliseconds after the call began.
        case time(UInt64)
        /// After so much of the target's calls, in percent (50…99), have usually had theirs.
        case percentile(UInt8)
    }

    /// Most further attempts a policy may allow.
    public static let maximumRetries: UInt8 = 8

    public var strategy: Strategy
    /// Further attempts after the first, over targets and keys.
    public var retries: UInt8
    /// Milliseconds before the first attempt that repeats the same target; doubled for each further one, with full jitter.
    public var retryDelay: UInt64
    /// nil: no hedging.
    public var hedgeAfter: HedgeDelay?

    public init(
        strategy: Strategy = .ordered, retries: UInt8 = 2, retryDelay: UInt64 = 500, hedgeAfter: HedgeDelay? = nil
    ) {
        self.strategy = strategy
        self.retries = retries
        self.retryDelay = retryDelay
        self.hedgeAfter = hedgeAfter
    }
}
