import Domain
import Limits
import NIOCore

/// What the head of a reply says of limits. Written as bytes: it is on the way of every request.
struct ReplyLimits {
    var standing = LimitStanding()
    /// Nanoseconds of the event loop's clock when the standing was taken.
    var taken: UInt64 = 0
    /// From which percentage of a budget on there is a warning.
    var softPercent: UInt8 = 100
    /// Tokens of output the request was cut down to.
    var maximumOutput: Int64?

    /// Appends the header lines, each with CR LF in front.
    func write(to buffer: inout ByteBuffer, now: UInt64) {
        let passed = now > self.taken ? (now - self.taken) / 1_000_000 : 0
        if let window = self.standing.requests {
            buffer.writeStaticString("\r\nx-ratelimit-limit-requests: ")
            buffer.writeCount(window.limit)
            buffer.writeStaticString("\r\nx-ratelimit-remaining-requests: ")
            buffer.writeCount(window.remaining)
            buffer.writeStaticString("\r\nx-ratelimit-reset-requests: ")
            buffer.writeDuration(milliseconds: window.reset > passed ? window.reset - passed : 0)
        }
        if let window = self.standing.tokens {
            buffer.writeStaticString("\r\nx-ratelimit-limit-tokens: ")
            buffer.writeCount(window.limit)
            buffer.writeStaticString("\r\nx-ratelimit-remaining-tokens: ")
            buffer.writeCount(window.remaining)
            buffer.writeStaticString("\r\nx-ratelimit-reset-tokens: ")
            buffer.writeDuration(milliseconds: window.reset > passed ? window.reset - passed : 0)
        }
        if let budget = self.standing.budget { self.writeWarning(budget, to: &buffer) }
        if let maximumOutput = self.maximumOutput {
            buffer.writeStaticString("\r\nx-sluice-max-tokens: ")
            buffer.writeCount(maximumOutput)
        }
    }

    private func writeWarning(_ budget: LimitStanding.Budget, to buffer: inout ByteBuffer) {
        let percent = ReplyLimits.percent(of: budget.limit, used: budget.used)
        guard percent >= self.softPercent else { return }
        buffer.writeStaticString("\r\nx-sluice-limit-warning: ")
        buffer.writeStaticString(budget.scope.name)
        buffer.writeStaticString(" ")
        buffer.writeStaticString(budget.kind.name)
        buffer.writeStaticString(" ")
        buffer.writeDecimal(percent)
        buffer.writeStaticString("%")
    }

    /// Whole percent, rounded down: 100 only when all of it is used. Of nothing everything is used.
    static func percent(of limit: Int64, used: Int64) -> UInt64 {
        guard limit > 0 else { return 100 }
        guard used > 0 else { return 0 }
        let (product, overflow) = used.multipliedReportingOverflow(by: 100)
        return UInt64(overflow ? used / max(1, limit / 100) : product / limit)
    }
}

extension ByteBuffer {
    /// A count, which is never negative.
    fileprivate mutating func writeCount(_ value: Int64) { self.writeDecimal(UInt64(max(0, value))) }

    /// A duration as OpenAI's headers have it, which is Go's way: `12ms`, `1s`, `1.5s`, `6m0s`, `1h0m0.25s`.
    mutating func writeDuration(milliseconds: UInt64) {
        guard milliseconds == 0 || milliseconds >= 1000 else {
            self.writeDecimal(milliseconds)
            self.writeStaticString("ms")
            return
        }
        let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
        if minutes >= 60 {
            self.writeDecimal(minutes / 60)
            self.writeStaticString("h")
        }
        if minutes > 0 {
            self.writeDecimal(minutes % 60)
            self.writeStaticString("m")
        }
        self.writeDecimal(rest)
        if fraction > 0 {
            self.writeStaticString(".")
            var digits = fraction
            var unit: UInt64 = 100
            while digits > 0 {
                self.writeInteger(UInt8(truncatingIfNeeded: 0x30 + digits / unit))
                digits %= unit
                unit = max(1, unit / 10)
            }
        }
        self.writeStaticString("s")
    }
}
