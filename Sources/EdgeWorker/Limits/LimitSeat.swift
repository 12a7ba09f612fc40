import Limits
import EventLog
import Platform

/// An edge's place at the limit table: taken as soon as the aggregator has made a table that has one free, and given back at the
/// end.
///
/// Lives on the event loop. Where another table gets the name (of another size, say) the edge goes there; what is held in
/// the old one is settled there.
final class LimitSeat {
    private let path: String
    private let instance: UInt32
    private let log: Log
    private(set) var owner: LimitOwner?
    private var retired: [LimitOwner] = []
    /// What was said of a table that cannot be used.
    private var complaint: String?

    init(stateDirectory: String, instance: UInt32, log: Log) {
        self.path = LimitTable.path(stateDirectory: stateDirectory)
        self.instance = instance
        self.log = log
    }

    /// Takes a place where there is none yet, or no longer at the table that has the name. True where `owner` is another
    /// one than before. To be called again when it has none; costs one stat(2) otherwise.
    func take() -> Bool {
        self.retired.removeAll { $0.openHolds == 0 && $0.leave() }
        if let owner = self.owner, owner.table.isCurrent { return false }
        guard let next = self.join() else { return false }
        self.complaint = nil
        if let owner = self.owner, !owner.leave() { self.retired.append(owner) }
        self.owner = next
        return true
    }

    private func join() -> LimitOwner? {
        let table: LimitTable
        do {
            table = try LimitTable.open(self.path, .writing, boot: try BootID.current())
        } catch let error as LimitTableError where error.isMissing {
            // It is being made.
            return nil
        } catch {
            self.complain("\(error)")
            return nil
        }
        let owner = LimitOwner(table)
        guard owner.join(self.instance) != nil else {
            self.complain("no place is free")
            return nil
        }
        return owner
    }

    /// Once for a fault that lasts.
    private func complain(_ reason: String) {
        guard self.complaint != reason else { return }
        self.complaint = reason
        self.log.warning("limit table not usable", ["error": .string(reason)])
    }

    /// Gives the place back. What is held still is left to the aggregator's recovery.
    func leave() {
        for owner in self.retired + [self.owner].compactMap({ $0 }) { owner.leave() }
        self.retired = []
        self.owner = nil
    }
}
