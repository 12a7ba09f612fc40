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
            services: [
                .priority: PriceList(
                    Price.Rates(input: 2_250_000, output: 18_000_000, cacheRead: 225_000),
                    tiers: [
                        PromptTier(
                            above: 200_000, rates: Price.Rates(input: 4_500_000, output: 27_000_000, cacheRead: 450_000)
                        )
                    ])
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-2.5-flash"],
            Price.Rates(
                input: 300_000, output: 2_500_000, cacheRead: 30_000, audioInput: 1_000_000, cacheReadAudio: 100_000),
            services: [
                .priority: PriceList(
                    Price.Rates(
                        input: 540_000, output: 4_500_000, cacheRead: 54_000, audioInput: 1_800_000,
                        cacheReadAudio: 180_000)),
                .flex: PriceList(
                    Price.Rates(
                        input: 150_000, output: 1_250_000, cacheRead: 30_000, audioInput: 500_000,
                        cacheReadAudio: 100_000)),
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-2.5-flash-lite"],
            Price.Rates(
                input: 100_000, output: 400_000, cacheRead: 10_000, audioInput: 300_000, cacheReadAudio: 30_000),
            services: [
                .priority: PriceList(
                    Price.Rates(
                        input: 180_000, output: 720_000, cacheRead: 18_000, audioInput: 540_000, cacheReadAudio: 54_000)
                ),
                .flex: PriceList(
                    Price.Rates(
                        input: 50_000, output: 200_000, cacheRead: 10_000, audioInput: 150_000, cacheReadAudio: 30_000)),
            ], context: 1_048_576,
            output: 65_536),
        CatalogueModel(
            ["gemini-3-flash-preview"],
            Price.Rates(
                input: 500_000, output: 3_000_000, cacheRead: 50_000, audioInput: 1_000_000, cacheReadAudio: 100_000),
            services: [
                .priority: PriceList(
                    Price.Rates(
                        input: 900_000, output: 5_400_000, cacheRead: 90_000, audioInput: 1_800_000,
                        cacheReadAudio: 180_000)),
                .flex: PriceList(
                    Price.Rates(
                        input: 250_000, output: 1_500_000, cacheRead: 50_000, audioInput: 500_000,
                        cacheReadAudio: 100_000)),
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.1-pro-preview", "gemini-pro-latest"],
            Price.Rates(input: 2_000_000, output: 12_000_000, cacheRead: 200_000),
            tiers: [
                PromptTier(
                    above: 200_000, rates: Price.Rates(input: 4_000_000, output: 18_000_000, cacheRead: 400_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 3_600_000, output: 21_600_000, cacheRead: 360_000),
                    tiers: [
                        PromptTier(
                            above: 200_000, rates: Price.Rates(input: 7_200_000, output: 32_400_000, cacheRead: 720_000)
                        )
                    ])
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.1-flash-lite", "gemini-3.1-flash-lite-preview"],
            Price.Rates(
                input: 250_000, output: 1_500_000, cacheRead: 25_000, audioInput: 500_000, cacheReadAudio: 50_000),
            services: [
                .priority: PriceList(
                    Price.Rates(
                        input: 450_000, output: 2_700_000, cacheRead: 45_000, audioInput: 900_000,
                        cacheReadAudio: 90_000)),
                .flex: PriceList(
                    Price.Rates(
                        input: 125_000, output: 750_000, cacheRead: 12_500, audioInput: 250_000, cacheReadAudio: 25_000)
                ),
            ], context: 1_048_576,
            output: 65_536),
        CatalogueModel(
            ["gemini-3.5-flash"], Price.Rates(input: 1_500_000, output: 9_000_000, cacheRead: 150_000),
            services: [
                .priority: PriceList(Price.Rates(input: 2_700_000, output: 16_200_000, cacheRead: 270_000)),
                .flex: PriceList(Price.Rates(input: 750_000, output: 4_500_000, cacheRead: 80_000)),
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.5-flash-lite", "gemini-flash-lite-latest"],
            Price.Rates(input: 300_000, output: 2_500_000, cacheRead: 30_000),
            services: [
                .priority: PriceList(Price.Rates(input: 540_000, output: 4_500_000, cacheRead: 50_000)),
                .flex: PriceList(Price.Rates(input: 150_000, output: 1_250_000, cacheRead: 20_000)),
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.6-flash", "gemini-flash-latest"],
            Price.Rates(input: 750_000, output: 3_750_000, cacheRead: 75_000),
            services: [
                .priority: PriceList(Price.Rates(input: 1_350_000, output: 6_750_000, cacheRead: 135_000)),
                .flex: PriceList(Price.Rates(input: 375_000, output: 1_875_000, cacheRead: 37_500)),
            ], context: 1_048_576, output: 65_536),
        CatalogueModel(
            ["gemini-4-argon"], Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 100_000),
            services: [
                .priority: PriceList(Price.Rates(input: 3_600_000, output: 18_000_000, cacheRead: 180_000)),
                .flex: PriceList(Price.Rates(input: 1_000_000, output: 5_000_000, cacheRead: 50_000)),
            ], context: 1_048_576, output: 1_048_576),
        CatalogueModel(["gemini-embedding-001"], Price.Rates(input: 150_000, output: 0), context: 2_048, output: nil),
        CatalogueModel(
            ["gemini-embedding-2"], Price.Rates(input: 200_000, output: 0, audioInput: 6_500_000), context: 8_192,
            output: nil),
    ]
}
