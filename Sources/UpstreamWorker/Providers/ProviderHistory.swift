internal import Domain
internal import Metrics

/// The snapshots that plans may still refer to.
///
/// An edge gets a snapshot after all upstreams have it, so a plan is of the newest or the one before; one that was long on its
/// way may be of an older. A running request keeps its own in any case. Lives on the worker's loop; time is passed in.
struct ProviderHistory {
    /// Kept however old they are.
    private static let kept = 2
    /// Nanoseconds that a further one is kept after it was the newest.
    static let patience: UInt64 = 5_000_000_000

    private struct Entry {
        var set: ProviderSet
        /// Since when it is not the newest.
        var supersededAt: UInt64
    }

    private struct Reference {
        weak var set: ProviderSet?
    }

    /// The newest last.
    private var entries: [Entry] = []
    /// Those that running requests may keep, too.
    private var references: [Reference] = []
    /// By provider name; a name that was ever configured stays, as its counts do.
    private(set) var attempts: [String: AttemptCounter] = [:]
    private let page: MetricPage

    init(_ page: MetricPage) {
        self.page = page
    }

    /// The newest, nil before the first snapshot came.
    var latest: ProviderSet? { self.entries.last?.set }

    /// Snapshots in memory.
    var alive: Int { self.references.count { $0.set != nil } }

    /// Puts a snapshot in force. One whose version is known already takes that one's place: a reload was taken back.
    mutating func add(_ snapshot: UpstreamSnapshot, at now: UInt64) {
        if let last = self.entries.indices.last { self.entries[last].supersededAt = now }
        if let earlier = snapshot.earlier, self.providers(of: earlier.version) == nil {
            let before = UpstreamSnapshot(
                version: earlier.version, providers: earlier.providers, prices: earlier.prices,
                policies: earlier.policies, upstreams: snapshot.upstreams, logLevel: snapshot.logLevel)
            self.append(before, at: now)
        }
        self.append(snapshot, at: now)
        self.retire(at: now)
    }

    private mutating func append(_ snapshot: UpstreamSnapshot, at now: UInt64) {
        for provider in snapshot.providers where self.attempts[provider.name] == nil {
            self.attempts[provider.name] = AttemptCounter(provider.name, page: self.page)
        }
        let set = ProviderSet(snapshot, previous: self.latest) {
            self.attempts[$0] ?? AttemptCounter($0, page: self.page)
        }
        self.entries.removeAll { $0.set.version == set.version }
        self.entries.append(Entry(set: set, supersededAt: now))
        self.references.append(Reference(set: set))
    }

    /// Lets go of what nobody can ask for any more; to be called now and then.
    mutating func retire(at now: UInt64) {
        let old = self.entries.dropLast(Self.kept)
        self.entries.removeFirst(old.prefix { now.subtractingClamped($0.supersededAt) >= Self.patience }.count)
        self.references.removeAll { $0.set == nil }
    }

    /// The providers a plan of that version means.
    func providers(of version: UInt64) -> ProviderSet? {
        self.entries.last { $0.set.version == version }?.set
    }
}

extension UInt64 {
    fileprivate func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
