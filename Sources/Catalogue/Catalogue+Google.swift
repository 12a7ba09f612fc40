internal import Domain

extension Catalogue {
    /// By the names its OpenAI-compatible endpoint takes.
    static let google: [CatalogueModel] = [
        CatalogueModel(
            ["gemini-2.5-pro"], Price.Rates(input: 1_250_000, output: 10_000_000, cacheRead: 125_000),
            tiers: [
                PromptTier(
                    above: 200_000, rates: Price.Rates(input: 2_500_000, output: 15_000_000, cacheRead: 250_000))
            ],
            context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-2.5-flash"],
            Price.Rates(input: 300_000, output: 2_500_000, cacheRead: 30_000, audioInput: 1_000_000),
            context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-2.5-flash-lite"],
            Price.Rates(input: 100_000, output: 400_000, cacheRead: 10_000, audioInput: 300_000), context: 1_048_576,
            output: 65_536),
        CatalogueModel(
            ["gemini-3-flash-preview"],
            Price.Rates(input: 500_000, output: 3_000_000, cacheRead: 50_000, audioInput: 1_000_000),
            context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.1-pro-preview", "gemini-pro-latest"],
            Price.Rates(input: 2_000_000, output: 12_000_000, cacheRead: 200_000),
            tiers: [
                PromptTier(
                    above: 200_000, rates: Price.Rates(input: 4_000_000, output: 18_000_000, cacheRead: 400_000))
            ],
            context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.1-flash-lite", "gemini-3.1-flash-lite-preview"],
            Price.Rates(input: 250_000, output: 1_500_000, cacheRead: 25_000, audioInput: 500_000), context: 1_048_576,
            output: 65_536),
        CatalogueModel(
            ["gemini-3.5-flash"], Price.Rates(input: 1_500_000, output: 9_000_000, cacheRead: 150_000),
            context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.5-flash-lite", "gemini-flash-lite-latest"],
            Price.Rates(input: 300_000, output: 2_500_000, cacheRead: 30_000), context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.6-flash", "gemini-flash-latest"],
            Price.Rates(input: 750_000, output: 3_750_000, cacheRead: 75_000), context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-4-argon"], Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 100_000),
            context: 1_048_576, output: 1_048_576),
        CatalogueModel(["gemini-embedding-001"], Price.Rates(input: 150_000, output: 0), context: 2_048, output: nil),
        CatalogueModel(
            ["gemini-embedding-2"], Price.Rates(input: 200_000, output: 0, audioInput: 6_500_000), context: 8_192,
            output: nil),
    ]
}
