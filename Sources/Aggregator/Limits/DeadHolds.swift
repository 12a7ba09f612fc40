import Domain
import Limits
import UsageStore

/// Ends what dead edges hold in the limit table, by what their requests have used.
///
/// An edge is dead when its journal says so, or when it has neither a journal nor a link for a second. Then its requests' ends are in
/// the usage database, but for what a living upstream has not said yet, which is waited for a moment.
struct DeadHolds {
    private static let millisecond: UInt64 = 1_000_000
    /// How long after a death the records of those who live may come.
    private static let settling = 100 * millisecond
    /// How long a call that runs for a dead edge is waited for: its upstream aborts it at once.
    private static let patience = 1000 * millisecond

    private let host: UInt32
    /// Since when an instance that has a place looks dead.
    private var since: [UInt32: UInt64] = [:]

    init(host: UInt32) {
        self.host = host
    }

    /// Recovers whom it can; true when somebody is left to be recovered. `ended` is told of each that was.
    mutating func step(
        _ table: LimitTable, _ tail: JournalTail, _ reader: UsageReader, now: UInt64, wall: UInt64,
        isLinked: (UInt32) -> Bool, ended: (_ instance: UInt32, _ holds: Int) -> Void
    ) throws -> Bool {
        let recovery = LimitRecovery(table)
        let owners = Set(recovery.owners().map(\.instance))
        self.since = self.since.filter { owners.contains($0.key) }
        for instance in owners.sorted() {
            let standing = tail.standing(of: TailedOwner(host: self.host, instance: instance))
            guard standing != .living, !isLinked(instance) else {
                self.since[instance] = nil
                continue
            }
            let since = self.since[instance] ?? now
            self.since[instance] = since
            guard standing != .unread else { continue }
            let holds = recovery.openHolds(of: instance)
            let wait = standing == .unknown ? Self.patience : holds.isEmpty ? 0 : Self.settling
            guard now >= since &+ wait else { continue }
            guard let outcomes = try self.outcomes(holds, tail, reader, isLate: now >= since &+ Self.patience) else {
                continue
            }
            let time = LimitTime(window: table.windowTime(), wall: Int64(clamping: wall / 1000))
            if try recovery.recover(instance, outcomes: outcomes, at: time) { ended(instance, holds.count) }
            self.since[instance] = nil
        }
        return !self.since.isEmpty
    }

    /// What the requests have used; nil where that is not known yet.
    private func outcomes(
        _ holds: [LimitRecovery.OpenHold], _ tail: JournalTail, _ reader: UsageReader, isLate: Bool
    ) throws -> [RecordID: LimitUse]? {
        var outcomes: [RecordID: LimitUse] = [:]
        // What an edge has begun to settle may be counted in part: it stays as the edge has said it.
        for hold in holds where hold.settled == nil {
            guard let outcome = try reader.outcome(of: hold.record) else { continue }
            if !isLate, outcome.rank < .upstream, outcome.running.contains(where: { self.lives($0, tail) }) {
                return nil
            }
            outcomes[hold.record] = Self.use(outcome, held: hold.held)
        }
        return outcomes
    }

    private func lives(_ upstream: UInt32, _ tail: JournalTail) -> Bool {
        tail.standing(of: TailedOwner(host: self.host, instance: upstream)) == .living
    }

    /// What nobody knows is what was held.
    private static func use(_ outcome: RequestOutcome, held: LimitUse) -> LimitUse {
        guard outcome.isUnknown else { return LimitUse(tokens: outcome.tokens, cost: outcome.cost) }
        return LimitUse(tokens: max(outcome.tokens, held.tokens), cost: max(outcome.cost, held.cost))
    }
}
