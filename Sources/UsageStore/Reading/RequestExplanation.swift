/// Everything that is known of one request.
public struct RequestExplanation: Hashable, Sendable {
    public var request: RequestRow
    /// In the order of their numbers.
    public var attempts: [AttemptRow]
}
