import Domain
import Limits
import Testing

/// A limit table in memory, of one process and without time: every window is as long as the test. Writes down what it was asked.
final class FakeLedger: LimitLedger {
    struct Counts: Equatable {
        var requests: Int64 = 0
        var tokens: Int64 = 0
        var cost: Int64 = 0
        var heldTokens: Int64 = 0
        var heldCost: Int64 = 0
        var inFlight: Int64 = 0
    }

    struct Settle: Equatable {
        var hold: LimitHold
        var keys: [LimitKey]
        var tokens: Int64
        var cost: Int64
    }

    private struct Open {
        var keys: [LimitKey]
        var tokens: Int64
        var cost: Int64
    }

    var now: UInt64 = 1_000_000
    var isFull = false
    /// What a refused window says of when to come again.
    var retryAfter: UInt64? = 1500
    /// Said at every decision, where nothing is limited.
    var standing = LimitStanding()
    weak var journal: RecordingJournal?
    private(set) var demands: [LimitDemand] = []
    private(set) var extensions: [LimitDemand] = []
    private(set) var settles: [Settle] = []
    /// SETTLEs that were in the journal when each hold was settled.
    private(set) var recordsAtSettle: [Int] = []
    /// Settled twice, or never held.
    private(set) var wrongSettles = 0
    private(set) var wrongKeys: [LimitKey] = []
    var slots: [LimitKey: Counts] = [:]
    private var open: [LimitHold: Open] = [:]
    private var holds: UInt32 = 0
    /// Whose figures `check` has.
    private var decidedLast: [LimitKey] = []

    var openHolds: Int { self.open.count }

    func slot(_ scope: LimitScope, _ id: EntityID = .standard) -> Counts { self.slots[LimitKey(scope, id)] ?? Counts() }

    func windowTime() -> UInt64 { self.now }

    func admit(_ demand: LimitDemand, record: RecordID, at time: LimitTime) -> LimitVerdict {
        if demand.requests > 0 { self.demands.append(demand) }
        self.decidedLast = demand.entries.map(\.key)
        if self.isFull { return .full }
        for entry in demand.entries {
            if let refusal = self.refusal(entry, demand.requests, demand.tokens, demand.cost) {
                return .refused(refusal, self.standing(demand.entries))
            }
        }
        for entry in demand.entries {
            self.slots[entry.key, default: Counts()].requests += demand.requests
            self.slots[entry.key, default: Counts()].heldTokens += demand.tokens
            self.slots[entry.key, default: Counts()].heldCost += demand.cost
            self.slots[entry.key, default: Counts()].inFlight += 1
        }
        self.holds += 1
        let hold = LimitHold(place: self.holds, use: 1)
        self.open[hold] = Open(keys: demand.entries.map { $0.key }, tokens: demand.tokens, cost: demand.cost)
        return .admitted(hold, self.standing(demand.entries))
    }

