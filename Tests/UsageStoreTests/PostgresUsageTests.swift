import Database
import DatabaseTestSupport
import Domain
import Journal
import Testing

@testable import UsageStore

/// What only a server brings with it: other hosts, months, and connections that end.
@Suite(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
struct PostgresUsageTests {
    private var source = RecordSource()
    private let store: TestStore

    init() throws {
        self.store = try TestStore(.postgres)
    }

    // MARK: Hosts

    @Test mutating func hostsShareNamesButNotPositions() throws {
        let first = try self.store.writer(host: 1)
        let second = try self.store.writer(host: 2)
        #expect(try first.positions() == [:])
        #expect(try second.positions() == [:])
        for (writer, offset) in [(first, UInt64(4096)), (second, 8192)] {
            try writer.begin()
            try writer.add(.settle(RecordSource.settle(self.source.mint(), model: "shared")), owner: 1)
            try writer.setPosition(offset, of: "1-2-3")
            try writer.commit()
        }
        #expect(try first.positions() == ["1-2-3": 4096])
        #expect(try second.positions() == ["1-2-3": 8192])
        try second.begin()
        try second.removePosition(of: "1-2-3")
        try second.commit()
        #expect(try first.positions() == ["1-2-3": 4096])
        #expect(try self.store.count("SELECT count(*) FROM routes") == 1)
        #expect(try self.store.reader().usage(since: 0, until: .max, by: .model).entries.map(\.totals.requests) == [2])
    }

    @Test mutating func theDeadOfAnotherHostAreNotSettled() throws {
        let writer = try self.store.writer()
        var stranger = RecordIDMinter(host: 0x123456, instance: 7)
        let mine = self.source.mint()
        let other = stranger.mint(milliseconds: self.source.milliseconds)
        try writer.apply([mine, other].map { .begin(RecordSource.begin($0)) })
        #expect(try writer.suspects(host: 0x123456, instance: 7, role: .edge).count == 1)
        try writer.begin()
        #expect(try writer.recover(host: self.source.host, instance: 7) == 1)
        try writer.commit()
        #expect(try self.store.count("SELECT count(*) FROM requests WHERE rank = 0") == 1)
    }

    // MARK: Months

    @Test func monthsBeginWhereTheyShould() {
        for (milliseconds, number) in [
            (0, 1970 * 12), (2_678_399_999, 1970 * 12), (2_678_400_000, 1970 * 12 + 1),
            (951_782_400_000, 2000 * 12 + 1), (951_868_800_000, 2000 * 12 + 2), (1_790_000_000_000, 2026 * 12 + 8),
        ] as [(UInt64, Int)] {
            let month = UsageMonth(milliseconds: milliseconds)
            #expect(month.number == number)
            #expect(month.milliseconds <= Int64(milliseconds) && Int64(milliseconds) < month.next.milliseconds)
        }
        var month = UsageMonth.known.lowerBound
        while UsageMonth.known.contains(month) {
            #expect(UsageMonth(milliseconds: UInt64(month.milliseconds)) == month)
            #expect(UsageMonth(milliseconds: UInt64(month.next.milliseconds - 1)) == month)
            month = month.next
        }
    }

    @Test mutating func recordsLieInTheirMonths() throws {
        let writer = try self.store.writer()
        var later = RecordSource(milliseconds: 1_795_000_000_000)
        var never = RecordSource(milliseconds: 0xFFFF_FFFF_FFFF)
        try writer.apply(RecordSource.all(self.source.mint()) + RecordSource.all(later.mint()))
        try writer.apply([.settle(RecordSource.settle(never.mint(after: 0)))])
        let tables: SQL =
            "SELECT relname FROM pg_class WHERE relname LIKE 'requests\\_20%' AND relkind = 'r' ORDER BY 1"
        #expect(
            try self.store.texts(tables, 1)
                == ["requests_2026_09", "requests_2026_10", "requests_2026_11", "requests_2026_12"])
        #expect(try self.store.count("SELECT count(*) FROM requests_2026_09") == 1)
        #expect(try self.store.count("SELECT count(*) FROM requests_2026_11") == 1)
        #expect(try self.store.count("SELECT count(*) FROM requests_rest") == 1)
        #expect(try self.store.reader().requests(RequestQuery()).requests.count == 3)
        // Another process finds them.
        try self.store.writer().apply(RecordSource.all(self.source.mint()))
        #expect(try self.store.count("SELECT count(*) FROM requests_2026_09") == 2)
    }

    @Test mutating func aMonthThatCannotBeMadeIsTakenByTheRest() throws {
        let writer = try self.store.writer()
        // Somebody was a month ahead, while nobody could make tables.
        let early = self.source.mint()
        #expect(try writer.positions() == [:])
        let outside = try self.store.connection()
        let row = try outside.statement("INSERT INTO requests (record, rank) VALUES ($1, 0)")
        try row.bind(1, blob: early.bytes)
        try row.run()
        try writer.apply(RecordSource.all(early) + RecordSource.all(self.source.mint()))
        #expect(try self.store.count("SELECT count(*) FROM requests_rest WHERE rank = 3") == 2)
        #expect(try self.store.reader().requests(RequestQuery()).requests.count == 2)
    }

    /// Nobody tells the planner how few rows the temporary tables have.
    @Test func mergingReadsNoWholeTable() throws {
        #expect(try self.store.writer().positions() == [:])
        let outside = try self.store.connection()
        try outside.execute(
            """
            INSERT INTO requests (record, rank) SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), 3
            FROM generate_series(1, 30000) n
            """)
        try outside.execute("ANALYZE")
        try outside.begin()
        for table in [StagedRequests.table, StagedAttempts.table] { try outside.execute(table) }
        for merge in [StagedRequests.merge, StagedAttempts.merge] {
            let plan = try self.store.texts("EXPLAIN \(merge)", 1)
            #expect(!plan.contains { $0.contains("Seq Scan on requests") }, "\(plan)")
        }
        outside.rollback()
    }

    // MARK: Connections

    @Test mutating func aConnectionThatIsEndedIsMadeAgain() throws {
        let writer = try self.store.writer()
        try writer.apply(RecordSource.all(self.source.mint()))
        let outside = try self.store.connection()
        let records = RecordSource.all(self.source.mint())
        for _ in 0..<3 {
            _ = try outside.integer(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'sluice-aggregator' AND datname = current_database()
                """)
            var isWritten = false
            for _ in 0..<100 where !isWritten {
                do {
                    try writer.apply(records)
                    isWritten = true
                } catch let error as DatabaseError {
                    #expect(error.isRetryable)
                    writer.rollback()
                    // Soon after a connection was made the next one has to wait for up to a tenth of a second.
                    PostgresTiming.system.sleep(10)
                }
            }
            #expect(isWritten)
        }
        #expect(try self.store.count("SELECT count(*) FROM requests") == 2)
        #expect(try self.store.count("SELECT count(*) FROM calls") == 2)
    }

    @Test mutating func aTransactionOfTheSameHostIsWaitedFor() throws {
        let writer = try self.store.writer()
        #expect(try writer.positions() == [:])
        let before = try self.store.connection()
        try before.begin()
        try before.execute("SET LOCAL lock_timeout = 100")
        try before.execute("SELECT pg_advisory_xact_lock(\(UsageSchema.applicationID), 11259375)")
        let impatient = try PostgresUsageWriter(self.store.options(lockTimeout: 100), host: self.store.host)
        #expect {
            try impatient.positions()
        } throws: {
            ($0 as? DatabaseError)?.fault == .contention
        }
        before.rollback()
        #expect(try impatient.positions() == [:])
    }

    @Test func aNewerSchemaIsLeftAlone() throws {
        #expect(try self.store.writer().positions() == [:])
        try self.store.connection().execute("UPDATE schema_version SET version = 99")
        #expect {
            try self.store.writer().positions()
        } throws: { error in
            (error as? DatabaseError)?.fault == .file
        }
    }
}
