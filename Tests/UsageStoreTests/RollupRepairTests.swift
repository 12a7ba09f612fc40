import Database
import DatabaseTestSupport
import Domain
import Journal
import Testing

@testable import UsageStore

/// Sums that were wrong, and those that were not there.
@Suite struct RollupRepairTests {
    private static let day: Int64 = 1_790_000_000_000 / 86_400_000

    /// All steps of a repair.
    private func repair(_ writer: any UsageSink, _ days: Range<Int64>, between: () throws -> Void = {}) throws -> Int {
        for _ in 0..<1000 {
            switch try writer.repair(days: days, rows: 300) {
            case .done(let differed): return differed
            case .more: try between()
            case .busy: throw TestFailure()
            }
        }
        throw TestFailure()
    }

    private struct TestFailure: Error {}

    /// Someone else's connection that may write.
    private func outside(_ store: TestStore, _ product: DatabaseProduct) throws -> any DatabaseConnection {
        product == .postgres
            ? try store.connection()
            : try SQLiteDatabase(path: store.path, options: UsageSchema.writing, migrations: UsageSchema.migrations)
    }

    // MARK: Repair

    @Test(arguments: TestStore.products)
    func whatIsWrongIsPutRight(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        // So that the days of the storm are certainly whole.
        var first = RecordSource(milliseconds: UInt64(Self.day - 9) * 86_400_000)
        try writer.apply(RecordSource.all(first.mint()))
        var storm = RequestStorm(seed: 21)
        for _ in 0..<5 { try writer.apply(storm.batch(requests: 150)) }
        let days = Self.day - 1..<Self.day + 9
        #expect(try self.repair(writer, days) == 0)
        do {
            let outside = try self.outside(store, product)
            try outside.execute("UPDATE rollup_days SET cost = cost + 7, requests = 0 WHERE day = \(Self.day + 1)")
            try outside.execute("UPDATE rollup_hours SET input = input - 1 WHERE hour % 5 = 0")
            try outside.execute("DELETE FROM rollup_days WHERE day = \(Self.day + 2)")
            // Of a day without requests.
            try outside.execute(
                """
                INSERT INTO rollup_days SELECT \(Self.day + 7), scope, route, host, requests, client_errors, provider_errors,
                    gateway_errors, input, cache_read, output, reasoning, cost, latency, first_byte, detail
                FROM rollup_days WHERE day = \(Self.day + 3) AND scope < 1000
                """)
        }
        #expect(try store.reader().rollups(RollupTests.queries[0]) != store.reader().recount(RollupTests.queries[0]))
        // Batches come in between the steps.
        let differed = try self.repair(writer, days) { try writer.apply(storm.batch(requests: 60)) }
        #expect(differed > 20)
        try RollupTests.expectSums(store, "repaired")
        #expect(try self.repair(writer, days) == 0)
        try writer.apply(storm.rest())
        try RollupTests.expectSums(store, "later")
    }

    /// Requests are removed after some months, their sums stay.
    @Test(arguments: TestStore.products)
    func removedRequestsAreNoDifference(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var storm = RequestStorm(seed: 22)
        for _ in 0..<3 { try writer.apply(storm.batch(requests: 150)) }
        let before = try store.reader().rollups(RollupTests.queries[0])
        let kept = UInt64(Self.day + 2) * 86_400_000
        let outside = try self.outside(store, product)
        let delete = try outside.statement("DELETE FROM requests WHERE record < $1")
        try delete.bind(1, blob: RecordID.first(atMilliseconds: kept).bytes)
        try delete.run()
        #expect(try self.repair(writer, Self.day - 1..<Self.day + 6) == 0)
        #expect(try store.reader().rollups(RollupTests.queries[0]) == before)
        // One of a clock that was wrong has come later: what was removed is known all the same.
        try RollupState.set(keptFrom: kept, in: outside)
        try RollupState.set(keptFrom: 5, in: outside)
        var old = RecordSource(milliseconds: 1_000_000)
        try writer.apply(RecordSource.all(old.mint()))
        #expect(try self.repair(writer, Self.day - 1..<Self.day + 6) == 0)
        #expect(try self.repair(writer, 0..<3) == 0)
        #expect(try store.reader().rollups(RollupTests.queries[0]) == before)
    }

