import Database
import DatabaseTestSupport
import Domain
import Foundation
import Journal
import Testing

@testable import UsageStore

/// What sums cost, how quick questions are, and a million records by chance. On demand, in a release build:
/// `SLUICE_BENCHMARK=1 Tests/Harness/postgres.py -- swift test -c release -Xswiftc -enable-testing --filter RollupBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCHMARK"] == "1"), .serialized)
struct RollupBenchmark {
    private static let today: Int64 = 20_717

    private static func processorSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Milliseconds of the quickest and the slowest of some runs.
    private func measure(_ name: String, runs: Int = 5, _ body: () throws -> Int) rethrows -> Double {
        var times: [Double] = []
        var count = 0
        for _ in 0..<runs {
            let began = Date()
            count = try body()
            times.append(Date().timeIntervalSince(began) * 1000)
        }
        let (first, last) = (times.min() ?? 0, times.max() ?? 0)
        print("rollups: \(name): \(count) entries in \(Int(first.rounded())) to \(Int(last.rounded())) ms")
        return first
    }

    // MARK: A million records

    /// In batches as journals bring them, late, twice and replaced: sums are those of a recount, again and again.
    @Test(arguments: TestStore.products)
    func aMillionRecords(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        var writer = try store.writer()
        var storm = RequestStorm(seed: 1, span: 6 * 86_400_000, projects: 40, keys: 5, models: 12)
        var records = 0
        var round = 0
        var seconds = 0.0
        while records < 1_000_000 {
            round += 1
            let batch = storm.batch(requests: 900)
            let began = Date()
            try writer.apply(batch)
            if round % 40 == 0 {
                try writer.begin()
                _ = try writer.recover(host: 0xABCDEF, instance: UInt32(1 + round / 40 % 4))
                try writer.commit()
            }
            seconds += Date().timeIntervalSince(began)
            records += batch.count
            if round % 100 == 0 { writer = try store.writer() }
            if round % 90 == 0 { try RollupTests.expectSums(store, "after \(records) records") }
        }
        try writer.apply(storm.rest())
        try RollupTests.expectSums(store, "at the end")
        var differed = -1
        for _ in 0..<10_000 where differed < 0 {
            if case .done(let count) = try writer.repair(days: Self.today - 1..<Self.today + 9, rows: 20_000) {
                differed = count
            }
        }
        #expect(differed == 0)
        let requests = try store.count("SELECT count(*) FROM requests")
        print("rollups: \(product): \(records) records of \(requests) requests written in \(Int(seconds)) s")
    }

    // MARK: Writing

