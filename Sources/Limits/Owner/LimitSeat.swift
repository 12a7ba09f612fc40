import Platform

/// A process's place at a table that others make: taken as soon as there is one that has a place free, and given back at the end.
///
/// Lives on the process's loop. Where another table gets the name (of another size, say) the process goes there; what is held in
/// the old one is settled there.
public final class LimitSeat {
    private let path: String
    private let instance: UInt32
    private let complain: (String) -> Void
    /// Who has the place; nil while there is none.
    public private(set) var owner: LimitOwner?
    private var retired: [LimitOwner] = []
    /// What was said of a table that cannot be used.
    private var complaint: String?

    /// `complain` is told why the table cannot be used, once for a fault that lasts.
    public init(path: String, instance: UInt32, complain: @escaping (String) -> Void) {
        self.path = path
        self.instance = instance
        self.complain = complain
    }

    /// Takes a place where there is none yet, or no longer at the table that has the name. True where `owner` is another
    /// one than before. To be called again when it has none; costs one stat(2) otherwise.
    public func take() -> Bool {
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
            self.say("\(error)")
            return nil
        }
        let owner = LimitOwner(table)
        guard owner.join(self.instance) != nil else {
            self.say("no place is free")
            return nil
        }
        return owner
    }

    private func say(_ reason: String) {
        guard self.complaint != reason else { return }
        self.complaint = reason
        self.complain(reason)
    }

    /// Gives the place back. What is held still is left to the aggregator's recovery.
    public func leave() {
        for owner in self.retired + [self.owner].compactMap({ $0 }) { owner.leave() }
        self.retired = []
        self.owner = nil
    }
}
