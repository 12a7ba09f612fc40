internal import EventLog
internal import Limits
internal import Platform

/// An upstream's place at the table that upstreams share: taken as soon as the aggregator has made one that has a place free, and
/// given back at the end.
///
/// Lives on the worker's loop. Where another table gets the name the upstream goes there; what it holds in the old one is settled
/// there.
final class ProviderSeat {
    /// The place, and the owner who has it.
    struct Taken {
        var owner: LimitOwner
        var place: Int
    }

    private let path: String
    private let instance: UInt32
    private let log: Log
    private(set) var taken: Taken?
    private var retired: [LimitOwner] = []
    /// What was said of a table that cannot be used.
    private var complaint: String?

    init(stateDirectory: String, instance: UInt32, log: Log) {
        self.path = LimitTable.providersPath(stateDirectory: stateDirectory)
        self.instance = instance
        self.log = log
    }

    /// Takes a place where there is none yet, or no longer at the table that has the name. True where `taken` is another one than
    /// before. To be called again when it has none; costs one stat(2) otherwise.
    func take() -> Bool {
        self.retired.removeAll { $0.openHolds == 0 && $0.leave() }
        if let taken = self.taken, taken.owner.table.isCurrent { return false }
        guard let next = self.join() else { return false }
        self.complaint = nil
        if let owner = self.taken?.owner, !owner.leave() { self.retired.append(owner) }
        self.taken = next
        return true
    }

    private func join() -> Taken? {
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
        guard let place = owner.join(self.instance) else {
            self.complain("no place is free")
            return nil
        }
        return Taken(owner: owner, place: place)
    }

    /// Once for a fault that lasts.
    private func complain(_ reason: String) {
        guard self.complaint != reason else { return }
        self.complaint = reason
        self.log.warning("table of providers not usable", ["error": .string(reason)])
    }

    /// Gives the place back. What is held still is left to the aggregator's recovery.
    func leave() {
        for owner in self.retired + [self.taken?.owner].compactMap({ $0 }) { owner.leave() }
        self.retired = []
        self.taken = nil
    }
}
