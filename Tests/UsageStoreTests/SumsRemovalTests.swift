import Database
import DatabaseTestSupport
import Domain
import Journal
import Testing

@testable import UsageStore

/// Sums of days that are long past go; what was used in all stays known.
@Suite struct SumsRemovalTests {
    private static let day: UInt64 = 86_400_000
    private static let first: Int64 = 20_717
    private static let start = UInt64(first) * day

    /// Forty days of two keys and two models, of two hosts where there may be.
    private func fill(_ store: TestStore) throws {
        let writers = try [store.writer(), store.writer()]
        let principals = [
            Principal.staticKey,
            Principal(
                organization: EntityID(high: 5, low: 5), project: EntityID(high: 6, low: 6),
                key: EntityID(high: 7, low: 7)),
        ]
        var source = RecordSource(milliseconds: Self.start)
        for number in 0..<40 {
            var batch: [JournalRecord] = []
            for part in 0..<8 {
                let record = source.mint(after: Self.day / 8 - 1)
                batch.append(.begin(RecordSource.begin(record, principal: principals[part % 2])))
                batch.append(
                    .settle(
                        RecordSource.settle(record, model: part % 3 == 0 ? "fast" : "deep", cost: Int64(number + part)))
                )
            }
            try writers[number % 2].apply(batch)
        }
    }

    private struct Place: Hashable {
        var principal: Int64?
        var route: Int64?
    }

    /// As the limit table begins.
    private func totals(_ store: TestStore, limit: Int) throws -> [Place: TotalUse] {
        let scan = try #require(try store.reader().totals())
        var totals: [Place: TotalUse] = [:]
        while !scan.isDone {
            let count = try scan.page(limit: limit) {
                totals[Place(principal: $0, route: $1), default: TotalUse()].add($2)
            }
            #expect(count <= limit)
        }
        #expect(try scan.page(limit: limit) { _, _, _ in totals = [:] } == 0)
        return totals
    }

    /// From the requests.
    private func uses(_ store: TestStore) throws -> [Place: TotalUse] {
        var uses: [Place: TotalUse] = [:]
        let reader = try store.reader()
        var last: RecordID?
        repeat {
            last = try reader.uses(after: last, limit: 100) { use in
                uses[Place(principal: use.principal, route: use.route), default: TotalUse()]
                    .add(TotalUse(tokens: use.tokens, cost: use.cost))
            }
        } while last != nil
        return uses
    }

    @Test(arguments: TestStore.products, [1, 9, 1000])
    func oldSumsGoAndTotalsStay(_ product: DatabaseProduct, _ limit: Int) throws {
        let store = try TestStore(product)
        try self.fill(store)
        let all = try self.uses(store)
        #expect(all.count == 4 && all.values.allSatisfy { $0.cost > 0 && $0.tokens > 0 })
        #expect(try self.totals(store, limit: limit) == all)
        let writer = try store.writer()
        var amount: Int64 = 0
        // In two parts, so that what was kept of one is added to.
        for end in [Self.first + 10, Self.first + 30] {
            let before = (
                try store.count("SELECT count(*) FROM rollup_days"),
                try store.count("SELECT count(*) FROM rollup_hours")
            )
            let steps = writer.removal(ofSumsBefore: end)
            var step: JobStep
            repeat {
                step = try steps.step(limit: limit)
                amount += step.amount
                #expect(step.amount <= limit)
                #expect(try limit < 1000 || self.totals(store, limit: limit) == all)
            } while step.state == .more
            #expect(try store.count("SELECT count(*) FROM rollup_days WHERE day < \(end)") == 0)
            #expect(try store.count("SELECT count(*) FROM rollup_hours WHERE hour < \(end * 24)") == 0)
            #expect(try store.count("SELECT count(*) FROM rollup_days") < before.0)
            #expect(try store.count("SELECT count(*) FROM rollup_hours") < before.1)
            #expect(try self.totals(store, limit: limit) == all)
        }
        #expect(amount > 20)
        #expect(try store.count("SELECT count(DISTINCT day) FROM rollup_days") == 10)
        #expect(try store.count("SELECT count(DISTINCT hour / 24) FROM rollup_hours") == 10)
        // What comes now is added to what was.
        var source = RecordSource(milliseconds: Self.start + 50 * Self.day)
        try writer.apply(RecordSource.all(source.mint()))
        #expect(try self.totals(store, limit: limit) == self.uses(store))
    }

    /// A gateway of before has no sums yet.
    @Test(arguments: TestStore.products) func withoutSumsThereAreNoTotals(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        #expect(try writer.jobs.runs(.prune, limit: 1) == [])
        #expect(try store.reader().totals() != nil)
        let connection: any DatabaseConnection =
            product == .postgres
            ? try store.connection() : try SQLiteDatabase(path: store.path, options: UsageSchema.writing)
        try connection.execute("UPDATE rollup_state SET unfilled_until = 5")
        #expect(try store.reader().totals() == nil)
    }
}
