/// How the built-in simulated provider behaves.
public struct SimulationSettings: Hashable, Sendable {
    /// How long the first token takes.
    public var delay: Duration
    /// How fast tokens follow, 1…1,000,000 a second.
    public var tokensPerSecond: Int

    public init(delay: Duration = .milliseconds(50), tokensPerSecond: Int = 200) {
        self.delay = delay
        self.tokensPerSecond = tokensPerSecond
    }
}
