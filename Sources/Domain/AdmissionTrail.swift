/// How one request was let in, or why it was not: part of its decision trail, the part that every request has.
public struct AdmissionTrail: Hashable, Sendable {
    /// What came of asking the limits. Raw values are in records that are kept; they never change.
    public enum Verdict: UInt8, Hashable, Sendable, CaseIterable {
        /// It was over before they were asked.
        case notAsked = 0
        /// Nothing limits such a request.
        case unlimited = 1
        case admitted = 2
        case refused = 3
    }

    /// Microseconds from the head of the request until it was known who sends it.
    public var authenticated: UInt32
    /// What is set for the caller was known from an earlier request of the same caller, and not read anew.
    public var isCallerKnown: Bool
    public var verdict: Verdict
    /// Microseconds that asking the limits took.
    public var duration: UInt32
    /// What the request wanted to hold of limits in tokens, and in nano-USD.
    public var tokens: Int64
    public var cost: Int64
    /// How each limit stood, what has refused first; empty where that was not kept.
    public var limits: [CheckedLimit]
    /// Limits that had no room behind these.
    public var moreLimits: UInt32

    public init(
        authenticated: UInt32 = 0, isCallerKnown: Bool = false, verdict: Verdict = .notAsked, duration: UInt32 = 0,
        tokens: Int64 = 0, cost: Int64 = 0, limits: [CheckedLimit] = [], moreLimits: UInt32 = 0
    ) {
        self.authenticated = authenticated
        self.isCallerKnown = isCallerKnown
        self.verdict = verdict
        self.duration = duration
        self.tokens = tokens
        self.cost = cost
        self.limits = limits
        self.moreLimits = moreLimits
    }
}
