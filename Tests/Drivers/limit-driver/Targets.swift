import Domain
import Limits

/// The keys that the workers of the hot loop want all at the same time. Each request counts in one of them and in `all`.
enum Targets {
    /// Tight limits of several kinds, so that many are refused in the middle of a decision; the last has none.
    static let limits: [LimitSet] = [
        LimitSet([.requestsPerMinute: Self.requests]), LimitSet([.concurrency: Self.concurrency]),
        LimitSet([.totalTokens: Self.tokens]), LimitSet(),
    ]
    static let requests: Int64 = 3_000
    static let concurrency: Int64 = 3
    static let tokens: Int64 = 20_000
    /// At the same time, of all workers.
    static let inFlight: Int64 = 9
    static let allLimits = LimitSet([.concurrency: Self.inFlight])

    static let all = Self.entry(.global, 9, Self.allLimits)
    static let entries = Self.limits.indices.map { Self.entry(.key, UInt64($0) + 1, Self.limits[$0]) }
    static let time = Scene.time

    private static func entry(_ scope: LimitScope, _ number: UInt64, _ limits: LimitSet) -> LimitDemand.Entry {
        LimitDemand.Entry(
            key: LimitKey(scope, EntityID(high: number, low: 77)), scope: scope, limits: limits,
            periods: CalendarPeriods(day: 20_000, week: 2_857, month: 24_300))
    }

    /// What each request holds, and what it uses.
    static let held = LimitUse(tokens: 8, cost: 80)
    static func use(_ number: UInt64) -> LimitUse {
        let tokens = Int64(number % 5) + 1
        return LimitUse(tokens: tokens, cost: 10 * tokens)
    }
}
