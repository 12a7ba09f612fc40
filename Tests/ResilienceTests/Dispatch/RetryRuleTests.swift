import Domain
import Resilience
import Testing

@Suite struct RetryRuleTests {
    private func verdict(_ kind: CallFailure.Kind, _ shouldRetry: Bool? = nil) -> RetryRule.Verdict {
        RetryRule.verdict(CallFailure(kind, advice: RetryAdvice(shouldRetry: shouldRetry)))
    }

    @Test func everyStatus() {
        for status in UInt16(100)...999 {
            let verdict = self.verdict(.status(status))
            switch status {
            case 401, 402, 403: #expect(verdict == .otherKey)
            case 408, 409, 429, 500...599: #expect(verdict == .anywhere)
            default: #expect(verdict == .never, "\(status)")
            }
        }
    }

    @Test func whatTheProviderSaysOfIt() {
        for status: UInt16 in [400, 401, 404, 422, 429, 503] {
            #expect(self.verdict(.status(status), true) == .anywhere)
        }
        #expect(self.verdict(.status(302), true) == .never)
        #expect(self.verdict(.own, true) == .never)
        for status: UInt16 in [408, 409, 429, 500, 529] { #expect(self.verdict(.status(status), false) == .elsewhere) }
        #expect(self.verdict(.status(401), false) == .otherKey)
        #expect(self.verdict(.status(400), false) == .never)
        #expect(self.verdict(.badReply, false) == .elsewhere)
    }

    @Test func failuresWithoutAStatus() {
        for kind: CallFailure.Kind in [.connect, .reset, .firstToken, .stalled, .badReply] {
            #expect(self.verdict(kind) == .anywhere)
            #expect(RetryRule.verdict(CallFailure(kind, hadContent: true)) == .never)
        }
        #expect(self.verdict(.own) == .never)
    }

    @Test func backoffIsFullJitter() {
        let base: UInt64 = 500_000_000
        #expect(Backoff.delay(base: base, repetition: 0, random: 0) == 0)
        #expect(Backoff.delay(base: base, repetition: 0, random: .max) == base)
        #expect(Backoff.delay(base: base, repetition: 0, random: 1 << 63) == base / 2)
        #expect(Backoff.delay(base: base, repetition: 3, random: .max) == 8 * base)
        for repetition in UInt8(7)...255 {
            #expect(Backoff.delay(base: base, repetition: repetition, random: .max) == 10_000_000_000)
        }
        #expect(Backoff.delay(base: .max, repetition: 255, random: .max) == 10_000_000_000)
        #expect(Backoff.delay(base: 0, repetition: 9, random: .max) == 0)
        #expect(Backoff.delay(base: 1, repetition: 255, random: .max) == 1 << 27)
    }
}
