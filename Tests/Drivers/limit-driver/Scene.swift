import Domain
import Glibc
import Limits
import Platform

/// A decision that a process is killed in, what was in the table before, and what has to be in it afterwards.
///
/// The victim has settled a request and has another one open; a survivor has one open in the same slots. Then the victim
/// admits a request over two slots and settles it.
struct Scene {
    static let boot = BootID(high: 1, low: 2)
    static let time = LimitTime(window: 1_000_000_000, wall: 0)
    private static let victim: UInt32 = 1
    private static let survivor: UInt32 = 2
    private static let rival: UInt32 = 3
    private static let newcomer: UInt32 = 4
    private static let concurrency: Int64 = 8
    /// The request that is open before, and what it turns out to have used.
    private static let open = RecordID(high: 1, low: 5)
    private static let openUse = LimitUse(tokens: 20, cost: 200)
    /// The request of the step.
    private static let stepped = RecordID(high: 1, low: 9)
    private static let steppedUse = LimitUse(tokens: 7, cost: 70)

    let name: String
    private var isNew: Bool { self.name == "new" }

    private var entries: [LimitDemand.Entry] { Self.entries(self.isNew ? 2 : 1) }

    private static func entries(_ number: UInt64) -> [LimitDemand.Entry] {
        [LimitScope.project, .key].map { scope in
            LimitDemand.Entry(
                key: LimitKey(scope, EntityID(high: number, low: UInt64(scope.rawValue))), scope: scope,
                limits: LimitSet([
                    .requestsPerMinute: 1_000, .concurrency: Self.concurrency, .totalTokens: 100_000,
                    .monthlyCost: 1_000_000,
                ]), periods: CalendarPeriods(day: 20_000, week: 2_857, month: 24_300))
        }
    }

    private static func path(_ folder: String) -> String { "\(folder)/limits.table" }

    private static func hold(
        _ owner: LimitOwner, _ entries: [LimitDemand.Entry], _ record: RecordID, _ held: LimitUse
    ) -> LimitHold? {
        let demand = LimitDemand(entries: entries, tokens: held.tokens, cost: held.cost)
        guard case .admitted(let hold, _) = owner.admit(demand, record: record, at: Self.time) else { return nil }
        return hold
    }

    // MARK: What is done

    /// The table, and the survivor's request. The survivor is no process any more, but nobody is told that it is dead.
    func make(folder: String) throws {
        let table = try LimitTable.create(
            Self.path(folder), shape: LimitTableShape(slots: 256, places: 3, holdsPerPlace: 16), boot: Self.boot)
        try table.publish()
        let owner = LimitOwner(table)
        guard owner.join(Self.survivor) != nil,
            Self.hold(owner, Self.entries(1), RecordID(high: 2, low: 1), LimitUse(tokens: 50, cost: 500)) != nil
        else { exit(3) }
    }

    /// What is done between the two stops is what is stepped through.
    func step(folder: String) throws {
        let owner = LimitOwner(try LimitTable.open(Self.path(folder), .writing, boot: Self.boot))
        let before = Self.entries(1)
        let entries = self.entries
        guard owner.join(Self.victim) != nil,
            let first = Self.hold(owner, before, RecordID(high: 1, low: 1), LimitUse(tokens: 10, cost: 100))
        else { exit(3) }
        owner.settle(first, before, tokens: 3, cost: 30, softPercent: 80, at: Self.time)
        guard Self.hold(owner, before, Self.open, LimitUse(tokens: 25, cost: 250)) != nil else { exit(3) }
        raise(SIGSTOP)
        guard let hold = Self.hold(owner, entries, Self.stepped, LimitUse(tokens: 10, cost: 100)) else {
            guard self.name == "raced" else { exit(3) }
            raise(SIGSTOP)
            return
        }
        if self.name == "extended" {
            guard owner.extend(hold, entries, tokens: 40, cost: 400, at: Self.time) == nil else { exit(3) }
        }
        let use = Self.steppedUse
        owner.settle(hold, entries, tokens: use.tokens, cost: use.cost, softPercent: 80, at: Self.time)
        raise(SIGSTOP)
    }

