internal import Domain

extension Catalogue {
    /// Everything costs twice from a prompt of 200,000 tokens on.
    static let xAI: [CatalogueModel] = [
        CatalogueModel(
            ["grok-4.7"], Price.Rates(input: 2_000_000, output: 6_000_000, cacheRead: 500_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 4_000_000, output: 12_000_000, cacheRead: 1_000_000))
            ],
            context: 500_000, output: 500_000, .maxCompletionTokens),
        CatalogueModel(
            ["grok-4.6"], Price.Rates(input: 2_000_000, output: 6_000_000, cacheRead: 500_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 4_000_000, output: 12_000_000, cacheRead: 1_000_000))
            ],
            context: 500_000, output: 500_000, .maxCompletionTokens),
        CatalogueModel(
            ["grok-4.5", "grok-4.5-latest", "grok-build-latest"],
            Price.Rates(input: 2_000_000, output: 6_000_000, cacheRead: 300_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 4_000_000, output: 12_000_000, cacheRead: 600_000))
            ],
            context: 500_000, output: 500_000, .maxCompletionTokens),
        CatalogueModel(
            ["grok-4.3", "grok-4.3-latest"], Price.Rates(input: 1_250_000, output: 2_500_000, cacheRead: 200_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 2_500_000, output: 5_000_000, cacheRead: 400_000))
            ],
            context: 1_000_000, output: 1_000_000, .maxCompletionTokens),
        CatalogueModel(
            ["grok-4.20", "grok-4.20-reasoning", "grok-4.20-non-reasoning"],
            Price.Rates(input: 1_250_000, output: 2_500_000, cacheRead: 200_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 2_500_000, output: 5_000_000, cacheRead: 400_000))
            ],
            context: 1_000_000, output: 1_000_000, .maxCompletionTokens),
        CatalogueModel(
            ["grok-code-fast-1", "grok-code-fast", "grok-build-0.1"],
            Price.Rates(input: 1_000_000, output: 2_000_000, cacheRead: 200_000),
            tiers: [
                PromptTier(
                    above: 199_999, rates: Price.Rates(input: 2_000_000, output: 4_000_000, cacheRead: 400_000))
            ],
            context: 256_000, output: 256_000, .maxCompletionTokens),
    ]
}
