import Domain
import Testing

/// What calls cost, worked out by hand: the arithmetic of each line is in its comment, in nano-USD a token.
@Suite
struct PriceCostTests {
    struct Expectation: Sendable, CustomTestStringConvertible {
        let name: String
        let price: Price
        let usage: TokenUsage
        let nanodollars: Int64

        init(_ name: String, _ price: Price, _ usage: TokenUsage, _ nanodollars: Int64) {
            self.name = name
            self.price = price
            self.usage = usage
            self.nanodollars = nanodollars
        }

        var testDescription: String { self.name }
    }

    // $0.15, $0.60, cached $0.075 per million tokens.
    private static let mini = Price(Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000))
    // $3, $15, cache $0.30 / $3.75 / $6; above 200,000 prompt tokens $6, $22.50, $0.60 / $7.50 / $12.
    private static let sonnet = Price(
        Price.Rates(
            input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000, cacheWriteHour: 6_000_000),
        tiers: [
            PromptTier(
                above: 200_000,
                rates: Price.Rates(
                    input: 6_000_000, output: 22_500_000, cacheRead: 600_000, cacheWrite: 7_500_000,
                    cacheWriteHour: 12_000_000))
        ])
    // $2.50, $10, audio $40 in and $80 out.
    private static let audio = Price(
        Price.Rates(input: 2_500_000, output: 10_000_000, audioInput: 40_000_000, audioOutput: 80_000_000))
    // $5, $40, cached $1.25, images $10.
    private static let image = Price(
        Price.Rates(input: 5_000_000, output: 40_000_000, cacheRead: 1_250_000, image: 10_000_000))
    // $1, $3, reasoning $8.
    private static let reasoning = Price(Price.Rates(input: 1_000_000, output: 3_000_000, reasoning: 8_000_000))
    // $1, $5, cache $0.10 / $1.25, no rate for an hour.
    private static let haiku = Price(
        Price.Rates(input: 1_000_000, output: 5_000_000, cacheRead: 100_000, cacheWrite: 1_250_000))
    // $1.25, $10, cached $0.125; above 200,000 $2.50 and $15, and no rate for cached ones.
    private static let pro = Price(
        Price.Rates(input: 1_250_000, output: 10_000_000, cacheRead: 125_000),
        tiers: [PromptTier(above: 200_000, rates: Price.Rates(input: 2_500_000, output: 15_000_000))])
    // 1 and 2 millionths of a dollar per million tokens: 0.001 and 0.002 nano-USD a token.
    private static let tiny = Price(Price.Rates(input: 1, output: 2))
    // No two classes alike, and nothing that divides.
    private static let uneven = Price(
        Price.Rates(
            input: 100_001, output: 200_003, cacheRead: 10_007, cacheWrite: 125_009, cacheWriteHour: 160_013,
            reasoning: 300_017, audioInput: 400_019, audioOutput: 500_021, image: 600_023))

    // $1, $4, cached audio $0.25, cached images $0.50, images out $30, video $2 in and $17.50 out, citations $3.
    private static let media = Price(
        Price.Rates(
            input: 1_000_000, output: 4_000_000, cacheReadAudio: 250_000, cacheReadImage: 500_000,
            imageOutput: 30_000_000, videoInput: 2_000_000, videoOutput: 17_500_000, citation: 3_000_000))

    static let expectations: [Expectation] = [
        // One class at a time, and the classes that have no rate of their own.
        Expectation("input", mini, TokenUsage(input: 1), 150),  // 1 × 150
        Expectation("a thousand", mini, TokenUsage(input: 1000), 150_000),  // 1000 × 150
        Expectation("a million", mini, TokenUsage(input: 1_000_000), 150_000_000),  // $0.15
        Expectation("output", mini, TokenUsage(output: 1), 600),  // 1 × 600
        Expectation("a million out", mini, TokenUsage(output: 1_000_000), 600_000_000),  // $0.60
        Expectation("cache read", mini, TokenUsage(cacheRead: 1), 75),  // 1 × 75
        Expectation("in and out", mini, TokenUsage(input: 9, output: 2), 2550),  // 1350 + 1200
        Expectation(  // 1000 × 150 + 1024 × 75 + 300 × 600 = 150,000 + 76,800 + 180,000
            "half cached", mini, TokenUsage(input: 1000, cacheRead: 1024, output: 300), 406_800),
        Expectation("write as input", mini, TokenUsage(cacheWrite: 10), 1500),  // 10 × 150
        Expectation("hour as input", mini, TokenUsage(cacheWriteHour: 10), 1500),  // 10 × 150
        Expectation("reasoning as output", mini, TokenUsage(reasoning: 100), 60_000),  // 100 × 600
        Expectation("audio as input", mini, TokenUsage(audioInput: 20), 3000),  // 20 × 150
        Expectation("audio as output", mini, TokenUsage(audioOutput: 20), 12_000),  // 20 × 600
        Expectation("image as input", mini, TokenUsage(image: 85), 12_750),  // 85 × 150
        Expectation(  // 75 for the cached one, 150 for each of five of the prompt, 600 for each of three
            "one of each", mini,
            TokenUsage(
                input: 1, cacheRead: 1, cacheWrite: 1, cacheWriteHour: 1, output: 1, reasoning: 1, audioInput: 1,
                audioOutput: 1, image: 1), 2625),
        Expectation("nothing", mini, TokenUsage(), 0),
        // A prompt cache with two times to live.
        Expectation("cached input", sonnet, TokenUsage(input: 1), 3000),
        Expectation("cached output", sonnet, TokenUsage(output: 1), 15_000),
        Expectation("read", sonnet, TokenUsage(cacheRead: 1), 300),
        Expectation("five minutes", sonnet, TokenUsage(cacheWrite: 1), 3750),
        Expectation("an hour", sonnet, TokenUsage(cacheWriteHour: 1), 6000),
        Expectation("thinking as output", sonnet, TokenUsage(reasoning: 7), 105_000),  // 7 × 15,000
        Expectation(  // 2 × 3000 + 1590 × 300 + 503 × 15,000 = 6000 + 477,000 + 7,545,000
            "mostly read", sonnet, TokenUsage(input: 2, cacheRead: 1590, output: 503), 8_028_000),
        Expectation(  // 21 × 3000 + 188,086 × 3750 + 393 × 15,000 = 63,000 + 705,322,500 + 5,895,000
            "mostly written", sonnet, TokenUsage(input: 21, cacheWrite: 188_086, output: 393), 711_280_500),
        Expectation(  // 375,000 + 600,000
            "both caches", sonnet, TokenUsage(cacheWrite: 100, cacheWriteHour: 100), 975_000),
        // Long prompts.
        Expectation("just not long", sonnet, TokenUsage(input: 200_000), 600_000_000),  // 200,000 × 3000
        Expectation("just long", sonnet, TokenUsage(input: 200_001), 1_200_006_000),  // 200,001 × 6000
        Expectation(  // 1 × 6000 + 200,000 × 600 + 10 × 22,500 = 6000 + 120,000,000 + 225,000
            "long by what was read", sonnet, TokenUsage(input: 1, cacheRead: 200_000, output: 10), 120_231_000),
        Expectation(  // 100,000 × 3000 + 50,000 × 300 + 50,000 × 3750 = 300,000,000 + 15,000,000 + 187,500,000
            "not long in three classes", sonnet, TokenUsage(input: 100_000, cacheRead: 50_000, cacheWrite: 50_000),
            502_500_000),
        Expectation(  // 100,001 × 6000 + 50,000 × 600 + 50,000 × 7500 = 600,006,000 + 30,000,000 + 375,000,000
            "long in three classes", sonnet, TokenUsage(input: 100_001, cacheRead: 50_000, cacheWrite: 50_000),
            1_005_006_000),
        Expectation(  // 3000 + 300,000 × 15,000
            "output makes no prompt long", sonnet, TokenUsage(input: 1, output: 300_000), 4_500_003_000),
        Expectation("long for an hour", sonnet, TokenUsage(cacheWriteHour: 250_000), 3_000_000_000),  // × 12,000
        Expectation(  // 200,001 × 6000 + 2 × 22,500
            "thinking of a long prompt", sonnet, TokenUsage(input: 200_001, reasoning: 2), 1_200_051_000),
        Expectation(  // 150,000 × 6000 + 50,001 × 6000 = 900,000,000 + 300,006,000
            "long by images", sonnet, TokenUsage(input: 150_000, image: 50_001), 1_200_006_000),
        Expectation(  // 199,999 × 6000 + 2 × 6000
            "long by audio", sonnet, TokenUsage(input: 199_999, audioInput: 2), 1_200_006_000),
        Expectation(  // The long list has no rate for them: 200,001 × 2500
            "long and cached", pro, TokenUsage(cacheRead: 200_001), 500_002_500),
        Expectation(  // 200,000 × 1250 + 1 × 10,000
            "not long", pro, TokenUsage(input: 200_000, output: 1), 250_010_000),
        // Audio.
        Expectation("heard", audio, TokenUsage(audioInput: 1), 40_000),
        Expectation("spoken", audio, TokenUsage(audioOutput: 1), 80_000),
        Expectation(  // 11 × 2500 + 36 × 40,000 + 20 × 10,000 + 45 × 80,000 = 27,500 + 1,440,000 + 200,000 + 3,600,000
            "a talk", audio, TokenUsage(input: 11, output: 20, audioInput: 36, audioOutput: 45), 5_267_500),
        Expectation("read at the full rate", audio, TokenUsage(cacheRead: 128), 320_000),  // 128 × 2500
        Expectation("reasoning beside audio", audio, TokenUsage(reasoning: 3), 30_000),  // 3 × 10,000
        // Images.
        Expectation("an image token", image, TokenUsage(image: 1), 10_000),
        Expectation(  // 50 × 5000 + 323 × 10,000 + 4160 × 40,000 = 250,000 + 3,230,000 + 166,400,000
            "an edit", image, TokenUsage(input: 50, output: 4160, image: 323), 169_880_000),
        Expectation(  // 64 × 1250 + 64 × 10,000
            "read beside an image", image, TokenUsage(cacheRead: 64, image: 64), 720_000),
        Expectation("spoken at the image price", image, TokenUsage(audioOutput: 2), 80_000),  // 2 × 40,000
        Expectation("heard at the image price", image, TokenUsage(audioInput: 2), 10_000),  // 2 × 5000
        // Reasoning with a rate of its own.
        Expectation("a thought", reasoning, TokenUsage(reasoning: 1), 8000),
        Expectation(  // 5 × 3000 + 192 × 8000 = 15,000 + 1,536,000
            "mostly thought", reasoning, TokenUsage(output: 5, reasoning: 192), 1_551_000),
        Expectation(  // 75 × 1000 + 1186 × 3000 + 1024 × 8000 = 75,000 + 3,558,000 + 8,192,000
            "asked, thought, said", reasoning, TokenUsage(input: 75, output: 1186, reasoning: 1024), 11_825_000),
        Expectation("spoken is no thought", reasoning, TokenUsage(audioOutput: 4), 12_000),  // 4 × 3000
        // An hour's write without a rate of its own costs what a write does.
        Expectation("hour as write", haiku, TokenUsage(cacheWriteHour: 8), 10_000),  // 8 × 1250
        Expectation(  // 10 × 1000 + 20 × 100 + 30 × 1250 + 40 × 5000 = 10,000 + 2000 + 37,500 + 200,000
            "four classes", haiku, TokenUsage(input: 10, cacheRead: 20, cacheWrite: 30, output: 40), 249_500),
        // Rounded once, half up.
        Expectation("below half", tiny, TokenUsage(input: 499), 0),  // 0.499
        Expectation("half", tiny, TokenUsage(input: 500), 1),  // 0.5
        Expectation("above half", tiny, TokenUsage(input: 999), 1),  // 0.999
        Expectation("one", tiny, TokenUsage(input: 1000), 1),  // 1.0
        Expectation("below one and a half", tiny, TokenUsage(input: 1499), 1),  // 1.499
        Expectation("one and a half", tiny, TokenUsage(input: 1500), 2),  // 1.5
        Expectation("a quarter twice", tiny, TokenUsage(input: 250, output: 125), 1),  // 0.25 + 0.25
        Expectation(  // 0.3 + 0.3 + 0.198
            "three parts", tiny, TokenUsage(input: 300, cacheRead: 300, output: 99), 1),
        // All classes at rates that do not divide.
        Expectation(  // 100.001 + 10.007 + 125.009 + 160.013 + 200.003 + 300.017 + 400.019 + 500.021 + 600.023
            "one of each, uneven", uneven,
            TokenUsage(
                input: 1, cacheRead: 1, cacheWrite: 1, cacheWriteHour: 1, output: 1, reasoning: 1, audioInput: 1,
                audioOutput: 1, image: 1), 2395),
        Expectation(  // 300.003 + 50.035 + 1400.021 = 1750.059
            "text, uneven", uneven, TokenUsage(input: 3, cacheRead: 5, output: 7), 1750),
        Expectation(  // 500.036 + 320.026 = 820.062
            "writes, uneven", uneven, TokenUsage(cacheWrite: 4, cacheWriteHour: 2), 820),
        Expectation(  // 600.034 + 400.019 = 1000.053
            "thought and heard, uneven", uneven, TokenUsage(reasoning: 2, audioInput: 1), 1000),
        Expectation(  // 1500.063 + 600.023 = 2100.086
            "spoken and seen, uneven", uneven, TokenUsage(audioOutput: 3, image: 1), 2100),
        Expectation("a million, uneven", uneven, TokenUsage(input: 1_000_000), 100_001_000),
        // A price of nothing is a price.
        Expectation("free", .free, TokenUsage(input: 5_000_000, output: 7, reasoning: 9), 0),
        // What came later: with rates of its own, and without.
        Expectation("audio read", media, TokenUsage(cacheReadAudio: 4), 1000),  // 4 × 250
        Expectation("image read", media, TokenUsage(cacheReadImage: 4), 2000),  // 4 × 500
        Expectation("image made", media, TokenUsage(imageOutput: 1290), 38_700_000),  // 1290 × 30,000
        Expectation("video seen", media, TokenUsage(videoInput: 258), 516_000),  // 258 × 2000
        Expectation("video made", media, TokenUsage(videoOutput: 3), 52_500),  // 3 × 17,500
        Expectation("cited", media, TokenUsage(citation: 2), 6000),  // 2 × 3000
        Expectation("audio read as cached", mini, TokenUsage(cacheReadAudio: 2), 150),  // 2 × 75
        Expectation("image read as cached", mini, TokenUsage(cacheReadImage: 2), 150),  // 2 × 75
        Expectation("audio read as audio", audio, TokenUsage(cacheReadAudio: 2), 80_000),  // 2 × 40,000
        Expectation("audio read as input", reasoning, TokenUsage(cacheReadAudio: 2), 2000),  // 2 × 1000
        Expectation("image read as input", reasoning, TokenUsage(cacheReadImage: 2), 2000),  // 2 × 1000
        Expectation("image made as output", mini, TokenUsage(imageOutput: 2), 1200),  // 2 × 600
        Expectation("video seen as input", mini, TokenUsage(videoInput: 2), 300),  // 2 × 150
        Expectation("video made as output", mini, TokenUsage(videoOutput: 2), 1200),  // 2 × 600
        Expectation("cited as input", mini, TokenUsage(citation: 2), 300),  // 2 × 150
        Expectation(  // 199,998 × 6000 + 6000 + 600 + 600 = 1,199,988,000 + 7200
            "long by what came later", sonnet,
            TokenUsage(input: 199_998, cacheReadAudio: 1, cacheReadImage: 1, videoInput: 1), 1_199_995_200),
        // What no honest process counts.
        Expectation("a negative count", mini, TokenUsage(input: -5, output: 1), 600),
    ]

    @Test(arguments: expectations)
    func theCostIsExact(_ expectation: Expectation) {
        #expect(expectation.price.cost(of: expectation.usage) == expectation.nanodollars)
    }

    @Test
    func thereAreEnoughAndTheyCoverEveryClass() {
        #expect(Self.expectations.count >= 60)
        #expect(Set(Self.expectations.map(\.name)).count == Self.expectations.count)
        for tokenClass in TokenClass.allCases {
            // With a rate of its own and, but for the two that others fall back to, without one.
            let priced = Self.expectations.filter { $0.usage[tokenClass] > 0 }.map(\.price)
            #expect(priced.contains { $0.rates[tokenClass] != 0 })
            guard tokenClass != .input, tokenClass != .output else { continue }
            #expect(
                priced.contains { $0.rates[tokenClass] == $0.rates.input || $0.rates[tokenClass] == $0.rates.output })
            #expect(
                priced.contains { $0.rates[tokenClass] != $0.rates.input && $0.rates[tokenClass] != $0.rates.output })
        }
    }

    @Test
    func whatDoesNotFitStaysAtTheGreatest() {
        let dear = Price(Price.Rates(input: .max, output: .max))
        #expect(dear.cost(of: TokenUsage(input: .max)) == .max)
        #expect(dear.cost(of: TokenUsage(input: 1001)) == .max)
        // 999 × 9,223,372,036,854,775.807
        #expect(dear.cost(of: TokenUsage(input: 999)) == 9_214_148_664_817_921_031)
        var all = TokenUsage()
        for tokenClass in TokenClass.allCases { all[tokenClass] = .max }
        #expect(dear.cost(of: all) == .max)
        #expect(Price(Price.Rates(input: -1, output: .min)).cost(of: TokenUsage(input: 5, output: 5)) == 0)
    }
}
