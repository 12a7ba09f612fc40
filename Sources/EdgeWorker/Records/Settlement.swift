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
        let totals = AttemptTotals(end.attempts)
        self.usage = totals.usage
        self.source = totals.source
        self.cost = totals.cost
        if let shared = end.shared {
            // Another request's call: nothing was called for this one, and it pays what it is told.
            self.usage = end.usage
            self.source = shared.usageSource
            self.cost = shared.cost
            return
        }
        guard self.usage == nil, let usage = end.usage else { return }
        self.usage = usage
        self.source = .provider
        self.cost = nil
    }

    /// Nobody is left to say it: estimated from what has passed.
    init(estimated usage: TokenUsage, cost: Int64?) {
        self.usage = usage
        self.source = .estimated
        self.cost = cost
        self.attempts = 1
    }
}
