import Domain

/// developers.openai.com/api/docs/pricing
extension PagePrice {
    private static let gpt4o = Price(
        list("2.50", "10.00", [.cacheRead: "1.25"]),
        services: [.priority: list("4.25", "17.00", [.cacheRead: "2.125"]), .batch: list("1.25", "5.00")])
    private static let gpt4oMini = Price(
        list("0.15", "0.60", [.cacheRead: "0.075"]),
        services: [.priority: list("0.25", "1.00", [.cacheRead: "0.125"])])
    private static let gpt5 = Price(
        list("1.25", "10.00", [.cacheRead: "0.125"], [.query: "0.01"]),
        services: [
            .flex: list("0.625", "5.00", [.cacheRead: "0.0625"]), .batch: list("0.625", "5.00", [.cacheRead: "0.0625"]),
            .priority: list("2.50", "20.00", [.cacheRead: "0.25"]),
        ])
    private static let o4Mini = Price(
        list("1.10", "4.40", [.cacheRead: "0.275"]), services: [.flex: list("0.55", "2.20", [.cacheRead: "0.138"])])
    private static let gpt54 = Price(
        list("2.50", "15.00", [.cacheRead: "0.25"], above: [tier(272_000, "5.00", "22.50", [.cacheRead: "0.50"])]),
        services: [
            .flex: list(
                "1.25", "7.50", [.cacheRead: "0.13"], above: [tier(272_000, "2.50", "11.25", [.cacheRead: "0.25"])]),
            .priority: list("5.00", "30.00", [.cacheRead: "0.50"]),
        ])
    private static let gpt6Astra = Price(
        list(
            "10.00", "50.00", [.cacheRead: "1.00", .cacheWrite: "12.50"],
            above: [tier(272_000, "20.00", "75.00", [.cacheRead: "2.00", .cacheWrite: "25.00"])]),
        services: [
            .priority: list(
                "20.00", "100.00", [.cacheRead: "2.00", .cacheWrite: "25.00"],
                above: [tier(272_000, "40.00", "150.00", [.cacheRead: "4.00", .cacheWrite: "50.00"])]),
            .ultrafast: list(
                "60.00", "300.00", [.cacheRead: "6.00", .cacheWrite: "75.00"],
                above: [tier(272_000, "120.00", "450.00", [.cacheRead: "12.00", .cacheWrite: "150.00"])]),
        ])
    private static let gptAudio = Price(list("2.50", "10.00", [.audioInput: "32.00", .audioOutput: "64.00"]))
    private static let gptRealtime = Price(
        list(
            "4.00", "16.00",
            [
                .cacheRead: "0.40", .audioInput: "32.00", .audioOutput: "64.00", .image: "5.00",
                .cacheReadAudio: "0.40",
                .cacheReadImage: "0.50",
            ]))
    private static let gptImage1 = Price(
        list(
            "5.00", "0.00",
            [.cacheRead: "1.25", .image: "10.00", .cacheReadImage: "2.50", .imageOutput: "40.00"]))
    private static let gptImage15 = Price(
        list(
            "5.00", "10.00",
            [.cacheRead: "1.25", .image: "8.00", .cacheReadImage: "2.00", .imageOutput: "32.00"]))
    private static let gptImage1Mini = Price(
        list("2.00", "0.00", [.cacheRead: "0.20", .image: "2.50", .cacheReadImage: "0.25", .imageOutput: "8.00"]))
    private static let embedding3Small = Price(list("0.02", "0.00"), services: [.batch: list("0.01", "0.00")])
    private static let embedding3Large = Price(list("0.13", "0.00"))
    // $0.10 a second.
    private static let sora2 = Price(list("0.00", "0.00", [:], [.videoOutput: "0.10"]))
    // $0.006 a minute.
    private static let whisper1 = Price(list("0.00", "0.00", [:], [.audioInput: "0.0001"]))
    // $15 a million characters.
    private static let tts1 = Price(list("0.00", "0.00", [:], [.characterInput: "0.000015"]))
    private static let gpt4oMiniTTS = Price(list("0.60", "0.00", [.audioOutput: "12.00"]))

