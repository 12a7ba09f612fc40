import Domain
import IPC

/// What a request used and cost, as far as is known at its end.
struct Settlement {
    /// Of all attempts together; nil where nothing is known of any tokens.
    var usage: TokenUsage?
    var source = UsageSource.none
    /// Nano-USD of all attempts together; nil where a price is unknown.
    var cost: Int64? = 0
    var attempts: UInt8 = 0
    var finish = FinishReason.none
    /// The call that answered, or was made last.
    var call: UInt8?

    /// No provider was called.
    init() {}

    /// What an upstream has said: the sum over the attempts, or END's own tokens where no attempt has any.
    init(_ end: StreamEnd) {
        self.finish = end.finish
        self.attempts = UInt8(clamping: end.attempts.count)
        self.call = end.attempts.last?.call
        for attempt in end.attempts { self.add(attempt) }
        guard self.usage == nil, let usage = end.usage else { return }
        self.usage = usage
        self.source = .provider
        self.cost = nil
    }

    private mutating func add(_ attempt: AttemptReport) {
        if let usage = attempt.usage {
            self.usage = self.usage.map { $0 + usage } ?? usage
            self.source = max(self.source, attempt.usageSource)
        }
        guard let cost = attempt.cost else {
            // A call that costs nothing has no cost that could be unknown.
            if attempt.billed == .yes || (attempt.billed == .unknown && attempt.usage != nil) { self.cost = nil }
            return
        }
        self.cost = self.cost.map { sum in
            let (total, overflow) = sum.addingReportingOverflow(cost)
            return overflow ? .max : total
        }
    }

    /// Nobody is left to say it: estimated from what has passed.
    init(estimated usage: TokenUsage, cost: Int64?) {
        self.usage = usage
        self.source = .estimated
        self.cost = cost
        self.attempts = 1
    }

    private func max(_ a: UsageSource, _ b: UsageSource) -> UsageSource { a.rawValue < b.rawValue ? b : a }
}
