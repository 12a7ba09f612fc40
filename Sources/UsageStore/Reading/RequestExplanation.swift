public import Domain

/// Everything that is known of one request.
public struct RequestExplanation: Hashable, Sendable {
    public var request: RequestRow
    /// How it found its answer; nil where it had one possible target that answered at once.
    public var trail: DecisionTrail?
    /// In the order of their numbers.
    public var attempts: [AttemptRow]
}
