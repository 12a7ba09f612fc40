/// What holds for calls with more prompt tokens than `above`: all tokens of such a call cost these rates.
public struct PromptTier: Hashable, Sendable {
    /// Prompt tokens a call must have more than.
    public var above: Int64
    public var rates: Price.Rates

    public init(above: Int64, rates: Price.Rates) {
        self.above = above
        self.rates = rates
    }
}
