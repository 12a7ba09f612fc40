import Domain
import Limits
import NIOCore
import Testing

@testable import EdgeWorker

/// What replies say of limits: exact text.
@Suite struct ReplyLimitsTests {
    private func duration(_ milliseconds: UInt64) -> String {
        var buffer = ByteBuffer()
        buffer.writeDuration(milliseconds: milliseconds)
        return String(buffer: buffer)
    }

    @Test func durationsAsOpenAIWritesThem() {
        let texts: [(UInt64, String)] = [
            (0, "0s"), (1, "1ms"), (12, "12ms"), (999, "999ms"), (1000, "1s"), (1001, "1.001s"), (1500, "1.5s"),
            (8640, "8.64s"), (59_999, "59.999s"), (60_000, "1m0s"), (360_000, "6m0s"), (119_560, "1m59.56s"),
            (3_600_000, "1h0m0s"), (3_661_250, "1h1m1.25s"), (86_400_000, "24h0m0s"), (60_010, "1m0.01s"),
        ]
        for (milliseconds, text) in texts { #expect(self.duration(milliseconds) == text) }
        #expect(self.duration(.max).hasSuffix("s"))
    }

    private func text(_ limits: ReplyLimits, now: UInt64 = 0) -> String {
        var buffer = ByteBuffer()
        limits.write(to: &buffer, now: now)
        return String(buffer: buffer)
    }

    @Test func headers() {
        var limits = ReplyLimits(
            standing: LimitStanding(
                requests: .init(limit: 60, remaining: 59, reset: 1000),
                tokens: .init(limit: 150_000, remaining: 0, reset: 360_000)),
            taken: 5_000_000, softPercent: 80, maximumOutput: nil)
        let requests = "\r\nx-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59"
        let tokens = "\r\nx-ratelimit-limit-tokens: 150000\r\nx-ratelimit-remaining-tokens: 0"
        #expect(
            self.text(limits, now: 5_000_000)
                == "\(requests)\r\nx-ratelimit-reset-requests: 1s\(tokens)\r\nx-ratelimit-reset-tokens: 6m0s")
        // Time has passed until the head goes out.
        #expect(
            self.text(limits, now: 993_000_000)
                == "\(requests)\r\nx-ratelimit-reset-requests: 12ms\(tokens)\r\nx-ratelimit-reset-tokens: 5m59.012s")
        #expect(self.text(limits, now: .max).contains("requests: 0s"))
        limits.standing = LimitStanding()
        #expect(self.text(limits) == "")
        limits.maximumOutput = 71
        #expect(self.text(limits) == "\r\nx-sluice-max-tokens: 71")
    }

    @Test func warnings() {
        func warning(_ used: Int64, of limit: Int64, at percent: UInt8 = 80) -> String {
            self.text(
                ReplyLimits(
                    standing: LimitStanding(
                        budget: .init(scope: .project, kind: .monthlyCost, limit: limit, used: used)),
                    softPercent: percent))
        }
        #expect(warning(79_999, of: 100_000) == "")
        #expect(warning(80_000, of: 100_000) == "\r\nx-sluice-limit-warning: project cost_monthly 80%")
        #expect(warning(85_999, of: 100_000) == "\r\nx-sluice-limit-warning: project cost_monthly 85%")
        #expect(warning(123, of: 100) == "\r\nx-sluice-limit-warning: project cost_monthly 123%")
        #expect(warning(0, of: 0) == "\r\nx-sluice-limit-warning: project cost_monthly 100%")
        #expect(warning(.max / 2, of: .max) == "" && warning(.max, of: .max).hasSuffix(" 100%"))
        #expect(ReplyLimits.percent(of: 10, used: -5) == 0)
    }

    // MARK: Refusals

    private func answer(
        _ scope: LimitScope, _ kind: LimitKind, limit: Int64 = 60, used: Int64 = 60, held: Int64 = 0,
        remaining: Int64 = 0, retryAfter: UInt64? = nil, periodEnd: Int64? = nil
    ) -> LimitAnswer {
        LimitAnswer(
            LimitRefusal(
                scope: scope, kind: kind, limit: limit, used: used, held: held, remaining: remaining,
                retryAfter: retryAfter), periodEnd: periodEnd, now: 1000)
    }

    private func body(_ answer: LimitAnswer) -> String {
        String(decoding: answer.body(answer.error, at: nil, requestID: nil), as: UTF8.self)
    }

    @Test func aWindow() {
        let answer = self.answer(.key, .requestsPerMinute, retryAfter: 1001)
        let error = answer.error
        #expect(error.status == 429 && error.type == "requests" && error.code == "rate_limit_exceeded")
        #expect(error.retryAfter == 2 && error.retry == .later && error.source == .client)
        #expect(
            self.body(answer)
                == #"{"error":{"message":"Rate limit reached: requests_per_minute of this key is limited to 60. "#
                + #"Please try again in 2s.","type":"requests","param":null,"code":"rate_limit_exceeded","#
                + #""limit":{"scope":"key","name":"requests_per_minute","limit":60,"used":60,"held":0,"remaining":0,"#
                + #""reset_seconds":2}}}"#)
        let tokens = self.answer(
            .organization, .tokensPerDay, limit: 100, used: 95, held: 5, remaining: 5, retryAfter: 1)
        #expect(tokens.error.type == "tokens" && tokens.error.retryAfter == 1)
        #expect(self.body(tokens).contains(#""limit":100,"used":90,"held":5,"remaining":5,"reset_seconds":1"#))
        // The request is larger than the limit will ever allow.
        #expect(self.answer(.key, .tokensPerMinute).error.retryAfter == nil)
        #expect(self.body(self.answer(.key, .tokensPerMinute)).contains(#""reset_seconds":null"#))
    }

    @Test func concurrency() {
        let error = self.answer(.address, .concurrency, held: 60).error
        #expect(error.type == "requests" && error.code == "concurrency_exceeded" && error.retryAfter == nil)
        #expect(error.message.contains("concurrency of your address is limited to 60. Please try again later."))
    }

    @Test func budgets() {
        let answer = self.answer(
            .project, .monthlyCost, limit: 1_000_000_000, used: 999_500_000, held: 100, remaining: 500_000,
            periodEnd: 87_400)
        #expect(answer.error.type == "insufficient_quota" && answer.error.code == "insufficient_quota")
        #expect(answer.error.retryAfter == 86_400 && answer.error.retry == .never)
        let body = self.body(answer)
        #expect(body.contains(#""limit":"1.00","used":"0.9994999","held":"0.0000001","remaining":"0.0005","#))
        #expect(body.contains(#""reset_seconds":86400"#))
        #expect(body.contains("of $1.00 of cost_monthly of this project too little"))
        #expect(self.answer(.user, .totalTokens).error.retryAfter == nil)
        #expect(self.body(self.answer(.user, .totalTokens)).contains("of 60 tokens of tokens_total of this user"))
    }

    @Test func wrongKeys() {
        let error = self.answer(.wrongKeys, .requestsPerMinute, retryAfter: 59_999).error
        #expect(error.status == 429 && error.code == "too_many_wrong_keys" && error.retryAfter == 60)
    }
}
