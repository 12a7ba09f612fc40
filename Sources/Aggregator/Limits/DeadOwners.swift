import Limits

/// Who of those that have a place at a table look dead, and since when. Time is passed in, in nanoseconds.
struct DeadOwners {
    struct Owner {
        var instance: UInt32
        /// By its journal: never `living`.
        var standing: JournalStandings.Standing
        /// When it was first found to look dead.
        var since: UInt64
    }

    private let host: UInt32
    private var since: [UInt32: UInt64] = [:]

    /// `host` is the one whose processes have places in the table.
    init(host: UInt32) {
        self.host = host
    }

    /// Somebody looks dead whose place is not free yet.
    var areLeft: Bool { !self.since.isEmpty }

    /// All that look dead now, by their instances. `isLinked` says who lives for sure.
    mutating func find(
        _ recovery: LimitRecovery, _ standings: JournalStandings, now: UInt64, isLinked: (UInt32) -> Bool
    ) -> [Owner] {
        let owners = Set(recovery.owners().map(\.instance))
        self.since = self.since.filter { owners.contains($0.key) }
        return owners.sorted().compactMap { instance in
            let standing = standings.standing(of: TailedOwner(host: self.host, instance: instance))
            guard standing != .living, !isLinked(instance) else {
                self.since[instance] = nil
                return nil
            }
            let since = self.since[instance] ?? now
            self.since[instance] = since
            return Owner(instance: instance, standing: standing, since: since)
        }
    }

    /// Its place is free.
    mutating func forget(_ owner: Owner) {
        self.since[owner.instance] = nil
    }
}
