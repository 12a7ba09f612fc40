import Domain

/// platform.claude.com/docs/en/about-claude/pricing, ai.google.dev/gemini-api/docs/pricing
extension PagePrice {
    private static let sonnet45 = Price(
        list(
            "3.00", "15.00", [.cacheRead: "0.30", .cacheWrite: "3.75", .cacheWriteHour: "6.00"], [.query: "0.01"]),
        services: [.batch: list("1.50", "7.50", [.cacheRead: "0.15", .cacheWrite: "1.875"])])
    private static let haiku45 = Price(
        list("1.00", "5.00", [.cacheRead: "0.10", .cacheWrite: "1.25", .cacheWriteHour: "2.00"]),
        services: [.batch: list("0.50", "2.50", [.cacheRead: "0.05", .cacheWrite: "0.625"])])
    private static let haiku55 = Price(
        list(
            "0.10", "0.50", [.cacheRead: "0.01", .cacheWrite: "0.125", .cacheWriteHour: "0.20"],
            above: [
                tier(100_000, "0.50", "2.50", [.cacheRead: "0.05", .cacheWrite: "0.625", .cacheWriteHour: "1.00"])
            ]),
        services: [
            .batch: list(
                "0.05", "0.25", [.cacheRead: "0.005", .cacheWrite: "0.0625"],
                above: [tier(100_000, "0.25", "1.25", [.cacheRead: "0.025", .cacheWrite: "0.3125"])])
        ])
    private static let fable51 = Price(
        list("10.00", "50.00", [.cacheRead: "0.25", .cacheWrite: "12.50", .cacheWriteHour: "20.00"]))

    static let anthropic: [PageExpectation] = [
        // 21 × 3000 + 188,086 × 3750 + 393 × 15,000 = 63,000 + 705,322,500 + 5,895,000
        PageExpectation(
            "claude-sonnet-4-5, written", sonnet45, TokenUsage(input: 21, cacheWrite: 188_086, output: 393),
            711_280_500),
        // 9 × 3000 + 12,000 × 300 + 456 × 6000 + 77 × 15,000 = 27,000 + 3,600,000 + 2,736,000 + 1,155,000
        PageExpectation(
            "claude-sonnet-4-5, an hour", sonnet45,
            TokenUsage(input: 9, cacheRead: 12_000, cacheWriteHour: 456, output: 77), 7_518_000),
        // 1001 × 1500 + 333 × 7500 = 1,501,500 + 2,497,500
        PageExpectation(
            "claude-sonnet-4-5, batch", sonnet45, TokenUsage(input: 1001, output: 333), at: .batch, 3_999_000),
        // 4500 × 3000 + 250 × 15,000 + 2 × 10,000,000 = 13,500,000 + 3,750,000 + 20,000,000
        PageExpectation(
            "claude-sonnet-4-5, two searches", sonnet45, TokenUsage(input: 4500, output: 250), CallUnits(.query, 2),
            37_250_000),
        // 10 × 1000 + 20 × 100 + 30 × 1250 + 40 × 2000 + 50 × 5000 = 10,000 + 2000 + 37,500 + 80,000 + 250,000
        PageExpectation(
            "claude-haiku-4-5, all caches", haiku45,
            TokenUsage(input: 10, cacheRead: 20, cacheWrite: 30, cacheWriteHour: 40, output: 50), 379_500),
        // 1 × 50 + 1 × 625
        PageExpectation(
            "claude-haiku-4-5, batch", haiku45, TokenUsage(cacheRead: 1, cacheWrite: 1), at: .batch, 675),
        // 50,000 × 100 + 50,000 × 10 + 10 × 500 = 5,000,000 + 500,000 + 5000
        PageExpectation(
            "claude-haiku-5-5, just not long", haiku55, TokenUsage(input: 50_000, cacheRead: 50_000, output: 10),
            5_505_000),
        // 50,001 × 500 + 50,000 × 50 + 10 × 2500 = 25,000,500 + 2,500,000 + 25,000
        PageExpectation(
            "claude-haiku-5-5, just long", haiku55, TokenUsage(input: 50_001, cacheRead: 50_000, output: 10),
            27_525_500),
        // 100,001 × 250 + 3 × 1250 = 25,000,250 + 3750
        PageExpectation(
            "claude-haiku-5-5, batch, long", haiku55, TokenUsage(input: 100_001, output: 3), at: .batch, 25_004_000),
        // 3 × 10,000 + 100,001 × 250 + 7 × 20,000 + 11 × 50,000 = 30,000 + 25,000,250 + 140,000 + 550,000
        PageExpectation(
            "claude-fable-5-1", fable51, TokenUsage(input: 3, cacheRead: 100_001, cacheWriteHour: 7, output: 11),
            25_720_250),
    ]