    func check(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit]) {
        // The table knows the figures of its last decision only.
        #expect(entries.map(\.key) == self.decidedLast)
        self.checkNow(entries, at: time, into: &limits)
    }

    func checkNow(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit]) {
        for entry in entries {
            let counts = self.slots[entry.key] ?? Counts()
            for kind in LimitKind.allCases {
                guard let limit = entry.limits[kind] else { continue }
                let (used, held) = self.use(kind, counts)
                limits.append(
                    CheckedLimit(
                        scope: entry.scope, kind: kind, limit: limit, used: used, held: held,
                        reset: kind.isBudget || kind == .concurrency ? nil : 60))
            }
        }
    }

    func extend(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, at time: LimitTime
    ) -> LimitRefusal? {
        self.extensions.append(LimitDemand(entries: entries, requests: 0, tokens: tokens, cost: cost))
        for entry in entries {
            if let refusal = self.refusal(entry, 0, tokens, cost) { return refusal }
        }
        for entry in entries {
            self.slots[entry.key, default: Counts()].heldTokens += tokens
            self.slots[entry.key, default: Counts()].heldCost += cost
        }
        self.open[hold]?.tokens += tokens
        self.open[hold]?.cost += cost
        return nil
    }

    func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, softPercent: UInt8,
        at time: LimitTime
    ) -> [LimitCrossing] {
        self.decidedLast = []
        guard let held = self.open.removeValue(forKey: hold), held.keys == entries.map({ $0.key }) else {
            self.wrongSettles += 1
            return []
        }
        self.settles.append(Settle(hold: hold, keys: held.keys, tokens: tokens, cost: cost))
        self.recordsAtSettle.append(self.journal?.settles.count ?? 0)
        var crossings: [LimitCrossing] = []
        for entry in entries {
            var counts = self.slots[entry.key] ?? Counts()
            counts.inFlight -= 1
            counts.heldTokens -= held.tokens
            counts.heldCost -= held.cost
            for kind in LimitKind.allCases where kind.isBudget {
                guard let limit = entry.limits[kind] else { continue }
                let before = kind.unit == .cost ? counts.cost : counts.tokens
                let after = before + (kind.unit == .cost ? cost : tokens)
                let soft = limit * Int64(softPercent) / 100
                if before < soft, after >= soft {
                    crossings.append(
                        LimitCrossing(scope: entry.scope, key: entry.key, kind: kind, limit: limit, used: after))
                }
            }
            counts.tokens += tokens
            counts.cost += cost
            self.slots[entry.key] = counts
        }
        return crossings
    }

    func count(_ entry: LimitDemand.Entry, at time: LimitTime) -> LimitRefusal? {
        self.wrongKeys.append(entry.key)
        let refusal = self.refusal(entry, 1, 0, 0)
        self.slots[entry.key, default: Counts()].requests += 1
        return refusal
    }

    private func use(_ kind: LimitKind, _ counts: Counts) -> (used: Int64, held: Int64) {
        switch kind {
        case .concurrency: (0, counts.inFlight)
        case _ where kind.unit == .requests: (counts.requests, 0)
        case _ where kind.unit == .tokens: (counts.tokens, counts.heldTokens)
        default: (counts.cost, counts.heldCost)
        }
    }

    private func refusal(
        _ entry: LimitDemand.Entry, _ requests: Int64, _ tokens: Int64, _ cost: Int64
    ) -> LimitRefusal? {
        let counts = self.slots[entry.key] ?? Counts()
        for kind in LimitKind.allCases {
            guard let limit = entry.limits[kind] else { continue }
            let wanted =
                kind == .concurrency
                ? min(1, requests) : kind.unit == .requests ? requests : kind.unit == .tokens ? tokens : cost
            let (used, held) = self.use(kind, counts)
            guard wanted > 0, used + held + wanted > limit else { continue }
            return LimitRefusal(
                scope: entry.scope, kind: kind, limit: limit, used: used + held, held: held,
                remaining: max(0, limit - used - held),
                retryAfter: kind.isBudget || kind == .concurrency ? nil : self.retryAfter)
        }
        return nil
    }

    private func standing(_ entries: [LimitDemand.Entry]) -> LimitStanding {
        var standing = self.standing
        for entry in entries {
            let counts = self.slots[entry.key] ?? Counts()
            for kind in LimitKind.allCases {
                guard let limit = entry.limits[kind] else { continue }
                let (used, held) = self.use(kind, counts)
                let window = LimitStanding.Window(
                    limit: limit, remaining: max(0, limit - used - held), reset: 60_000)
                switch kind {
                case .requestsPerMinute, .requestsPerHour, .requestsPerDay: standing.requests = window
                case .tokensPerMinute, .tokensPerDay: standing.tokens = window
                case .concurrency: break
                default:
                    let budget = LimitStanding.Budget(scope: entry.scope, kind: kind, limit: limit, used: used)
                    let share = Double(used) / Double(limit)
                    // The one that is used up most, as the table tells it.
                    if standing.budget.map({ Double($0.used) / Double($0.limit) < share }) ?? true {
                        standing.budget = budget
                    }
                }
            }
        }
        return standing
    }
}
