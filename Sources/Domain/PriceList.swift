/// The rates of one service of a provider, for short prompts and for long ones.
public struct PriceList: Hashable, Sendable {
    public var rates: Price.Rates
    /// By `above`, the least first.
    public private(set) var tiers: [PromptTier]

    public init(_ rates: Price.Rates, tiers: [PromptTier] = []) {
        self.rates = rates
        self.tiers = tiers.count < 2 ? tiers : tiers.sorted { $0.above < $1.above }
    }

    /// Which of `tiers` holds for a call with so many prompt tokens; nil where it is `rates`.
    func tier(promptTokens: Int64) -> Int? {
        self.tiers.isEmpty ? nil : self.tiers.lastIndex { promptTokens > $0.above }
    }
}