    @Test func oneHostRepairsAtATime() throws {
        guard TestPostgres.isPresent else { return }
        let store = try TestStore(.postgres)
        let first = try store.writer(host: 1)
        let second = try store.writer(host: 2)
        var storm = RequestStorm(seed: 23, start: 1_790_000_000_000 - 20 * 86_400_000, span: 24 * 86_400_000)
        for _ in 0..<3 { try first.apply(storm.batch(requests: 400)) }
        #expect(try first.repair(days: Self.day - 9..<Self.day, rows: 1) == .more)
        #expect(try second.repair(days: Self.day - 9..<Self.day, rows: 1) == .busy)
        #expect(try self.repair(first, Self.day - 9..<Self.day) == 0)
        #expect(try self.repair(second, Self.day - 9..<Self.day) == 0)
    }

    // MARK: What was there before

    /// A database as version 2 has left it.
    private func forgetSums(_ store: TestStore, _ product: DatabaseProduct) throws {
        let outside = try self.outside(store, product)
        try outside.execute("DROP VIEW rollup_days_text")
        for table: SQL in ["rollup_hours", "rollup_days", "rollup_scopes", "rollup_state", "jobs", "used_before"] {
            try outside.execute("DROP TABLE \(table)")
        }
        for index: SQL in ["principals_project", "principals_user"] { try outside.execute("DROP INDEX \(index)") }
        try outside.execute("ALTER TABLE requests DROP COLUMN zone")
        try outside.execute("ALTER TABLE prices DROP COLUMN content")
        try outside.execute(
            product == .sqlite ? "PRAGMA user_version = 2" : "UPDATE schema_version SET version = 2")
    }

    @Test(arguments: TestStore.products)
    func anOlderDatabaseIsSummedStepByStep(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        // Of many months, with long pauses, and one of a clock that was wrong.
        var storms = [0, 40, 41, 400].map { days in
            RequestStorm(seed: UInt64(days + 1), start: 1_790_000_000_000 - UInt64(days) * 86_400_000)
        }
        do {
            let writer = try store.writer()
            for place in storms.indices { try writer.apply(storms[place].batch(requests: 200)) }
            var wrong = RecordSource(milliseconds: 0xFFFF_0000_0000)
            try writer.apply(RecordSource.all(wrong.mint()))
        }
        try self.forgetSums(store, product)
        var writer = try store.writer()
        _ = try writer.positions()
        let query = RollupQuery(.days(0..<4_000_000), by: [.project, .model])
        var steps = 0
        while try writer.fillRollups(rows: 100) {
            steps += 1
            try #require(steps < 500)
            if steps % 7 == 1 {
                #expect(try store.reader().rollups(query) == store.reader().recount(query))
                let isBusy = try writer.repair(days: Self.day..<Self.day + 1, rows: 1) == .busy
                #expect(try isBusy != RollupState.unfilled(in: store.connection()).isEmpty)
            }
            if steps % 3 == 0 { try writer.apply(storms[steps % 4].batch(requests: 15)) }
            // Interrupted.
            if steps % 11 == 5 { writer = try store.writer() }
        }
        #expect(steps > 10)
        #expect(try RollupState.unfilled(in: store.connection()).isEmpty)
        #expect(try store.reader().rollups(query) == store.reader().recount(query))
        try RollupTests.expectSums(store, "filled")
        for place in storms.indices { try writer.apply(storms[place].rest()) }
        try RollupTests.expectSums(store, "and later")
        #expect(try !writer.fillRollups(rows: 100))
    }

    @Test(arguments: TestStore.products)
    func aNewDatabaseHasNothingToFill(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        _ = try writer.positions()
        #expect(try !writer.fillRollups(rows: 100))
        #expect(try store.reader().rollups(RollupQuery(.days(0..<30_000))) == RollupReport())
        #expect(try self.repair(writer, 0..<30_000) == 0)
    }

    // MARK: Hosts

    @Test func sumsOfHostsAreAddedUp() throws {
        guard TestPostgres.isPresent else { return }
        let store = try TestStore(.postgres)
        let writers = try [1, 2].map { try store.writer(host: $0) }
        var storms = [1, 2].map { RequestStorm(seed: UInt64($0), host: $0) }
        for round in 0..<8 { try writers[round % 2].apply(storms[round % 2].batch(requests: 120)) }
        try RollupTests.expectSums(store, "two hosts")
        #expect(try store.count("SELECT count(DISTINCT host) FROM rollup_days") == 2)
        // What one host recounts is also the other's.
        try store.connection().execute(
            "UPDATE rollup_days SET cost = cost + 1 WHERE host = 1 AND day = \(Self.day + 3)")
        #expect(try self.repair(writers[1], Self.day + 3..<Self.day + 4) > 0)
        try RollupTests.expectSums(store, "repaired by the other")
    }
}
