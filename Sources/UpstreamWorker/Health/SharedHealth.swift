internal import Domain
internal import EventLog
internal import IPC
internal import Limits
internal import Metrics
internal import Platform
internal import Resilience

/// What this worker knows, and says, of the health of providers: a view of the table that all upstreams share.
///
/// One per worker; lives on its loop. Without a table (in tests) nothing is known, and nothing is limited but by this process.
final class SharedHealth {
    private(set) var owner: LimitOwner?
    private(set) var board: HealthBoard?
    /// This process's place at the table; nil without one.
    private(set) var place: Int?
    /// Counts the tables: what was looked up in the one before is looked up again.
    private(set) var generation: UInt64 = 1
    /// Of the configuration in force.
    private(set) var version: UInt64 = 0
    let counters: ResilienceCounters
    var log: Log?
    /// The tokens that a call of a request is going to use; asked only where a key's tokens are limited.
    var expectedTokens: (_ request: ProviderRequest, _ call: Int) -> Int64 = { request, _ in
        Int64(clamping: request.bodyLength / 4) + 256
    }
    /// By name; one that was ever configured stays, as its counts do.
    private var providers: [String: ProviderHealth] = [:]
    private var randomState: UInt64
    private let clock: () -> UInt64

    /// `clock` gives milliseconds where there is no table.
    init(
        page: MetricPage = MetricPage(), random: UInt64 = .random(in: 0 ... .max),
        clock: @escaping () -> UInt64 = Clocks.wallMilliseconds
    ) {
        self.counters = ResilienceCounters(page)
        self.randomState = random
        self.clock = clock
    }

    /// At another table from now on, or at none.
    func use(_ owner: LimitOwner?) {
        self.owner = owner
        self.place = owner?.place
        self.board = owner.flatMap { HealthBoard($0.table) }
        self.generation += 1
    }

    /// Another configuration is in force: keys that were out are tried again.
    func use(_ snapshot: UpstreamSnapshot) {
        self.version = snapshot.version
    }

    /// How the targets of one request stand, and what its attempts take and report. `set` has the providers of its snapshot; all
    /// providers of its calls are in it.
    func health(of request: ProviderRequest, in set: ProviderSet) -> RequestHealth {
        RequestHealth(self, request, set)
    }

    /// A provider's, by its name.
    func provider(_ name: String) -> ProviderHealth {
        if let provider = self.providers[name] { return provider }
        let provider = ProviderHealth(name)
        self.providers[name] = provider
        return provider
    }

    /// How many breakers are open: those of each provider of the newest configurations, and of its models that are known here. All zero
    /// but in the upstream with the lowest place, so that the sum over upstreams is right.
    var openBreakers: [(provider: String, count: Int)] {
        guard let owner = self.owner, let place = self.place else { return [] }
        let speaks = LimitRecovery(owner.table).owners().allSatisfy { $0.place >= place }
        return self.providers.values.map { provider in
            guard speaks else { return (provider.name, 0) }
            let all = [provider.whole] + provider.models.map(\.target)
            let open = all.count {
                !BreakerWord(raw: self.load($0.entry(self), HealthWords.Target.breaker)).isClosed
            }
            return (provider.name, open)
        }
    }

    /// Milliseconds of the table's clock.
    var milliseconds: UInt64 { self.owner?.windowTime() ?? self.clock() }

    /// SplitMix64.
    func random() -> UInt64 {
        self.randomState &+= 0x9E37_79B9_7F4A_7C15
        var value = self.randomState
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    // MARK: Words

    /// How often a change is tried again that another process has overtaken.
    private static let tries = 1024

    @inline(__always)
    func load(_ entry: Int?, _ word: Int) -> UInt64 {
        guard let entry, let board = self.board else { return 0 }
        return board.load(entry, word)
    }

    /// Puts what `change` makes of a word in its place; nil from it leaves the word. Returns both, or nil where nothing was changed.
    @inline(__always)
    @discardableResult
    func change(_ entry: Int?, _ word: Int, _ change: (UInt64) -> UInt64?) -> (before: UInt64, after: UInt64)? {
        guard let entry, let board = self.board else { return nil }
        for _ in 0..<Self.tries {
            let before = board.load(entry, word)
            guard let after = change(before), after != before else { return nil }
            if board.exchange(entry, word, before, after) { return (before, after) }
        }
        return nil
    }
}
