import Domain
import EventLog
import Glibc
import Limits
import Platform

/// Sees to it that there is the table that upstreams share, and frees the places of dead ones.
///
/// Lives on the aggregator's loop; owns a mapping of the table. Time is passed in. The table begins empty: what it knows of providers
/// is learned again within seconds. What a dead upstream holds in it is released: its calls have died with it. What fails is said once
/// and tried again.
final class ProviderTableKeeper {
    private static let second: UInt64 = 1_000_000_000
    /// How long an upstream that has a place may have neither a journal nor a link.
    private static let patience = second

    var log: Log
    private let path: String
    private let boot: BootID
    private var shape: LimitTableShape
    private var table: LimitTable?
    private var looksAt: UInt64 = 0
    private var complaint: String?
    private var dead: DeadOwners

    /// `host` is the one whose upstreams have places in the table.
    init(stateDirectory: String, host: UInt32, upstreams: UInt16, boot: BootID, log: Log) {
        self.path = LimitTable.providersPath(stateDirectory: stateDirectory)
        // Control makes it at its start; what keeps it from being there is told when the table is made.
        _ = unsafe mkdir(LimitTable.providersFolder(stateDirectory: stateDirectory), 0o700)
        self.dead = DeadOwners(host: host)
        self.boot = boot
        self.shape = .providers(upstreams: upstreams)
        self.log = log
    }

    /// Of a new snapshot: another number of places means another table.
    func update(upstreams: UInt16) {
        self.shape = .providers(upstreams: upstreams)
        self.looksAt = 0
    }

    /// Makes the table where there is none that can be used. `now` is monotonic in nanoseconds. To be called often.
    func keep(now: UInt64) {
        guard now >= self.looksAt else { return }
        self.looksAt = now &+ Self.second
        if let table = self.table, table.isCurrent, table.shape == self.shape { return }
        self.table = nil
        do throws(LimitTableError) {
            if let table = self.opened() { self.table = table } else { self.table = try self.made() }
            self.complain(nil)
        } catch {
            self.complain("\(error)")
        }
    }

    private func opened() -> LimitTable? {
        do throws(LimitTableError) {
            let table = try LimitTable.open(self.path, .writing, boot: self.boot)
            return table.shape == self.shape ? table : nil
        } catch {
            // Made anew, whatever is wrong with it.
            if !error.isMissing { self.log.info("table of providers is made anew", ["reason": .string("\(error)")]) }
            return nil
        }
    }

    private func made() throws(LimitTableError) -> LimitTable {
        let table = try LimitTable.create(self.path, shape: self.shape, boot: self.boot)
        try table.publish()
        self.log.info("table of providers made", ["places": .int(self.shape.places)])
        return table
    }

    /// Frees the places of dead upstreams; true while somebody looks dead who may not be. `isLinked` says whether an upstream lives
    /// for sure.
    func release(_ standings: JournalStandings, now: UInt64, isLinked: (UInt32) -> Bool) -> Bool {
        guard let table = self.table else { return false }
        let recovery = LimitRecovery(table)
        for owner in self.dead.find(recovery, standings, now: now, isLinked: isLinked) {
            // Else its journal says for sure that it is dead.
            guard owner.standing != .unknown || now >= owner.since &+ Self.patience else { continue }
            let holds = recovery.openHolds(of: owner.instance).count
            do throws(LimitTableError) {
                let time = LimitTime(window: table.windowTime(), wall: 0)
                guard try recovery.recover(owner.instance, outcomes: [:], at: time) else { continue }
                self.dead.forget(owner)
                if holds > 0 {
                    self.log.warning(
                        "calls of a dead upstream released",
                        ["peer_instance": .int(owner.instance), "count": .int(holds)])
                }
            } catch {
                // A table without room to work with is of no use to anybody.
                self.complain("\(error)")
                self.table = nil
                _ = unsafe unlink(self.path)
                self.looksAt = 0
                return true
            }
        }
        return self.dead.areLeft
    }

    private func complain(_ reason: String?) {
        guard reason != self.complaint else { return }
        self.complaint = reason
        if let reason {
            self.log.error("table of providers cannot be kept; tried again", ["error": .string(reason)])
        } else {
            self.log.info("table of providers works again")
        }
    }
}
