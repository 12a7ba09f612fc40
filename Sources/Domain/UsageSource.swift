/// Where the numbers of a request's tokens come from.
///
/// The greater is the less sure: a sum has the greatest of its parts.
public enum UsageSource: UInt8, Hashable, Sendable, Comparable {
    /// No tokens: none were used, or nothing is known.
    case none = 0
    /// The provider said so.
    case provider = 1
    /// Estimated from bytes, with the ratio learned for the model. Also for a sum of which only a part is estimated.
    case estimated = 2

    public static func < (a: UsageSource, b: UsageSource) -> Bool { a.rawValue < b.rawValue }
}