    static let openAI: [PageExpectation] = [
        // 1117 × 2500 + 1024 × 1250 + 46 × 10,000 = 2,792,500 + 1,280,000 + 460,000
        PageExpectation("gpt-4o", gpt4o, TokenUsage(input: 1117, cacheRead: 1024, output: 46), 4_532_500),
        // 1117 × 4250 + 1024 × 2125 + 46 × 17,000 = 4,747,250 + 2,176,000 + 782,000
        PageExpectation(
            "gpt-4o, priority", gpt4o, TokenUsage(input: 1117, cacheRead: 1024, output: 46), at: .priority, 7_705_250),
        // The batch list has nothing for what is cached: 2141 × 1250 + 46 × 5000 = 2,676,250 + 230,000
        PageExpectation(
            "gpt-4o, batch", gpt4o, TokenUsage(input: 1117, cacheRead: 1024, output: 46), at: .batch, 2_906_250),
        // It is not sold as flex: 100 × 2500 + 10 × 10,000
        PageExpectation("gpt-4o, flex", gpt4o, TokenUsage(input: 100, output: 10), at: .flex, 350_000),
        // 83 × 150 + 9 × 600 = 12,450 + 5400
        PageExpectation("gpt-4o-mini", gpt4oMini, TokenUsage(input: 83, output: 9), 17_850),
        // 83 × 250 + 1 × 125 + 9 × 1000 = 20,750 + 125 + 9000
        PageExpectation(
            "gpt-4o-mini, priority", gpt4oMini, TokenUsage(input: 83, cacheRead: 1, output: 9), at: .priority, 29_875),
        // 1234 × 1250 + 5632 × 125 + 2295 × 10,000 = 1,542,500 + 704,000 + 22,950,000
        PageExpectation(
            "gpt-5", gpt5, TokenUsage(input: 1234, cacheRead: 5632, output: 311, reasoning: 1984), 25_196_500),
        // 1234 × 625 + 5632 × 62.5 + 2295 × 5000 = 771,250 + 352,000 + 11,475,000
        PageExpectation(
            "gpt-5, flex", gpt5, TokenUsage(input: 1234, cacheRead: 5632, output: 311, reasoning: 1984), at: .flex,
            12_598_250),
        // 62.5
        PageExpectation("gpt-5, flex, one token", gpt5, TokenUsage(cacheRead: 1), at: .flex, 63),
        // 10 × 2500 + 3 × 20,000
        PageExpectation("gpt-5, priority", gpt5, TokenUsage(input: 10, output: 3), at: .priority, 85_000),
        // 3 × 62.5 + 5000 = 5187.5
        PageExpectation("gpt-5, batch", gpt5, TokenUsage(cacheRead: 3, output: 1), at: .batch, 5188),
        // 2000 × 1250 + 100 × 10,000 + 3 × 10,000,000 = 2,500,000 + 1,000,000 + 30,000,000
        PageExpectation(
            "gpt-5, three searches", gpt5, TokenUsage(input: 2000, output: 100), CallUnits(.query, 3), 33_500_000),
        // 7 × 1100 + 128 × 275 + 76 × 4400 = 7700 + 35,200 + 334,400
        PageExpectation(
            "o4-mini", o4Mini, TokenUsage(input: 7, cacheRead: 128, output: 12, reasoning: 64), 377_300),
        // 7 × 550 + 128 × 138 + 76 × 2200 = 3850 + 17,664 + 167,200
        PageExpectation(
            "o4-mini, flex", o4Mini, TokenUsage(input: 7, cacheRead: 128, output: 12, reasoning: 64), at: .flex,
            188_714),
        // 272,000 × 2500 + 100 × 15,000 = 680,000,000 + 1,500,000
        PageExpectation("gpt-5.4, just not long", gpt54, TokenUsage(input: 272_000, output: 100), 681_500_000),
        // 1 × 5000 + 272,000 × 500 + 100 × 22,500 = 5000 + 136,000,000 + 2,250,000
        PageExpectation(
            "gpt-5.4, just long", gpt54, TokenUsage(input: 1, cacheRead: 272_000, output: 100), 138_255_000),
        // 300,000 × 2500 + 10 × 11,250 = 750,000,000 + 112,500
        PageExpectation(
            "gpt-5.4, flex, long", gpt54, TokenUsage(input: 300_000, output: 10), at: .flex, 750_112_500),
        // Priority has no list for long prompts: 300,000 × 5000 + 10 × 30,000
        PageExpectation(
            "gpt-5.4, priority, long", gpt54, TokenUsage(input: 300_000, output: 10), at: .priority, 1_500_300_000),
        // 20 × 10,000 + 4096 × 1000 + 1000 × 12,500 + 200 × 50,000 = 200,000 + 4,096,000 + 12,500,000 + 10,000,000
        PageExpectation(
            "gpt-6-astra", gpt6Astra, TokenUsage(input: 20, cacheRead: 4096, cacheWrite: 1000, output: 200), 26_796_000),
        // 20 × 60,000 + 4096 × 6000 + 1000 × 75,000 + 200 × 300,000 = 1,200,000 + 24,576,000 + 75,000,000 + 60,000,000
        PageExpectation(
            "gpt-6-astra, ultrafast", gpt6Astra,
            TokenUsage(input: 20, cacheRead: 4096, cacheWrite: 1000, output: 200), at: .ultrafast, 160_776_000),
        // 272,001 × 120,000 + 1 × 450,000 = 32,640,120,000 + 450,000
        PageExpectation(
            "gpt-6-astra, ultrafast, long", gpt6Astra, TokenUsage(input: 272_001, output: 1), at: .ultrafast,
            32_640_570_000),
        // 272,001 × 50,000 + 2 × 150,000 = 13,600,050,000 + 300,000
        PageExpectation(
            "gpt-6-astra, priority, long", gpt6Astra, TokenUsage(cacheWrite: 272_001, output: 2), at: .priority,
            13_600_350_000),
        // 11 × 2500 + 20 × 10,000 + 36 × 32,000 + 45 × 64,000 = 27,500 + 200,000 + 1,152,000 + 2,880,000
        PageExpectation(
            "gpt-audio", gptAudio, TokenUsage(input: 11, output: 20, audioInput: 36, audioOutput: 45), 4_259_500),
        // 119 × 4000 + 64 × 400 + 22 × 16,000 + 350 × 32,000 + 140 × 64,000 + 65 × 5000 + 128 × 400 + 10 × 500
        // = 476,000 + 25,600 + 352,000 + 11,200,000 + 8,960,000 + 325,000 + 51,200 + 5000
        PageExpectation(
            "gpt-realtime", gptRealtime,
            TokenUsage(
                input: 119, cacheRead: 64, output: 22, audioInput: 350, audioOutput: 140, image: 65,
                cacheReadAudio: 128, cacheReadImage: 10), 21_394_800),
        // 13 × 5000 + 1056 × 40,000 = 65,000 + 42,240,000
        PageExpectation("gpt-image-1, a picture", gptImage1, TokenUsage(input: 13, imageOutput: 1056), 42_305_000),
        // 50 × 5000 + 20 × 1250 + 646 × 10,000 + 64 × 2500 + 4160 × 40,000
        // = 250,000 + 25,000 + 6,460,000 + 160,000 + 166,400,000
        PageExpectation(
            "gpt-image-1, an edit", gptImage1,
            TokenUsage(input: 50, cacheRead: 20, image: 646, cacheReadImage: 64, imageOutput: 4160), 173_295_000),
        // 34 × 5000 + 60 × 10,000 + 1372 × 32,000 = 170,000 + 600,000 + 43,904,000
        PageExpectation(
            "gpt-image-1.5, text and a picture", gptImage15, TokenUsage(input: 34, output: 60, imageOutput: 1372),
            44_674_000),
        // 8 × 2000 + 272 × 8000 = 16,000 + 2,176,000
        PageExpectation("gpt-image-1-mini", gptImage1Mini, TokenUsage(input: 8, imageOutput: 272), 2_192_000),
        // 8 × 20
        PageExpectation("text-embedding-3-small", embedding3Small, TokenUsage(input: 8), 160),
        // 1,000,001 × 10
        PageExpectation(
            "text-embedding-3-small, batch", embedding3Small, TokenUsage(input: 1_000_001), at: .batch, 10_000_010),
        // 5 × 130
        PageExpectation("text-embedding-3-large", embedding3Large, TokenUsage(input: 5), 650),
        // 4.5 × 100,000,000
        PageExpectation("sora-2, 4.5 s", sora2, TokenUsage(), CallUnits(.videoOutput, 4500), 450_000_000),
        // 61.337 × 100,000
        PageExpectation("whisper-1, 61.337 s", whisper1, TokenUsage(), CallUnits(.audioInput, 61_337), 6_133_700),
        // 137 × 15,000
        PageExpectation("tts-1, 137 characters", tts1, TokenUsage(), CallUnits(.characterInput, 137), 2_055_000),
        // 20 × 600 + 250 × 12,000 = 12,000 + 3,000,000
        PageExpectation("gpt-4o-mini-tts", gpt4oMiniTTS, TokenUsage(input: 20, audioOutput: 250), 3_012_000),
    ]
}
