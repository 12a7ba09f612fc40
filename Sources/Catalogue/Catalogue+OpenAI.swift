internal import Domain

extension Catalogue {
    /// Its models take `max_completion_tokens`; those that reason refuse `max_tokens`.
    static let openAI: [CatalogueModel] = [
        CatalogueModel(
            ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
            Price.Rates(input: 2_500_000, output: 10_000_000, cacheRead: 1_250_000),
            services: [.priority: PriceList(Price.Rates(input: 4_250_000, output: 17_000_000, cacheRead: 2_125_000))],
            context: 128_000, output: 16_384,
            .maxCompletionTokens),
        CatalogueModel(
            ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"], Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000),
            services: [.priority: PriceList(Price.Rates(input: 250_000, output: 1_000_000, cacheRead: 125_000))],
            context: 128_000, output: 16_384, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-4.1", "gpt-4.1-2025-04-14"], Price.Rates(input: 2_000_000, output: 8_000_000, cacheRead: 500_000),
            services: [.priority: PriceList(Price.Rates(input: 3_500_000, output: 14_000_000, cacheRead: 875_000))],
            context: 1_047_576, output: 32_768, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"],
            Price.Rates(input: 400_000, output: 1_600_000, cacheRead: 100_000),
            services: [.priority: PriceList(Price.Rates(input: 700_000, output: 2_800_000, cacheRead: 175_000))],
            context: 1_047_576, output: 32_768,
            .maxCompletionTokens),
        CatalogueModel(
            ["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"],
            Price.Rates(input: 100_000, output: 400_000, cacheRead: 25_000),
            services: [.priority: PriceList(Price.Rates(input: 200_000, output: 800_000, cacheRead: 50_000))],
            context: 1_047_576, output: 32_768,
            .maxCompletionTokens),
        CatalogueModel(
            ["o1", "o1-2024-12-17"], Price.Rates(input: 15_000_000, output: 60_000_000, cacheRead: 7_500_000),
            context: 200_000, output: 100_000, .maxCompletionTokens),
        CatalogueModel(
            ["o3", "o3-2025-04-16"], Price.Rates(input: 2_000_000, output: 8_000_000, cacheRead: 500_000),
            services: [
                .priority: PriceList(Price.Rates(input: 3_500_000, output: 14_000_000, cacheRead: 875_000)),
                .flex: PriceList(Price.Rates(input: 1_000_000, output: 4_000_000, cacheRead: 250_000)),
            ], context: 200_000, output: 100_000, .maxCompletionTokens),
        CatalogueModel(
            ["o3-mini", "o3-mini-2025-01-31"], Price.Rates(input: 1_100_000, output: 4_400_000, cacheRead: 550_000),
            context: 200_000, output: 100_000, .maxCompletionTokens),
        CatalogueModel(
            ["o4-mini", "o4-mini-2025-04-16"], Price.Rates(input: 1_100_000, output: 4_400_000, cacheRead: 275_000),
            services: [
                .priority: PriceList(Price.Rates(input: 2_000_000, output: 8_000_000, cacheRead: 500_000)),
                .flex: PriceList(Price.Rates(input: 550_000, output: 2_200_000, cacheRead: 138_000)),
            ], context: 200_000, output: 100_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5", "gpt-5-2025-08-07"], Price.Rates(input: 1_250_000, output: 10_000_000, cacheRead: 125_000),
            services: [
                .priority: PriceList(Price.Rates(input: 2_500_000, output: 20_000_000, cacheRead: 250_000)),
                .flex: PriceList(Price.Rates(input: 625_000, output: 5_000_000, cacheRead: 62_500)),
            ], context: 400_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5-mini", "gpt-5-mini-2025-08-07"], Price.Rates(input: 250_000, output: 2_000_000, cacheRead: 25_000),
            services: [
                .priority: PriceList(Price.Rates(input: 450_000, output: 3_600_000, cacheRead: 45_000)),
                .flex: PriceList(Price.Rates(input: 125_000, output: 1_000_000, cacheRead: 12_500)),
            ], context: 400_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5-nano", "gpt-5-nano-2025-08-07"], Price.Rates(input: 50_000, output: 400_000, cacheRead: 5_000),
            services: [.flex: PriceList(Price.Rates(input: 25_000, output: 200_000, cacheRead: 2_500))],
            context: 400_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.1", "gpt-5.1-2025-11-13"], Price.Rates(input: 1_250_000, output: 10_000_000, cacheRead: 125_000),
            services: [
                .priority: PriceList(Price.Rates(input: 2_500_000, output: 20_000_000, cacheRead: 250_000)),
                .flex: PriceList(Price.Rates(input: 625_000, output: 5_000_000, cacheRead: 62_500)),
            ], context: 400_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.2", "gpt-5.2-2025-12-11"], Price.Rates(input: 1_750_000, output: 14_000_000, cacheRead: 175_000),
            services: [
                .priority: PriceList(Price.Rates(input: 3_500_000, output: 28_000_000, cacheRead: 350_000)),
                .flex: PriceList(Price.Rates(input: 875_000, output: 7_000_000, cacheRead: 87_500)),
            ], context: 400_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.4", "gpt-5.4-2026-03-05"], Price.Rates(input: 2_500_000, output: 15_000_000, cacheRead: 250_000),
            tiers: [
                PromptTier(
                    above: 272_000, rates: Price.Rates(input: 5_000_000, output: 22_500_000, cacheRead: 500_000))
            ],
            services: [
                .priority: PriceList(Price.Rates(input: 5_000_000, output: 30_000_000, cacheRead: 500_000)),
                .flex: PriceList(
                    Price.Rates(input: 1_250_000, output: 7_500_000, cacheRead: 130_000),
                    tiers: [
                        PromptTier(
                            above: 272_000, rates: Price.Rates(input: 2_500_000, output: 11_250_000, cacheRead: 250_000)
                        )
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"],
            Price.Rates(input: 750_000, output: 4_500_000, cacheRead: 75_000),
            services: [
                .priority: PriceList(Price.Rates(input: 1_500_000, output: 9_000_000, cacheRead: 150_000)),
                .flex: PriceList(Price.Rates(input: 375_000, output: 2_250_000, cacheRead: 37_500)),
            ], context: 400_000, output: 128_000,
            .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"],
            Price.Rates(input: 200_000, output: 1_250_000, cacheRead: 20_000),
            services: [.flex: PriceList(Price.Rates(input: 100_000, output: 625_000, cacheRead: 10_000))],
            context: 400_000, output: 128_000,
            .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.5", "gpt-5.5-2026-04-23"], Price.Rates(input: 5_000_000, output: 30_000_000, cacheRead: 500_000),
            tiers: [
                PromptTier(
                    above: 272_000, rates: Price.Rates(input: 10_000_000, output: 45_000_000, cacheRead: 1_000_000))
            ],
            services: [
                .priority: PriceList(Price.Rates(input: 12_500_000, output: 75_000_000, cacheRead: 1_250_000)),
                .flex: PriceList(
                    Price.Rates(input: 2_500_000, output: 15_000_000, cacheRead: 250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000, rates: Price.Rates(input: 5_000_000, output: 22_500_000, cacheRead: 500_000)
                        )
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.6", "gpt-5.6-sol"],
            Price.Rates(input: 4_000_000, output: 20_000_000, cacheRead: 400_000, cacheWrite: 5_000_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 8_000_000, output: 30_000_000, cacheRead: 800_000, cacheWrite: 10_000_000)
                )
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 8_000_000, output: 40_000_000, cacheRead: 800_000, cacheWrite: 10_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 16_000_000, output: 60_000_000, cacheRead: 1_600_000, cacheWrite: 20_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 200_000, cacheWrite: 2_500_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 4_000_000, output: 15_000_000, cacheRead: 400_000, cacheWrite: 5_000_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.6-terra"],
            Price.Rates(input: 2_000_000, output: 12_000_000, cacheRead: 200_000, cacheWrite: 2_500_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 4_000_000, output: 18_000_000, cacheRead: 400_000, cacheWrite: 5_000_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 4_000_000, output: 24_000_000, cacheRead: 400_000, cacheWrite: 5_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 8_000_000, output: 36_000_000, cacheRead: 800_000, cacheWrite: 10_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 1_000_000, output: 6_000_000, cacheRead: 100_000, cacheWrite: 1_250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 2_000_000, output: 9_000_000, cacheRead: 200_000, cacheWrite: 2_500_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-5.6-luna"], Price.Rates(input: 200_000, output: 1_200_000, cacheRead: 20_000, cacheWrite: 250_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 400_000, output: 1_800_000, cacheRead: 40_000, cacheWrite: 500_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 400_000, output: 2_400_000, cacheRead: 40_000, cacheWrite: 500_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 800_000, output: 3_600_000, cacheRead: 80_000, cacheWrite: 1_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 100_000, output: 600_000, cacheRead: 10_000, cacheWrite: 125_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(input: 200_000, output: 900_000, cacheRead: 20_000, cacheWrite: 250_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-6-astra"],
            Price.Rates(input: 10_000_000, output: 50_000_000, cacheRead: 1_000_000, cacheWrite: 12_500_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(
                        input: 20_000_000, output: 75_000_000, cacheRead: 2_000_000, cacheWrite: 25_000_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 20_000_000, output: 100_000_000, cacheRead: 2_000_000, cacheWrite: 25_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 40_000_000, output: 150_000_000, cacheRead: 4_000_000, cacheWrite: 50_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 5_000_000, output: 25_000_000, cacheRead: 500_000, cacheWrite: 6_250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 10_000_000, output: 37_500_000, cacheRead: 1_000_000, cacheWrite: 12_500_000))
                    ]),
                .ultrafast: PriceList(
                    Price.Rates(input: 60_000_000, output: 300_000_000, cacheRead: 6_000_000, cacheWrite: 75_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 120_000_000, output: 450_000_000, cacheRead: 12_000_000, cacheWrite: 150_000_000)
                        )
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-6-sol"], Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 200_000, cacheWrite: 2_500_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 4_000_000, output: 15_000_000, cacheRead: 400_000, cacheWrite: 5_000_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 4_000_000, output: 20_000_000, cacheRead: 400_000, cacheWrite: 5_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 8_000_000, output: 30_000_000, cacheRead: 800_000, cacheWrite: 10_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 1_000_000, output: 5_000_000, cacheRead: 100_000, cacheWrite: 1_250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 2_000_000, output: 7_500_000, cacheRead: 200_000, cacheWrite: 2_500_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-6-luna"], Price.Rates(input: 100_000, output: 500_000, cacheRead: 10_000, cacheWrite: 125_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 200_000, output: 750_000, cacheRead: 20_000, cacheWrite: 250_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 200_000, output: 1_000_000, cacheRead: 20_000, cacheWrite: 250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 400_000, output: 1_500_000, cacheRead: 40_000, cacheWrite: 500_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 50_000, output: 250_000, cacheRead: 5_000, cacheWrite: 62_500),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(input: 100_000, output: 375_000, cacheRead: 10_000, cacheWrite: 125_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-6.1-sol"],
            Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 100_000, cacheWrite: 2_500_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 4_000_000, output: 15_000_000, cacheRead: 200_000, cacheWrite: 5_000_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 4_000_000, output: 20_000_000, cacheRead: 200_000, cacheWrite: 5_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 8_000_000, output: 30_000_000, cacheRead: 400_000, cacheWrite: 10_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 1_000_000, output: 5_000_000, cacheRead: 50_000, cacheWrite: 1_250_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 2_000_000, output: 7_500_000, cacheRead: 100_000, cacheWrite: 2_500_000))
                    ]),
                .ultrafast: PriceList(
                    Price.Rates(input: 12_000_000, output: 60_000_000, cacheRead: 600_000, cacheWrite: 15_000_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 24_000_000, output: 90_000_000, cacheRead: 1_200_000, cacheWrite: 30_000_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-6.1-terra"],
            Price.Rates(input: 1_000_000, output: 5_000_000, cacheRead: 50_000, cacheWrite: 1_250_000),
            tiers: [
                PromptTier(
                    above: 272_000,
                    rates: Price.Rates(input: 2_000_000, output: 7_500_000, cacheRead: 100_000, cacheWrite: 2_500_000))
            ],
            services: [
                .priority: PriceList(
                    Price.Rates(input: 2_000_000, output: 10_000_000, cacheRead: 100_000, cacheWrite: 2_500_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 4_000_000, output: 15_000_000, cacheRead: 200_000, cacheWrite: 5_000_000))
                    ]),
                .flex: PriceList(
                    Price.Rates(input: 500_000, output: 2_500_000, cacheRead: 25_000, cacheWrite: 625_000),
                    tiers: [
                        PromptTier(
                            above: 272_000,
                            rates: Price.Rates(
                                input: 1_000_000, output: 3_750_000, cacheRead: 50_000, cacheWrite: 1_250_000))
                    ]),
            ], context: 1_050_000, output: 128_000, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-audio", "gpt-audio-2025-08-28"],
            Price.Rates(input: 2_500_000, output: 10_000_000, audioInput: 32_000_000, audioOutput: 64_000_000),
            context: 128_000, output: 16_384, .maxCompletionTokens),
        CatalogueModel(
            ["gpt-audio-mini", "gpt-audio-mini-2025-10-06"],
            Price.Rates(input: 600_000, output: 2_400_000, audioInput: 10_000_000, audioOutput: 20_000_000),
            context: 128_000, output: 16_384, .maxCompletionTokens),
        CatalogueModel(
            ["text-embedding-3-large"], Price.Rates(input: 130_000, output: 0), context: 8_192, output: nil,
            .maxCompletionTokens),
        CatalogueModel(
            ["text-embedding-3-small"], Price.Rates(input: 20_000, output: 0), context: 8_192, output: nil,
            .maxCompletionTokens),
        CatalogueModel(
            ["text-embedding-ada-002"], Price.Rates(input: 100_000, output: 0), context: 8_192, output: nil,
            .maxCompletionTokens),
    ]
}
