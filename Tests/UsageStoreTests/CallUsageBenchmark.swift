import Database
import Domain
import Foundation
import Journal
import Testing

@testable import UsageStore

/// How long it takes to add up the calls of 30 days. On demand, in a release build:
/// `SLUICE_BENCHMARK=1 Tests/Harness/postgres.py -- swift test -c release -Xswiftc -enable-testing --filter CallUsageBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCHMARK"] == "1"), .serialized)
struct CallUsageBenchmark {
    private static let day: UInt64 = 86_400_000
    private static let midnight: UInt64 = 20_777 * day

    /// A million requests, every tenth with a second call.
    @Test(arguments: TestStore.products)
    func thirtyDays(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        var source = RecordSource(milliseconds: Self.midnight)
        let models = try (0..<20).map { number -> RecordID in
            let record = source.mint()
            var attempt = RecordSource.attempt(record)
            attempt.model = Array("model \(number)".utf8)
            try store.writer().apply([
                .begin(RecordSource.begin(record)), .attempt(attempt),
                .attemptEnd(RecordSource.attemptEnd(record)), .settle(RecordSource.settle(record)),
            ])
            return record
        }
        let requests: UInt64 = 1_000_000
        try self.fill(try store.writingConnection(), models, requests)
        if product == .postgres { try store.writingConnection().execute("VACUUM ANALYZE requests") }

        let reader = try store.reader()
        for (name, days) in [("a day", UInt64(1)), ("30 days", 30)] {
            for _ in 0..<3 {
                let began = Date()
                let report = try reader.calls(since: Self.midnight, until: Self.midnight + days * Self.day)
                let milliseconds = Int(Date().timeIntervalSince(began) * 1000)
                let calls = report.groups.values.reduce(0) { $0 + $1.calls }
                if days == 30 { #expect(calls == Int64(requests + requests / 10) + 20) }
                print("usage/calls: \(product), \(name): \(calls) calls, \(milliseconds) ms")
            }
        }
    }

    /// Copies of the requests of `models`, evenly over 30 days.
    private func fill(
        _ database: any DatabaseConnection, _ models: [RecordID], _ requests: UInt64
    ) throws {
        var minter = RecordIDMinter(host: 0xABCDEF, instance: 99)
        let columns: SQL = """
            rank, principal, endpoint, body_bytes, fingerprint, route, status, outcome, usage_source, input, cache_read,
            output, reasoning, cost, error, first_byte, total, detail, attempt, attempt_detail
            """
        try database.transaction { () throws(DatabaseError) in
            let request = try database.statement(
                "INSERT INTO requests (record, \(columns)) SELECT $1, \(columns) FROM requests WHERE record = $2")
            let second = try database.statement(
                """
                INSERT INTO attempts (record, number, owner, target, started, status, billed, cost, error, detail)
                SELECT $1, 2, owner, target, started, status, billed, cost, error, detail FROM calls WHERE record = $2
                """)
            for number in 0..<requests {
                // Behind the models themselves.
                let time = Self.midnight + 1000 + number * (30 * Self.day - 100_000) / requests
                let record = minter.mint(milliseconds: time)
                for statement in number % 10 == 0 ? [request, second] : [request] {
                    try statement.bind(1, blob: record.bytes)
                    try statement.bind(2, blob: models[Int(number % 20)].bytes)
                    try statement.run()
                    statement.reset()
                }
            }
        }
    }
}