    /// Requests of so many keys, each of a project of its own: the more there are, the more rows of sums change with a batch.
    @Test(arguments: TestStore.products, [1, 10, 1000, 100_000])
    func writing(_ product: DatabaseProduct, keys: Int) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource()
        let principals = (0..<keys).map {
            Principal(
                organization: EntityID(high: 1, low: UInt64($0 % 7)), project: EntityID(high: 2, low: UInt64($0)),
                key: EntityID(high: 3, low: UInt64($0)))
        }
        var next = 0
        let perBatch = 1000
        let batches = product == .sqlite ? 200 : 40
        var cpu = 0.0
        var seconds = 0.0
        for batch in 0..<batches + 5 {
            let records = (0..<perBatch).map { _ -> [[UInt8]] in
                let record = source.mint(after: 2)
                next = (next + 7919) % keys
                let begin = RecordSource.begin(record, principal: principals[next])
                return ([.begin(begin)] + RecordSource.all(record).dropFirst()).map(\.encodedBody)
            }
            let began = Date()
            let before = Self.processorSeconds()
            try writer.begin()
            let owner = try writer.owner(host: 1, instance: 9, role: .upstream)
            for record in records.joined() { try writer.add(encoded: record, owner: owner) }
            try writer.commit()
            guard batch >= 5 else { continue }
            cpu += Self.processorSeconds() - before
            seconds += Date().timeIntervalSince(began)
        }
        let count = Double(batches * perBatch)
        print(
            "rollups: \(product), \(keys) keys: \(cpu / count * 1e6) µs CPU a request, \(seconds / count * 1e6) µs in all"
        )
    }

    // MARK: Questions

    /// Three years of a thousand projects with twenty models each.
    @Test(arguments: TestStore.products)
    func threeYears(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource(milliseconds: UInt64(Self.today + 1) * 86_400_000)
        let projects = 1000
        let models = 20
        let days: Int64 = 1095
        // What repeats is made as ever.
        try writer.apply(
            (0..<projects).flatMap { number -> [JournalRecord] in
                let record = source.mint()
                let principal = Principal(
                    organization: EntityID(high: 1, low: UInt64(number % 10)),
                    project: EntityID(high: 2, low: UInt64(number)), key: EntityID(high: 3, low: UInt64(number)))
                return [
                    .begin(RecordSource.begin(record, principal: principal)),
                    .settle(RecordSource.settle(record, model: "model \(number % models)")),
                ]
            })
        let outside: any DatabaseConnection
        if product == .postgres {
            var options = try store.options(lockTimeout: 600_000)
            options.statementTimeout = 3_600_000
            outside = PostgresConnection(options, migrations: UsageSchema.postgresMigrations)
        } else {
            outside = try SQLiteDatabase(
                path: store.path, options: UsageSchema.writing, migrations: UsageSchema.migrations)
        }
        try self.fill(outside, days)
        if product == .postgres {
            try outside.execute("VACUUM ANALYZE rollup_days")
            // It would be written while the questions are asked.
            try outside.execute("CHECKPOINT")
        }
        // PostgreSQL would count longer than a statement may take there.
        if product == .sqlite {
            print("rollups: \(product): \(try store.count("SELECT count(*) FROM rollup_days")) rows of days")
        }
        let reader = try store.reader()
        let period = RollupQuery.Period.days(Self.today - days..<Self.today)
        let project = EntityID(high: 2, low: 77)
        func ask(_ name: String, _ query: RollupQuery) throws -> Double {
            try self.measure("\(product), three years, \(name)") { try reader.rollups(query).entries.count }
        }
        var daily: [Double] = []
        daily.append(try ask("the gateway by day", RollupQuery(period)))
        daily.append(try ask("the gateway by day and model", RollupQuery(period, by: [.model])))
        daily.append(try ask("the gateway by day, one model", RollupQuery(period, model: Array("model 3".utf8))))
        daily.append(try ask("a project by day", RollupQuery(period, project: project)))
        daily.append(try ask("a project by day and model", RollupQuery(period, by: [.model], project: project)))
        daily.append(
            try ask(
                "an organization by day and model",
                RollupQuery(period, by: [.model], organization: EntityID(high: 1, low: 3))))
        #expect(daily.allSatisfy { $0 < 100 })
        let month = RollupQuery.Period.days(Self.today - 30..<Self.today)
        _ = try self.measure("\(product), 30 days, by project") {
            try reader.rollups(RollupQuery(month, isDivided: false, by: [.project])).entries.count
        }
        _ = try self.measure("\(product), three years, by project and model", runs: 1) {
            try reader.rollups(RollupQuery(period, isDivided: false, by: [.project, .model])).entries.count
        }
    }

    /// Rows of every day for every project and model, every organization and model, and every model.
    private func fill(_ database: any DatabaseConnection, _ days: Int64) throws {
        var sums = RollupSums()
        for number in 0..<400 {
            sums.latency.add(UInt64(200_000 + number * number * 17), 1)
            sums.firstByte.add(UInt64(90_000 + number * 997), 1)
        }
        let statement = try database.statement(
            """
            WITH RECURSIVE days (number) AS (
                SELECT CAST(\(Self.today - days) AS BIGINT) UNION ALL
                SELECT number + 1 FROM days WHERE number < \(Self.today - 1)),
            scopes (scope) AS (
                SELECT (kind << 40) | id FROM rollup_scopes UNION ALL SELECT CAST(\(RollupScope.Kind.gateway.base) AS BIGINT))
            INSERT INTO rollup_days (day, scope, route, host, requests, client_errors, provider_errors, gateway_errors, input,
                cache_read, output, reasoning, cost, latency, first_byte, detail)
            SELECT d.number, s.scope, r.id, 0, 400, 3, 1, 0, 400000 + r.id, 20000, 90000, 0, 123456789 + s.scope % 1000,
                400000000, 80000000, CAST($1 AS \(database.product == .postgres ? "BYTEA" : "BLOB"))
            FROM days d CROSS JOIN (SELECT scope FROM scopes ORDER BY scope) s CROSS JOIN routes r
            """)
        try statement.bind(1, blob: sums.packed)
        try statement.run()
    }
}
