/// What the journals say of processes, at one moment.
struct JournalStandings: Sendable {
    /// What the journals say of a process.
    enum Standing: Hashable {
        /// It may still write.
        case living
        /// It is dead, and not all of what it wrote is in the database yet.
        case unread
        /// It is dead, and everything it wrote is in the database.
        case read
        /// It has no journal. It may have had one before this process began.
        case unknown
    }

    private static let keptEnded = 1024

    /// Owners of segments that are left to read.
    var owners: Set<TailedOwner> = []
    var dead: Set<TailedOwner> = []
    /// The last of those whose journals were read to the end when they were dead.
    private(set) var ended: [TailedOwner] = []

    /// Whether a process that may still write has segments.
    var hasLivingOwners: Bool { !self.owners.isSubset(of: self.dead) }

    func standing(of owner: TailedOwner) -> Standing {
        if self.ended.contains(owner) { return .read }
        guard self.owners.contains(owner) else { return .unknown }
        return self.dead.contains(owner) ? .unread : .living
    }

    /// Whether a process is dead and everything it wrote is in the database.
    func isFinished(_ owner: TailedOwner) -> Bool { !self.owners.contains(owner) }

    /// Everything that a dead process wrote is in the database.
    mutating func end(_ owner: TailedOwner) {
        self.owners.remove(owner)
        if self.ended.count == Self.keptEnded { self.ended.removeFirst() }
        self.ended.append(owner)
    }
}
