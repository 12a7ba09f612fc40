import Domain
import Testing

@Suite
struct UsageEstimatorTests {
    private static let model = UsageEstimator.Model(provider: "openai", name: Array("gpt".utf8))

    private static func model(_ number: Int) -> UsageEstimator.Model {
        UsageEstimator.Model(provider: "p", name: Array("m\(number)".utf8))
    }

    @Test
    func aModelNeverSeenTakesWhatTextUsuallyDoes() {
        let estimator = UsageEstimator()
        #expect(
            estimator.estimate(Self.model, bodyBytes: 400, replyBytes: 2000, isStream: true)
                == TokenUsage(input: 100, output: 10))
        #expect(
            estimator.estimate(Self.model, bodyBytes: 401, replyBytes: 700, isStream: false)
                == TokenUsage(input: 101, output: 100))
        // Nothing that is not there, and nothing of a frame alone.
        #expect(estimator.estimate(Self.model, bodyBytes: 0, replyBytes: 0, isStream: true) == TokenUsage())
        #expect(
            estimator.estimate(Self.model, bodyBytes: 8, replyBytes: 300, isStream: false) == TokenUsage(input: 2))
        #expect(
            estimator.estimate(Self.model, bodyBytes: 8, replyBytes: 1, isStream: true)
                == TokenUsage(input: 2, output: 1))
    }

    @Test
    func theUsualOutputIsLearned() {
        var estimator = UsageEstimator()
        #expect(estimator.usualOutput(Self.model) == nil)
        func learn(_ output: Int64, _ times: Int = 1) {
            for _ in 0..<times {
                estimator.learn(
                    Self.model, TokenUsage(input: 9, output: output), bodyBytes: 40, replyBytes: 900, isStream: true)
            }
        }
        learn(0)
        #expect(estimator.usualOutput(Self.model) == nil)
        learn(50)
        #expect(estimator.usualOutput(Self.model) == 50)
        learn(51)
        // Rounded up.
        #expect(estimator.usualOutput(Self.model) == 51)
        learn(1000, 100)
        #expect((995...1000).contains(estimator.usualOutput(Self.model) ?? 0))
        learn(10, 100)
        #expect((10...15).contains(estimator.usualOutput(Self.model) ?? 0))
        // Streams and whole replies have the same output; other models have their own.
        estimator.learn(
            Self.model, TokenUsage(input: 9, output: 10), bodyBytes: 40, replyBytes: 900, isStream: false)
        #expect((10...15).contains(estimator.usualOutput(Self.model) ?? 0))
        #expect(estimator.usualOutput(Self.model(1)) == nil)
        learn(.max)
        #expect((estimator.usualOutput(Self.model) ?? 0) > 10)
    }

    @Test
    func oneCallTeachesAndItsErrorIsThatOfTheEstimateBefore() {
        var estimator = UsageEstimator()
        // It would have said 100 and 10.
        let error = estimator.learn(
            Self.model, TokenUsage(input: 150, cacheRead: 50, output: 15, reasoning: 5), bodyBytes: 400,
            replyBytes: 2000, isStream: true)
        // 100 + 10 of 220.
        #expect(error == 50)
        #expect(
            estimator.estimate(Self.model, bodyBytes: 400, replyBytes: 2000, isStream: true)
                == TokenUsage(input: 200, output: 20))
        #expect(
            estimator.learn(
                Self.model, TokenUsage(input: 200, output: 20), bodyBytes: 400, replyBytes: 2000, isStream: true)
                == 0)
        // Half of what came is half of the tokens; another model is not touched.
        #expect(estimator.estimate(Self.model, bodyBytes: 400, replyBytes: 1000, isStream: true).output == 10)
        #expect(
            estimator.estimate(Self.model(1), bodyBytes: 400, replyBytes: 2000, isStream: true)
                == TokenUsage(input: 100, output: 10))
        let other = UsageEstimator.Model(provider: "azure", name: Self.model.name)
        #expect(estimator.estimate(other, bodyBytes: 400, replyBytes: 0, isStream: true).input == 100)
    }

    @Test
    func streamsAndWholeRepliesAreLearnedApart() {
        var estimator = UsageEstimator()
        estimator.learn(
            Self.model, TokenUsage(input: 10, output: 100), bodyBytes: 40, replyBytes: 10_000, isStream: true)
        #expect(estimator.estimate(Self.model, bodyBytes: 40, replyBytes: 700, isStream: false).output == 100)
        estimator.learn(
            Self.model, TokenUsage(input: 10, output: 50), bodyBytes: 40, replyBytes: 400, isStream: false)
        #expect(estimator.estimate(Self.model, bodyBytes: 40, replyBytes: 700, isStream: false).output == 200)
        #expect(estimator.estimate(Self.model, bodyBytes: 40, replyBytes: 10_000, isStream: true).output == 100)
    }

    @Test
    func theMeanFollowsAndOneOddCallDoesNotTurnIt() {
        var estimator = UsageEstimator()
        for _ in 0..<50 {
            estimator.learn(
                Self.model, TokenUsage(input: 300, output: 40), bodyBytes: 1000, replyBytes: 8000, isStream: true)
        }
        let settled = estimator.estimate(Self.model, bodyBytes: 1000, replyBytes: 8000, isStream: true)
        #expect(abs(settled.input - 300) <= 1 && abs(settled.output - 40) <= 1)
        estimator.learn(
            Self.model, TokenUsage(input: 600, output: 40), bodyBytes: 1000, replyBytes: 8000, isStream: true)
        let turned = estimator.estimate(Self.model, bodyBytes: 1000, replyBytes: 8000, isStream: true)
        // An eighth of the way.
        #expect(abs(turned.input - 338) <= 1)
        for _ in 0..<50 {
            estimator.learn(
                Self.model, TokenUsage(input: 600, output: 40), bodyBytes: 1000, replyBytes: 8000, isStream: true)
        }
        #expect(abs(estimator.estimate(Self.model, bodyBytes: 1000, replyBytes: 0, isStream: true).input - 600) <= 2)
    }

    @Test
    func whatSaysNothingTeachesNothing() {
        var estimator = UsageEstimator()
        #expect(estimator.learn(Self.model, TokenUsage(), bodyBytes: 9, replyBytes: 9, isStream: true) == nil)
        #expect(
            estimator.learn(Self.model, TokenUsage(input: -4), bodyBytes: 9, replyBytes: 9, isStream: true) == nil)
        #expect(estimator.count == 0)
        // No bytes: the ratio stays what it was, the error is that nothing was expected.
        #expect(
            estimator.learn(Self.model, TokenUsage(input: 7), bodyBytes: 0, replyBytes: 0, isStream: true) == 100)
        #expect(estimator.estimate(Self.model, bodyBytes: 400, replyBytes: 0, isStream: true).input == 100)
    }

    @Test
    func nothingOverflows() {
        var estimator = UsageEstimator()
        for isStream in [true, false] {
            _ = estimator.learn(
                Self.model, TokenUsage(input: .max), bodyBytes: .max, replyBytes: .max, isStream: isStream)
            _ = estimator.learn(
                Self.model, TokenUsage(output: 1 << 53), bodyBytes: 1, replyBytes: 301, isStream: isStream)
            let usage = estimator.estimate(Self.model, bodyBytes: .max, replyBytes: .max, isStream: isStream)
            #expect(usage.input >= 0 && usage.output > 0)
        }
        #expect(
            estimator.learn(Self.model, TokenUsage(input: 1), bodyBytes: .max, replyBytes: 0, isStream: true)
                == 10_000)
        #expect(
            estimator.learn(
                Self.model, TokenUsage(input: .max, output: .max), bodyBytes: 1, replyBytes: 1, isStream: true)
                == nil)
    }

    @Test
    func theLeastRecentlyUsedModelIsForgotten() {
        var estimator = UsageEstimator()
        func teach(_ number: Int) {
            estimator.learn(Self.model(number), TokenUsage(input: 9), bodyBytes: 9, replyBytes: 0, isStream: true)
        }
        func isKnown(_ number: Int) -> Bool {
            estimator.estimate(Self.model(number), bodyBytes: 9, replyBytes: 0, isStream: true).input == 9
        }
        for number in 0..<1024 { teach(number) }
        #expect(estimator.count == 1024)
        #expect((0..<1024).allSatisfy(isKnown))
        // 0 becomes the newest, so 1 is the oldest.
        teach(0)
        teach(5000)
        #expect(estimator.count == 1024)
        #expect(isKnown(0) && isKnown(5000) && isKnown(2) && !isKnown(1))
        teach(1023)
        teach(5001)
        #expect(!isKnown(2) && isKnown(3))
        // In any order: always the 1,024 that were used last.
        for number in 0..<4000 { teach((number * 37) % 3001) }
        let last = Set((2976..<4000).map { ($0 * 37) % 3001 })
        #expect((0..<3001).allSatisfy { isKnown($0) == last.contains($0) })
    }
}