    /// Takes all the room that the second slot has at this moment, and keeps it.
    func compete(folder: String) throws {
        let owner = LimitOwner(try LimitTable.open(Self.path(folder), .writing, boot: Self.boot))
        guard owner.join(Self.rival) != nil else { exit(3) }
        while Self.hold(owner, [self.entries[1]], RecordID(high: 3, low: 1), LimitUse(tokens: 2, cost: 20)) != nil {}
    }

    func recover(file: String) throws {
        let table = try LimitTable.open(file, .writing, boot: Self.boot)
        let recovery = LimitRecovery(table)
        let outcomes = self.outcomes(table, recovery)
        // The same in another copy of the table: what the runtime does the first time is not stepped through.
        let other = LimitRecovery(try LimitTable.open("\(file).before", .writing, boot: Self.boot))
        try other.recover(Self.victim, outcomes: outcomes, at: Self.time)
        raise(SIGSTOP)
        try recovery.recover(Self.victim, outcomes: outcomes, at: Self.time)
        raise(SIGSTOP)
    }

    // MARK: What has to come of it

    /// How many requests of the rival hold something in a slot.
    private func rivals(_ recovery: LimitRecovery, _ entry: LimitDemand.Entry) -> Int64 {
        entry == self.entries[1] ? Int64(recovery.openHolds(of: Self.rival).count) : 0
    }

    /// How often the request of the step was counted in a slot: 0 or 1.
    private func requests(_ table: LimitTable, _ recovery: LimitRecovery, _ entry: LimitDemand.Entry) -> Int64 {
        self.line(table, entry, .requestsPerMinute).used - self.rivals(recovery, entry) - (self.isNew ? 0 : 3)
    }

    /// What the journals say when the call was made: it cannot have been, of a request that was not admitted.
    private func outcomes(_ table: LimitTable, _ recovery: LimitRecovery) -> [RecordID: LimitUse] {
        var outcomes = [Self.open: Self.openUse]
        if self.entries.allSatisfy({ self.requests(table, recovery, $0) == 1 }) {
            outcomes[Self.stepped] = Self.steppedUse
        }
        return outcomes
    }

    /// What is known of the request of the step, besides what the table says.
    enum Knowledge: String {
        /// That nothing was called.
        case nothing
        /// By the journal what it has used, if it was admitted.
        case call
        /// The same, after a recovery that was killed: it may have come so far that nothing is open any more.
        case recovery
        /// That the victim lives, and is between two decisions.
        case alive
    }

    /// How many things are wrong with a table in which the victim has been killed.
    func judge(file: String, _ knowledge: Knowledge) throws -> Int {
        let table = try LimitTable.open(file, .writing, boot: Self.boot)
        let recovery = LimitRecovery(table)
        let isThere = recovery.owners().contains { $0.instance == Self.victim }
        let open = recovery.openHolds(of: Self.victim).first { $0.record == Self.stepped }
        let isBefore = self.used(table, self.entries[0]).tokens == (self.isNew ? 0 : 3)
        var wrong: [String] = []
        for entry in self.entries where self.line(table, entry, .concurrency).held > Self.concurrency {
            wrong.append("\(entry.scope.name): too many at the same time")
        }

        if knowledge == .alive {
            wrong += self.compare(table, recovery)
            for line in wrong { say("WRONG \(file): \(line)") }
            return wrong.count
        }
        let outcomes = knowledge == .nothing ? [Self.open: Self.openUse] : self.outcomes(table, recovery)
        if try recovery.recover(Self.victim, outcomes: outcomes, at: Self.time) != isThere { wrong.append("no place") }
        if try recovery.recover(Self.victim, outcomes: outcomes, at: Self.time) { wrong.append("recovered twice") }

        let base = self.isNew ? LimitUse() : LimitUse(tokens: 23, cost: 230)
        let full = LimitUse(tokens: base.tokens + 7, cost: base.cost + 70)
        let used = self.used(table, self.entries[0])
        // Before it was admitted nothing; its use if that is known, or if it was being settled; once.
        let counts = open.map { outcomes[Self.stepped] != nil || $0.settled != nil } ?? !isBefore
        let wanted = knowledge == .recovery ? (used == base ? base : full) : (counts ? full : base)
        for entry in self.entries {
            let name = entry.scope.name
            let used = self.used(table, entry)
            if used != wanted { wrong.append("\(name): used \(used) instead of \(wanted)") }
            let requests = self.requests(table, recovery, entry)
            if requests > 1 || requests < (wanted == full ? 1 : 0) { wrong.append("\(name): \(requests) requests") }
        }
        for entry in Self.entries(1) {
            let rivals = self.rivals(recovery, entry)
            let held = LimitUse(tokens: 50 + 2 * rivals, cost: 500 + 20 * rivals)
            let now = LimitUse(
                tokens: self.line(table, entry, .totalTokens).held, cost: self.line(table, entry, .monthlyCost).held)
            if now != held || self.line(table, entry, .concurrency).held != 1 + rivals {
                wrong.append("\(entry.scope.name): \(now) held instead of \(held)")
            }
        }
        wrong += self.use(table, self.rivals(recovery, self.entries[1]))
        for line in wrong { say("WRONG \(file): \(line)") }
        return wrong.count
    }

