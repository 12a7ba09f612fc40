/// One limit of a request as it stood when it was asked: part of the request's decision trail.
///
/// What was admitted is counted and held in the figures, as in the reply's headers; what was refused is not.
public struct CheckedLimit: Hashable, Sendable {
    /// What the limit had to say. Raw values are in records that are kept; they never change.
    public enum Word: UInt8, Hashable, Sendable, CaseIterable {
        case passed = 0
        /// It passed, and as much of the budget is used as is worth a warning.
        case warned = 1
        /// The request was refused.
        case refused = 2
        /// A further attempt of the request was refused.
        case refusedAttempt = 3
    }

    public var scope: LimitScope
    public var kind: LimitKind
    public var word: Word
    /// In the unit of the kind.
    public var limit: Int64
    /// What was used, without what was held.
    public var used: Int64
    public var held: Int64
    /// Seconds until waiting helps: where it has refused until the same request would pass, else until nothing of `used` counts any more.
    /// Nil where time alone does not help.
    public var reset: UInt32?

    public init(
        scope: LimitScope, kind: LimitKind, word: Word = .passed, limit: Int64, used: Int64, held: Int64,
        reset: UInt32? = nil
    ) {
        self.scope = scope
        self.kind = kind
        self.word = word
        self.limit = limit
        self.used = used
        self.held = held
        self.reset = reset
    }

    /// At least 0.
    public var remaining: Int64 {
        let (sum, overflow) = max(0, self.used).addingReportingOverflow(max(0, self.held))
        return overflow ? 0 : max(0, self.limit - min(self.limit, sum))
    }
}
