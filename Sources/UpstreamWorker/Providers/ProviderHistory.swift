internal import Domain

/// The snapshots that plans may still refer to. An edge that has not yet got the newest one plans with an older one, so a
/// few are kept; a running request keeps its own in any case.
struct ProviderHistory {
    private static let kept = 4
    private var sets: [ProviderSet] = []
    /// By provider name; a name that was ever configured stays, as its counts do.
    private(set) var attempts: [String: AttemptCounter] = [:]

    /// The newest, nil before the first snapshot came.
    var latest: ProviderSet? { self.sets.last }

    mutating func add(_ snapshot: UpstreamSnapshot) {
        for provider in snapshot.providers where self.attempts[provider.name] == nil {
            self.attempts[provider.name] = AttemptCounter()
        }
        let set = ProviderSet(snapshot, previous: self.latest) { self.attempts[$0] ?? AttemptCounter() }
        self.sets.removeAll { $0.version == set.version }
        self.sets.append(set)
        if self.sets.count > Self.kept { self.sets.removeFirst() }
    }

    /// The providers a plan of that version means.
    func providers(of version: UInt64) -> ProviderSet? {
        self.sets.last { $0.version == version }
    }
}