    private static let pro25 = Price(
        list("1.25", "10.00", [.cacheRead: "0.125"], above: [tier(200_000, "2.50", "15.00", [.cacheRead: "0.25"])]),
        services: [
            .priority: list(
                "2.25", "18.00", [.cacheRead: "0.225"],
                above: [tier(200_000, "4.50", "27.00", [.cacheRead: "0.45"])]),
            .batch: list(
                "0.625", "5.00", [.cacheRead: "0.125"],
                above: [tier(200_000, "1.25", "7.50", [.cacheRead: "0.25"])]),
        ])
    private static let flash25 = Price(
        list(
            "0.30", "2.50", [.cacheRead: "0.03", .audioInput: "1.00", .cacheReadAudio: "0.10"], [.query: "0.035"]),
        services: [
            .priority: list("0.54", "4.50", [.cacheRead: "0.054", .audioInput: "1.80", .cacheReadAudio: "0.18"]),
            .flex: list("0.15", "1.25", [.cacheRead: "0.03", .audioInput: "0.50", .cacheReadAudio: "0.10"]),
        ])
    private static let flashLite25 = Price(
        list("0.10", "0.40", [.cacheRead: "0.01", .audioInput: "0.30", .cacheReadAudio: "0.03"]))
    private static let flashImage25 = Price(list("0.30", "2.50", [.imageOutput: "30.00"]))
    private static let proImage3 = Price(list("2.00", "12.00", [.imageOutput: "120.00"]))
    private static let embedding2 = Price(
        list("0.20", "0.00", [.image: "0.45", .audioInput: "6.50", .videoInput: "12.00"]),
        services: [.batch: list("0.10", "0.00", [.image: "0.225", .audioInput: "3.25", .videoInput: "6.00"])])

    static let google: [PageExpectation] = [
        // 200,000 × 1250 + 1 × 10,000 = 250,000,000 + 10,000
        PageExpectation("gemini-2.5-pro, just not long", pro25, TokenUsage(input: 200_000, output: 1), 250_010_000),
        // 150,000 × 2500 + 258 × 2500 + 49,743 × 250 + 50 × 15,000 = 375,000,000 + 645,000 + 12,435,750 + 750,000
        PageExpectation(
            "gemini-2.5-pro, just long", pro25,
            TokenUsage(input: 150_000, cacheRead: 49_743, output: 20, reasoning: 30, image: 258), 388_830_750),
        // 200,001 × 4500 + 4 × 27,000 = 900,004,500 + 108,000
        PageExpectation(
            "gemini-2.5-pro, priority, long", pro25, TokenUsage(input: 200_001, output: 4), at: .priority,
            900_112_500),
        // 200,001 × 250 + 2 × 7500 = 50,000,250 + 15,000
        PageExpectation(
            "gemini-2.5-pro, batch, long", pro25, TokenUsage(cacheRead: 200_001, output: 2), at: .batch, 50_015_250),
        // 25 × 300 + 1920 × 1000 + 960 × 100 + 552 × 2500 = 7500 + 1,920,000 + 96,000 + 1,380,000
        PageExpectation(
            "gemini-2.5-flash, heard", flash25,
            TokenUsage(input: 25, output: 40, reasoning: 512, audioInput: 1920, cacheReadAudio: 960), 3_403_500),
        // 25 × 540 + 1920 × 1800 + 960 × 180 + 552 × 4500 = 13,500 + 3,456,000 + 172,800 + 2,484,000
        PageExpectation(
            "gemini-2.5-flash, heard, priority", flash25,
            TokenUsage(input: 25, output: 40, reasoning: 512, audioInput: 1920, cacheReadAudio: 960), at: .priority,
            6_126_300),
        // 100 × 30 + 3 × 500
        PageExpectation(
            "gemini-2.5-flash, flex", flash25, TokenUsage(cacheRead: 100, audioInput: 3), at: .flex, 4500),
        // 40 × 300 + 60 × 2500 + 35,000,000 = 12,000 + 150,000 + 35,000,000
        PageExpectation(
            "gemini-2.5-flash, grounded", flash25, TokenUsage(input: 40, output: 60), CallUnits(.query, 1), 35_162_000),
        // 3 × 100 + 333 × 10 + 7 × 300 + 1 × 400 = 300 + 3330 + 2100 + 400
        PageExpectation(
            "gemini-2.5-flash-lite", flashLite25, TokenUsage(input: 3, cacheRead: 333, output: 1, audioInput: 7), 6130),
        // 12 × 300 + 1290 × 30,000 = 3600 + 38,700,000
        PageExpectation("gemini-2.5-flash-image", flashImage25, TokenUsage(input: 12, imageOutput: 1290), 38_703_600),
        // 100 × 2000 + 70 × 12,000 + 1120 × 120,000 = 200,000 + 840,000 + 134,400,000
        PageExpectation(
            "gemini-3-pro-image", proImage3, TokenUsage(input: 100, output: 20, reasoning: 50, imageOutput: 1120),
            135_440_000),
        // 10 × 200 + 258 × 450 + 32 × 6500 + 129 × 12,000 = 2000 + 116,100 + 208,000 + 1,548,000
        PageExpectation(
            "gemini-embedding-2", embedding2, TokenUsage(input: 10, audioInput: 32, image: 258, videoInput: 129),
            1_874_100),
        // 100 + 225 + 3250 + 6000
        PageExpectation(
            "gemini-embedding-2, batch", embedding2, TokenUsage(input: 1, audioInput: 1, image: 1, videoInput: 1),
            at: .batch, 9575),
    ]
}
