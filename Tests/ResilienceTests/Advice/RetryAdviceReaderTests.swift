import Resilience
import Testing

@Suite struct RetryAdviceReaderTests {
    private static let second: UInt64 = 1_000_000_000
    /// 2024-05-01T10:00:00Z
    private static let wallClock: UInt64 = 1_714_557_600_000

    private func reader(_ fields: String...) -> RetryAdviceReader {
        var reader = RetryAdviceReader(wallClock: Self.wallClock)
        for field in fields { reader.read(fields: Array(field.utf8).span) }
        return reader
    }

    private func after(_ fields: String...) -> UInt64? {
        self.reader(fields.joined(separator: "\n") + "\n").advice.after
    }

    @Test func secondsAndMilliseconds() {
        #expect(self.after("retry-after: 20") == 20 * Self.second)
        #expect(self.after("Retry-After:  1.5 \r") == 1_500_000_000)
        #expect(self.after("retry-after-ms: 250") == 250_000_000)
        #expect(self.after("RETRY-AFTER-MS: 0.5") == 500_000)
        #expect(self.after("retry-after: 0") == 0)
        // Azure says 0 seconds and means the other one; the longest counts.
        #expect(self.after("retry-after: 0", "retry-after-ms: 312") == 312_000_000)
        #expect(self.after("retry-after: 2", "retry-after-ms: 312") == 2 * Self.second)
    }

    @Test func dates() {
        #expect(self.after("retry-after: Wed, 01 May 2024 10:00:30 GMT") == 30 * Self.second)
        #expect(self.after("retry-after: Wednesday, 01-May-24 10:01:00 GMT") == 60 * Self.second)
        #expect(self.after("retry-after: Wed May  1 10:00:01 2024") == Self.second)
        #expect(self.after("retry-after: Wed, 01 May 2024 09:00:00 GMT") == 0)
        #expect(self.after("retry-after: Fri, 31 Dec 9999 23:59:59 GMT") == 86_400 * Self.second)
    }

    @Test func absurdValues() {
        #expect(self.after("retry-after: 86401") == 86_400 * Self.second)
        #expect(self.after("retry-after: 99999999999999999999999999999") == 86_400 * Self.second)
        #expect(self.after("retry-after-ms: 99999999999999999999999999999") == 86_400 * Self.second)
        for value in ["-1", "", "soon", "1e3", "NaN", "inf", "1,5", "0x10", "1 2"] {
            #expect(self.after("retry-after: \(value)") == nil)
            #expect(self.after("retry-after-ms: \(value)") == nil)
        }
        #expect(self.after("retry-after: " + String(repeating: "0", count: 129)) == nil)
        #expect(self.after("retry-after", "retry-afterx: 1", "xretry-after: 1", "retry-after-mx: 1") == nil)
    }

    @Test func shouldRetry() {
        #expect(self.reader("x-should-retry: true\n").advice.shouldRetry == true)
        #expect(self.reader("X-Should-Retry: FALSE\r\n").advice.shouldRetry == false)
        #expect(self.reader("x-should-retry: maybe\n").advice.shouldRetry == nil)
        #expect(self.reader("x-should-retry: truely\n").advice.shouldRetry == nil)
        #expect(self.reader("").advice == RetryAdvice())
    }

    @Test func theBodyOfAnError() {
        var reader = self.reader("retry-after: 20\n")
        let body = #"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"41s"}]}}"#
        reader.read(errorBody: Array(body.utf8).span)
        #expect(reader.advice.after == 41 * Self.second)
        reader.read(errorBody: Array("not json".utf8).span)
        #expect(reader.advice.after == 41 * Self.second)
    }

    @Test func limitsOfOpenAI() {
        let hint = self.reader(
            "x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 1.2s\n",
            "x-ratelimit-remaining-tokens: 149984\nx-ratelimit-reset-tokens: 6m0s\n"
        ).hint
        #expect(hint == RateLimitHint(isExhausted: true, resetAfter: 1_200_000_000))
    }

    @Test func limitsInAnyOrderAndTheLongestCounts() {
        let hint = self.reader(
            "x-ratelimit-reset-tokens: 6m0s\nX-RateLimit-Remaining-Tokens: 0\n",
            "x-ratelimit-remaining-requests: -3\nx-ratelimit-reset-requests: 20ms\n"
        ).hint
        #expect(hint == RateLimitHint(isExhausted: true, resetAfter: 360 * Self.second))
    }

    @Test(arguments: ["requests", "tokens", "input-tokens", "output-tokens"])
    func limitsOfAnthropic(_ kind: String) {
        let hint = self.reader(
            "anthropic-ratelimit-\(kind)-limit: 4000\nanthropic-ratelimit-\(kind)-remaining: 0\n",
            "anthropic-ratelimit-\(kind)-reset: 2024-05-01T10:00:41Z\n", "anthropic-ratelimit-other-remaining: 7\n",
            "anthropic-ratelimit-other-reset: 2024-05-01T11:00:00Z\n"
        ).hint
        #expect(hint == RateLimitHint(isExhausted: true, resetAfter: 41 * Self.second))
    }

    @Test func whatSaysNothingOfIt() {
        #expect(self.reader("content-type: text/plain\n").hint == nil)
        #expect(self.reader("x-ratelimit-remaining-requests: many\n").hint == nil)
        #expect(self.reader("x-ratelimit-remaining-requests: 5\n").hint == RateLimitHint())
        #expect(self.reader("x-ratelimit-reset-requests: 5s\n").hint == RateLimitHint())
        #expect(self.reader("x-ratelimit-remaining-requests: 0\n").hint == RateLimitHint(isExhausted: true))
        #expect(
            self.reader("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 99d\n").hint
                == RateLimitHint(isExhausted: true, resetAfter: 86_400 * Self.second))
        #expect(
            self.reader("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 2024-05-01T09:00:00Z\n").hint
                == RateLimitHint(isExhausted: true, resetAfter: 0))
        #expect(self.reader("anthropic-ratelimit-reset: 5s\nanthropic-ratelimit-\n").hint == RateLimitHint())
    }

    @Test func manyKindsAreBounded() {
        var text = ""
        for kind in 0..<100 { text += "x-ratelimit-remaining-\(kind): 1\n" }
        text += "x-ratelimit-remaining-last: 0\n"
        #expect(self.reader(text).hint == RateLimitHint())
    }
}
