internal import Domain

extension Catalogue {
    /// $10 for a thousand searches of the web.
    private static let searches: [UnitClass: Int64] = [.query: 10_000_000_000]

    /// Writing to the cache costs 1.25 times the input for five minutes and twice for an hour.
    static let anthropic: [CatalogueModel] = [
        CatalogueModel(
            ["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
            Price.Rates(
                input: 1_000_000, output: 5_000_000, cacheRead: 100_000, cacheWrite: 1_250_000,
                cacheWriteHour: 2_000_000, units: Self.searches), context: 200_000, output: 64_000),
        CatalogueModel(
            ["claude-haiku-5-5"],
            Price.Rates(
                input: 100_000, output: 500_000, cacheRead: 10_000, cacheWrite: 125_000, cacheWriteHour: 200_000,
                units: Self.searches),
            tiers: [
                PromptTier(
                    above: 100_000,
                    rates: Price.Rates(
                        input: 500_000, output: 2_500_000, cacheRead: 50_000, cacheWrite: 625_000,
                        cacheWriteHour: 1_000_000, units: Self.searches))
            ],
            context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
            Price.Rates(
                input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000,
                cacheWriteHour: 6_000_000, units: Self.searches), context: 200_000, output: 64_000),
        CatalogueModel(
            ["claude-sonnet-4-6"],
            Price.Rates(
                input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000,
                cacheWriteHour: 6_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-sonnet-5"],
            Price.Rates(
                input: 2_000_000, output: 10_000_000, cacheRead: 200_000, cacheWrite: 2_500_000,
                cacheWriteHour: 4_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-sonnet-5-5"],
            Price.Rates(
                input: 2_000_000, output: 10_000_000, cacheRead: 100_000, cacheWrite: 2_500_000,
                cacheWriteHour: 4_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-opus-4-5", "claude-opus-4-5-20251101"],
            Price.Rates(
                input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000,
                cacheWriteHour: 10_000_000, units: Self.searches), context: 200_000, output: 64_000),
        CatalogueModel(
            ["claude-opus-4-6", "claude-opus-4-6-20260205"],
            Price.Rates(
                input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000,
                cacheWriteHour: 10_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-opus-4-7", "claude-opus-4-7-20260416"],
            Price.Rates(
                input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000,
                cacheWriteHour: 10_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-opus-4-8"],
            Price.Rates(
                input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000,
                cacheWriteHour: 10_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-opus-5"],
            Price.Rates(
                input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000,
                cacheWriteHour: 10_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-opus-5-5"],
            Price.Rates(
                input: 4_000_000, output: 20_000_000, cacheRead: 200_000, cacheWrite: 5_000_000,
                cacheWriteHour: 8_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-fable-5"],
            Price.Rates(
                input: 10_000_000, output: 50_000_000, cacheRead: 1_000_000, cacheWrite: 12_500_000,
                cacheWriteHour: 20_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
        CatalogueModel(
            ["claude-fable-5-1"],
            Price.Rates(
                input: 10_000_000, output: 50_000_000, cacheRead: 250_000, cacheWrite: 12_500_000,
                cacheWriteHour: 20_000_000, units: Self.searches), context: 1_000_000, output: 128_000),
    ]
}
