/// What the head of a reply says of its cost.
public enum ReplyCost: Hashable, Sendable {
    /// Not known before END: calls still run.
    case open
    /// All calls are over, and one has no known price.
    case unknown
    /// Nano-USD of all calls together: what END will say.
    case known(Int64)

    /// Of calls that are all over.
    public init(final sum: Int64?) {
        self = sum.map { .known($0) } ?? .unknown
    }
}
