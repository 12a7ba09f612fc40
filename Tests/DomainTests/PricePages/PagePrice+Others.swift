import Domain

extension PagePrice {
    // docs.x.ai/developers/pricing; the long list holds from 200,000 prompt tokens on.
    private static let grok43 = Price(
        list("1.25", "2.50", [.cacheRead: "0.20"], above: [tier(199_999, "2.50", "5.00", [.cacheRead: "0.40"])]))
    private static let grokImagine = Price(list("0.00", "0.00", [:], [.imageOutput: "0.02"]))
    // docs.mistral.ai: $0.003 a minute; mistral.ai/pricing: $4 a thousand pages, $2 in batches.
    private static let voxtralMini = Price(list("0.00", "0.00", [:], [.audioInput: "0.00005"]))
    private static let mistralOCR = Price(
        list("0.00", "0.00", [:], [.page: "0.004"]),
        services: [.batch: list("0.00", "0.00", [:], [.page: "0.002"])])
    // api-docs.deepseek.com/quick_start/pricing
    private static let deepSeekFlash = Price(list("0.30", "1.20", [.cacheRead: "0.006"]))
    // groq.com/pricing: $0.111 an hour.
    private static let whisperLarge = Price(list("0.00", "0.00", [:], [.audioInput: "0.00003083"]))
    private static let gptOSS = Price(list("0.15", "0.60", [.cacheRead: "0.075"]))
    // docs.perplexity.ai/getting-started/pricing: $5, $8, $12 a thousand requests by the size of their context.
    private static let sonar = Price(
        list("1.00", "1.00", [:], [.queryLow: "0.005", .query: "0.008", .queryHigh: "0.012"]))
    private static let deepResearch = Price(
        list("2.00", "8.00", [.citation: "2.00", .reasoning: "3.00"], [.query: "0.005"]))
    // The same page in 2024: $5 a thousand requests, and the output.
    private static let online70B = Price(list("0.00", "2.80", [:], [.request: "0.005"]))
    // alibabacloud.com/help/en/model-studio/models
    private static let qwenCoder = Price(
        list(
            "0.30", "1.50", [.cacheRead: "0.08"],
            above: [
                tier(128_000, "0.80", "4.00", [.cacheRead: "0.20"]), tier(32_000, "0.50", "2.50", [.cacheRead: "0.12"]),
                tier(256_000, "1.60", "9.60", [.cacheRead: "0.40"]),
            ]))
    private static let qwenPlus = Price(
        list(
            "0.40", "1.20", [.reasoning: "4.00"], above: [tier(256_000, "1.20", "3.60", [.reasoning: "12.00"])]))
    // platform.minimax.io
    private static let miniMaxM3 = Price(
        list("0.30", "1.20", [.cacheRead: "0.06"], above: [tier(512_000, "0.60", "2.40", [.cacheRead: "0.12"])]))
    // aws.amazon.com/bedrock/pricing
    private static let novaEmbeddings = Price(
        list(
            "0.135", "0.00", [:], [.imageInput: "0.00006", .videoInput: "0.0007", .audioInput: "0.00014"]))
    // cohere.com/pricing: $2 a thousand searches.
    private static let rerank = Price(list("0.00", "0.00", [:], [.query: "0.002"]))
    // elevenlabs.io/pricing/api, deepgram.com/pricing
    private static let multilingual = Price(list("0.00", "0.00", [:], [.characterInput: "0.00008"]))
    private static let nova3 = Price(list("0.00", "0.00", [:], [.audioInput: "0.00007167"]))

