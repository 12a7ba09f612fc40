/// How a circuit breaker stands, for operators.
public enum BreakerState: Hashable, Sendable {
    case closed
    /// Nothing is called; the next call may probe in so many milliseconds, 0 for at once.
    case open(probeIn: UInt64)
    /// One call probes.
    case halfOpen
}
