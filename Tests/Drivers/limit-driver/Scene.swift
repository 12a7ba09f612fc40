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
    private static let newcomer: UInt32 = 3
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
        else { return exit(3) }
    }

    /// What is done between the two stops is what is stepped through.
    func step(folder: String) throws {
        let owner = LimitOwner(try LimitTable.open(Self.path(folder), .writing, boot: Self.boot))
        let before = Self.entries(1)
        let entries = self.entries
        guard owner.join(Self.victim) != nil,
            let first = Self.hold(owner, before, RecordID(high: 1, low: 1), LimitUse(tokens: 10, cost: 100))
        else { return exit(3) }
        owner.settle(first, before, tokens: 3, cost: 30, softPercent: 80, at: Self.time)
        guard Self.hold(owner, before, Self.open, LimitUse(tokens: 25, cost: 250)) != nil else { return exit(3) }
        raise(SIGSTOP)
        guard let hold = Self.hold(owner, entries, Self.stepped, LimitUse(tokens: 10, cost: 100)) else {
            return exit(3)
        }
        if self.name == "extended" {
            guard owner.extend(hold, entries, tokens: 40, cost: 400, at: Self.time) == nil else { return exit(3) }
        }
        let use = Self.steppedUse
        owner.settle(hold, entries, tokens: use.tokens, cost: use.cost, softPercent: 80, at: Self.time)
        raise(SIGSTOP)
    }

    func recover(file: String) throws {
        let recovery = LimitRecovery(try LimitTable.open(file, .writing, boot: Self.boot))
        raise(SIGSTOP)
        try recovery.recover(
            Self.victim, outcomes: [Self.open: Self.openUse, Self.stepped: Self.steppedUse], at: Self.time)
        raise(SIGSTOP)
    }

    // MARK: What has to come of it

    /// How many things are wrong with a table in which the victim has been killed.
    func judge(file: String) throws -> Int {
        let table = try LimitTable.open(file, .writing, boot: Self.boot)
        let recovery = LimitRecovery(table)
        let isThere = recovery.owners().contains { $0.instance == Self.victim }
        let isOpen = recovery.openHolds(of: Self.victim).contains { $0.record == Self.stepped }
        let isSettling = recovery.openHolds(of: Self.victim).contains { $0.record == Self.stepped && $0.settled != nil }
        // Of a request that is known to be settled, or has been settled since, the use; before it was admitted nothing.
        var outcomes = [Self.open: Self.openUse]
        let isBefore = self.used(table, self.entries[0]).tokens == (self.isNew ? 0 : 3)
        // Files with "call" in their names are those of which the journal knows that the call was made.
        let isCalled = file.contains("call")
        if isCalled { outcomes[Self.stepped] = Self.steppedUse }
        let counts = isOpen ? isCalled || isSettling : !isBefore

        var wrong: [String] = []
        if try recovery.recover(Self.victim, outcomes: outcomes, at: Self.time) != isThere { wrong.append("no place") }
        if try recovery.recover(Self.victim, outcomes: outcomes, at: Self.time) { wrong.append("recovered twice") }
        // A recovery that was killed itself may have come too far to say which of the two it was, yet not to differ.
        let both = self.entries.map { self.used(table, $0) }
        if both[0] != both[1] { wrong.append("slots differ: \(both)") }
        let base = self.isNew ? LimitUse() : LimitUse(tokens: 23, cost: 230)
        let wanted = LimitUse(tokens: base.tokens + 7, cost: base.cost + 70)
        if !isThere || file.contains("recovery") {
            if both[0] != wanted && both[0] != base { wrong.append("used \(both[0])") }
        } else if both[0] != (counts ? wanted : base) {
            wrong.append("used \(both[0]), open \(isOpen), settling \(isSettling)")
        }
        for entry in self.entries {
            let requests = self.line(table, entry, .requestsPerMinute).used - (self.isNew ? 0 : 3)
            let least: Int64 = both[0] == wanted ? 1 : 0
            if requests < least || requests > 1 { wrong.append("\(entry.scope.name): \(requests) requests") }
        }
        for entry in Self.entries(1) {
            let held = (
                self.line(table, entry, .concurrency).held, self.line(table, entry, .totalTokens).held,
                self.line(table, entry, .monthlyCost).held
            )
            if held != (1, 50, 500) { wrong.append("\(entry.scope.name): held \(held)") }
        }
        wrong += self.use(table)
        for line in wrong { say("WRONG \(file): \(line)") }
        return wrong.count
    }

    /// What goes wrong for another process at the same slots.
    private func use(_ table: LimitTable) -> [String] {
        let owner = LimitOwner(table)
        guard owner.join(Self.newcomer) != nil else { return ["no place for another process"] }
        let before = self.used(table, self.entries[0])
        var holds: [LimitHold] = []
        while let hold = Self.hold(owner, self.entries, RecordID(high: 3, low: 1), LimitUse(tokens: 1, cost: 10)) {
            holds.append(hold)
        }
        let room = Self.concurrency - (self.isNew ? 0 : 1)
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