    static let others: [PageExpectation] = [
        // 199,999 × 1250 + 10 × 2500 = 249,998,750 + 25,000
        PageExpectation("grok-4.3, just not long", grok43, TokenUsage(input: 199_999, output: 10), 250_023_750),
        // 200,000 × 2500 + 10 × 5000 = 500,000,000 + 50,000
        PageExpectation("grok-4.3, just long", grok43, TokenUsage(input: 200_000, output: 10), 500_050_000),
        // 3 × 20,000,000
        PageExpectation("grok-imagine, three", grokImagine, TokenUsage(), CallUnits(.imageOutput, 3), 60_000_000),
        // 90.5 × 50,000
        PageExpectation("voxtral-mini, 90.5 s", voxtralMini, TokenUsage(), CallUnits(.audioInput, 90_500), 4_525_000),
        // 17 × 4,000,000
        PageExpectation("mistral-ocr, 17 pages", mistralOCR, TokenUsage(), CallUnits(.page, 17), 68_000_000),
        // 17 × 2,000,000
        PageExpectation(
            "mistral-ocr, 17 pages, batch", mistralOCR, TokenUsage(), CallUnits(.page, 17), at: .batch, 34_000_000),
        // 13 × 300 + 1000 × 6 + 7 × 1200 = 3900 + 6000 + 8400
        PageExpectation("deepseek-v4-flash", deepSeekFlash, TokenUsage(input: 13, cacheRead: 1000, output: 7), 18_300),
        // 3600 × 30,830
        PageExpectation(
            "whisper-large-v3, an hour", whisperLarge, TokenUsage(), CallUnits(.audioInput, 3_600_000), 110_988_000),
        // 72 × 150 + 56 × 600 = 10,800 + 33,600
        PageExpectation("gpt-oss-120b", gptOSS, TokenUsage(input: 72, output: 16, reasoning: 40), 44_400),
        // 14 × 1000 + 120 × 1000 + 5,000,000
        PageExpectation(
            "sonar, low", sonar, TokenUsage(input: 14, output: 120), CallUnits(.queryLow, 1), 5_134_000),
        // 14 × 1000 + 120 × 1000 + 8,000,000
        PageExpectation(
            "sonar, medium", sonar, TokenUsage(input: 14, output: 120), CallUnits(.query, 1), 8_134_000),
        // 14 × 1000 + 120 × 1000 + 12,000,000
        PageExpectation(
            "sonar, high", sonar, TokenUsage(input: 14, output: 120), CallUnits(.queryHigh, 1), 12_134_000),
        // 33 × 2000 + 7163 × 8000 + 20,016 × 2000 + 73,997 × 3000 + 18 × 5,000,000
        // = 66,000 + 57,304,000 + 40,032,000 + 221,991,000 + 90,000,000
        PageExpectation(
            "sonar-deep-research", deepResearch,
            TokenUsage(input: 33, output: 7163, reasoning: 73_997, citation: 20_016), CallUnits(.query, 18),
            409_393_000),
        // 100 × 2800 + 5,000,000
        PageExpectation("pplx-70b-online", online70B, TokenUsage(input: 50, output: 100), 5_280_000),
        // 32,000 × 300 + 100 × 1500 = 9,600,000 + 150,000
        PageExpectation("qwen3-coder-flash, first tier", qwenCoder, TokenUsage(input: 32_000, output: 100), 9_750_000),
        // 32,001 × 500 + 100 × 2500 = 16,000,500 + 250,000
        PageExpectation(
            "qwen3-coder-flash, second tier", qwenCoder, TokenUsage(input: 32_001, output: 100), 16_250_500),
        // 28,001 × 800 + 100,000 × 200 + 10 × 4000 = 22,400,800 + 20,000,000 + 40,000
        PageExpectation(
            "qwen3-coder-flash, third tier", qwenCoder, TokenUsage(input: 28_001, cacheRead: 100_000, output: 10),
            42_440_800),
        // 256,001 × 1600 + 1 × 9600 = 409,601,600 + 9600
        PageExpectation(
            "qwen3-coder-flash, fourth tier", qwenCoder, TokenUsage(input: 256_001, output: 1), 409_611_200),
        // 50 × 400 + 30 × 1200 + 400 × 4000 = 20,000 + 36,000 + 1,600,000
        PageExpectation("qwen-plus, thinking", qwenPlus, TokenUsage(input: 50, output: 30, reasoning: 400), 1_656_000),
        // 512,001 × 600 + 5 × 2400 = 307,200,600 + 12,000
        PageExpectation("MiniMax-M3, long", miniMaxM3, TokenUsage(input: 512_001, output: 5), 307_212_600),
        // 10 × 135 + 2 × 60,000 + 30.5 × 700,000 + 12.25 × 140,000 = 1350 + 120,000 + 21,350,000 + 1,715,000
        PageExpectation("nova-2-multimodal-embeddings", novaEmbeddings, TokenUsage(input: 10), media, 23_186_350),
        // 1 × 2,000,000
        PageExpectation("rerank-v3.5", rerank, TokenUsage(), CallUnits(.query, 1), 2_000_000),
        // 250 × 80,000
        PageExpectation(
            "eleven_multilingual_v2", multilingual, TokenUsage(), CallUnits(.characterInput, 250), 20_000_000),
        // 1.234 × 71,670 = 88,440.78
        PageExpectation("nova-3, 1.234 s", nova3, TokenUsage(), CallUnits(.audioInput, 1234), 88_441),
    ]

    private static let media: CallUnits = {
        var units = CallUnits(.imageInput, 2)
        units[.videoInput] = 30_500
        units[.audioInput] = 12_250
        return units
    }()
}
