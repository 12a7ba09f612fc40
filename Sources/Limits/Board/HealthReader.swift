import Resilience

/// Looks at what upstreams share about providers, for operators; changes nothing. Lives on one loop.
public final class HealthReader {
    private let table: LimitTable
    private let board: HealthBoard

    /// Nil for a table without a board. It may be open for reading only.
    public init?(_ table: LimitTable) {
        guard let board = HealthBoard(table) else { return nil }
        self.table = table
        self.board = board
    }

    /// Of the gateway with this state folder; throws where it has no such table, or none that can be used. To be opened anew when
    /// `isCurrent` has become false.
    public static func open(stateDirectory: String) throws -> HealthReader {
        let path = LimitTable.providersPath(stateDirectory: stateDirectory)
        let table = try LimitTable.open(path, .reading, boot: try BootID.current())
        guard let reader = HealthReader(table) else { throw LimitTableError.table(path: path, .shape) }
        return reader
    }

    /// Whether the table still has its name.
    public var isCurrent: Bool { self.table.isCurrent }

    /// The breaker of a provider, or of one of its models.
    public func breaker(_ id: HealthID) -> BreakerState {
        guard let entry = self.board.find(id) else { return .closed }
        let word = BreakerWord(raw: self.board.load(entry, HealthWords.Target.breaker))
        switch word.standing(at: self.table.windowTime()) {
        case .closed: return .closed
        case .open(let wait): return .open(probeIn: wait)
        case .due: return .open(probeIn: 0)
        case .probing: return .halfOpen
        }
    }

    /// A key, or a key for one model. `snapshot` is the version of the configuration in force.
    public func key(_ id: HealthID, snapshot: UInt64) -> KeyState {
        guard let entry = self.board.find(id) else { return .usable }
        let now = self.table.windowTime()
        let out = KeyOutWord(raw: self.board.load(entry, HealthWords.Key.out)).standing(snapshot, at: now)
        let status = UInt16(truncatingIfNeeded: self.board.load(entry, HealthWords.Key.status) & 1023)
        switch out {
        case .out(let wait): return .out(status: status, probeIn: wait)
        case .due: return .out(status: status, probeIn: 0)
        case .usable: break
        }
        let wait = CooldownWord(raw: self.board.load(entry, HealthWords.Key.cooldown)).wait(at: now)
        return wait > 0 ? .cooling(wait) : .usable
    }

    /// Whether a key was ever refused for single models: only then is it worth asking about them.
    public func hasRefusedModels(_ id: HealthID) -> Bool {
        self.board.find(id).map { self.board.load($0, HealthWords.Key.models) != 0 } ?? false
    }

    /// Calls that run, over all upstreams, at a provider or one of its models.
    public func running(_ id: HealthID) -> UInt32 { self.board.running(id) }

    /// Requests that wait for a provider, over all upstreams.
    public func waiting(_ provider: String) -> UInt32 { self.board.running(.waiting(provider)) }

    /// Microseconds until the first token of late; nil where nothing is known.
    public func latency(_ id: HealthID) -> UInt64? {
        self.board.find(id).flatMap {
            LatencyWord(raw: self.board.load($0, HealthWords.Target.latency)).mean(at: self.table.windowTime())
        }
    }

    /// How full the board is.
    public func boardRoom() -> (entries: Int, taken: Int) { (self.table.shape.boardEntries, self.board.taken) }
}
