import Domain
import Limits

/// What the head of a reply says of limits. Written as bytes: it is on the way of every request.
struct ReplyLimits {
    var standing = LimitStanding()
    /// Nanoseconds of the event loop's clock when the standing was taken.
    var taken: UInt64 = 0
    /// From which percentage of a budget on there is a warning.
    var softPercent: UInt8 = 100
    /// Tokens of output the request was cut down to.
    var maximumOutput: Int64?

    /// Bytes that they take at most: a window has numbers of 20 digits, and a duration of at most 32 characters.
    var longest: Int {
        var count = 0
        if self.standing.requests != nil { count += 176 }
        if self.standing.tokens != nil { count += 176 }
        if self.standing.budget != nil { count += 80 }
        if self.maximumOutput != nil { count += 43 }
        return count
    }

    /// Appends the header lines, each with CR LF in front.
    func write(to buffer: inout some HeadOutput, now: UInt64) {
        let passed = now > self.taken ? (now - self.taken) / 1_000_000 : 0
        if let window = self.standing.requests {
            buffer.append("\r\nx-ratelimit-limit-requests: ")
            buffer.writeCount(window.limit)
            buffer.append("\r\nx-ratelimit-remaining-requests: ")
            buffer.writeCount(window.remaining)
            buffer.append("\r\nx-ratelimit-reset-requests: ")
            buffer.writeDuration(milliseconds: window.reset > passed ? window.reset - passed : 0)
        }
        if let window = self.standing.tokens {
            buffer.append("\r\nx-ratelimit-limit-tokens: ")
            buffer.writeCount(window.limit)
            buffer.append("\r\nx-ratelimit-remaining-tokens: ")
            buffer.writeCount(window.remaining)
            buffer.append("\r\nx-ratelimit-reset-tokens: ")
            buffer.writeDuration(milliseconds: window.reset > passed ? window.reset - passed : 0)
        }
        if let budget = self.standing.budget { self.writeWarning(budget, to: &buffer) }
        if let maximumOutput = self.maximumOutput {
            buffer.append("\r\nx-sluice-max-tokens: ")
            buffer.writeCount(maximumOutput)
        }
    }

    private func writeWarning(_ budget: LimitStanding.Budget, to buffer: inout some HeadOutput) {
        guard self.standing.isWarning(self.softPercent) else { return }
        let percent = ReplyLimits.percent(of: budget.limit, used: budget.used)
        buffer.append("\r\nx-sluice-limit-warning: ")
        buffer.append(budget.scope.name)
        buffer.append(" ")
        buffer.append(budget.kind.name)
        buffer.append(" ")
        buffer.writeDecimal(percent)
        buffer.append("%")
    }

    /// Whole percent, rounded down: 100 only when all of it is used. Of nothing everything is used.
    static func percent(of limit: Int64, used: Int64) -> UInt64 {
        guard limit > 0 else { return 100 }
        guard used > 0 else { return 0 }
        let (product, overflow) = used.multipliedReportingOverflow(by: 100)
        return UInt64(overflow ? used / max(1, limit / 100) : product / limit)
    }
}

extension LimitStanding {
    /// Its budget is used up to `softPercent`, or more.
    func isWarning(_ softPercent: UInt8) -> Bool {
        guard let budget = self.budget else { return false }
        return ReplyLimits.percent(of: budget.limit, used: budget.used) >= softPercent
    }
}
