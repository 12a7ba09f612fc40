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
    private var dead: DeadOwners

    init(host: UInt32) {
        self.host = host
        self.dead = DeadOwners(host: host)
    }

    /// Recovers whom it can; true when somebody is left to be recovered. `ended` is told of each that was.
    mutating func step(
        _ table: LimitTable, _ standings: JournalStandings, _ reader: UsageReader, now: UInt64, wall: UInt64,
        isLinked: (UInt32) -> Bool, ended: (_ instance: UInt32, _ holds: Int) -> Void
    ) throws -> Bool {
        let recovery = LimitRecovery(table)
        for owner in self.dead.find(recovery, standings, now: now, isLinked: isLinked) where owner.standing != .unread {
            let holds = recovery.openHolds(of: owner.instance)
            let wait = owner.standing == .unknown ? Self.patience : holds.isEmpty ? 0 : Self.settling
            guard now >= owner.since &+ wait else { continue }
            let isLate = now >= owner.since &+ Self.patience
            guard let outcomes = try self.outcomes(holds, standings, reader, isLate: isLate) else { continue }
            let time = LimitTime(window: table.windowTime(), wall: Int64(clamping: wall / 1000))
            if try recovery.recover(owner.instance, outcomes: outcomes, at: time) { ended(owner.instance, holds.count) }
            self.dead.forget(owner)
        }
        return self.dead.areLeft
    }

    /// What the requests have used; nil where that is not known yet.
    private func outcomes(
        _ holds: [LimitRecovery.OpenHold], _ standings: JournalStandings, _ reader: UsageReader, isLate: Bool
    ) throws -> [RecordID: LimitUse]? {
        var outcomes: [RecordID: LimitUse] = [:]
        // What an edge has begun to settle may be counted in part: it stays as the edge has said it.
        for hold in holds where hold.settled == nil {
            guard let outcome = try reader.outcome(of: hold.record) else { continue }
            if !isLate, outcome.rank < .upstream, outcome.running.contains(where: { self.lives($0, standings) }) {
                return nil
            }
            outcomes[hold.record] = Self.use(outcome, held: hold.held)
        }
        return outcomes
    }

    private func lives(_ upstream: UInt32, _ standings: JournalStandings) -> Bool {
        standings.standing(of: TailedOwner(host: self.host, instance: upstream)) == .living
    }

    /// What nobody knows is what was held.
    private static func use(_ outcome: RequestOutcome, held: LimitUse) -> LimitUse {
        guard outcome.isUnknown else { return LimitUse(tokens: outcome.tokens, cost: outcome.cost) }
        return LimitUse(tokens: max(outcome.tokens, held.tokens), cost: max(outcome.cost, held.cost))
    }
}
