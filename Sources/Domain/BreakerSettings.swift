/// When a provider, or one of its models, is left alone for a while because it fails (a circuit breaker).
public struct BreakerSettings: Hashable, Sendable {
    /// Failures in a row that open it; 0: never.
    public var failures: UInt32
    /// Percent of the calls in `window` that open it, once there are at least `requests`; 0: never.
    public var errorRate: UInt8
    public var requests: UInt32
    /// Milliseconds.
    public var window: UInt64
    /// Milliseconds it stays open at first, before one call may probe; doubled with each probe that fails, up to
    /// `longestOpen`.
    public var open: UInt64
    public var longestOpen: UInt64

    public init(
        failures: UInt32 = 5, errorRate: UInt8 = 50, requests: UInt32 = 20, window: UInt64 = 10_000,
        open: UInt64 = 1_000, longestOpen: UInt64 = 30_000
    ) {
        self.failures = failures
        self.errorRate = errorRate
        self.requests = requests
        self.window = window
        self.open = open
        self.longestOpen = longestOpen
    }

    /// Never opens.
    public static let off = BreakerSettings(failures: 0, errorRate: 0)
}