    /// What is held that is not in the lists of holds, or the other way round, while nobody is in the middle of anything.
    private func compare(_ table: LimitTable, _ recovery: LimitRecovery) -> [String] {
        let holds = [Self.victim, Self.survivor].flatMap { recovery.openHolds(of: $0) }
        let tokens = holds.reduce(0) { $0 + $1.held.tokens }
        return Self.entries(1).flatMap { entry -> [String] in
            let name = entry.scope.name
            let rivals = self.rivals(recovery, entry)
            let held = self.line(table, entry, .totalTokens).held - 2 * rivals
            let count = self.line(table, entry, .concurrency).held - rivals
            let requests = self.line(table, entry, .requestsPerMinute).used - rivals
            let settled = self.line(table, entry, .totalTokens).used > 3 ? 2 : 1
            var wrong: [String] = []
            if held != tokens || count != Int64(holds.count) {
                wrong.append("\(name): \(count) hold \(held), by the lists \(holds.count) and \(tokens)")
            }
            if requests != Int64(holds.count + settled) { wrong.append("\(name): \(requests) requests counted") }
            return wrong
        }
    }

    /// What goes wrong for another process at the same slots.
    private func use(_ table: LimitTable, _ rivals: Int64) -> [String] {
        let owner = LimitOwner(table)
        guard owner.join(Self.newcomer) != nil else { return ["no place for another process"] }
        let before = self.used(table, self.entries[0])
        var holds: [LimitHold] = []
        while let hold = Self.hold(owner, self.entries, RecordID(high: 3, low: 1), LimitUse(tokens: 1, cost: 10)) {
            holds.append(hold)
        }
        let room = Self.concurrency - rivals - (self.isNew ? 0 : 1)
        var wrong = holds.count == Int(room) ? [] : ["\(holds.count) at the same time instead of \(room)"]
        for hold in holds {
            owner.settle(hold, self.entries, tokens: 1, cost: 10, softPercent: 80, at: Self.time)
        }
        let count = Int64(holds.count)
        let wanted = LimitUse(tokens: before.tokens + count, cost: before.cost + 10 * count)
        for entry in self.entries where self.used(table, entry) != wanted { wrong.append("a settle was lost") }
        if !owner.leave() { wrong.append("another process cannot leave") }
        return wrong
    }

    /// What a slot says; nothing of a key that is not there.
    private func line(
        _ table: LimitTable, _ entry: LimitDemand.Entry, _ kind: LimitKind
    ) -> (used: Int64, held: Int64) {
        let report = LimitReader(table).report(
            entry.key, entry.scope, limits: entry.limits, periods: entry.periods, window: Self.time.window)
        guard let line = report?.lines[Int(kind.rawValue)] else { return (0, 0) }
        return (line.used, line.held)
    }

    private func used(_ table: LimitTable, _ entry: LimitDemand.Entry) -> LimitUse {
        LimitUse(
            tokens: self.line(table, entry, .totalTokens).used, cost: self.line(table, entry, .monthlyCost).used)
    }
}
