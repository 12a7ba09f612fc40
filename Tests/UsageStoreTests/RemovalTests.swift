import Database
import DatabaseTestSupport
import Domain
import Journal
import Testing

@testable import UsageStore

/// Old requests go, others stay, on both databases.
@Suite struct RemovalTests {
    private static let day: UInt64 = 86_400_000
    /// 21 September 2026.
    private static let start: UInt64 = 1_790_000_000_000

    /// Requests of a hundred days, seven a day: some with several calls, one in ten open, one in ten recovered.
    private func fill(_ writer: any UsageSink) throws -> [RecordID] {
        var source = RecordSource(milliseconds: Self.start)
        var records: [RecordID] = []
        var batch: [JournalRecord] = []
        for number in 0..<700 {
            let record = source.mint(after: Self.day / 7)
            records.append(record)
            switch number % 10 {
            case 0: batch += [.begin(RecordSource.begin(record)), .attempt(RecordSource.attempt(record))]
            case 1:
                batch += [
                    .settle(RecordSource.settle(record, rank: .recovery)), .attempt(RecordSource.attempt(record)),
                ]
            case 2: batch.append(.settle(RecordSource.settle(record, status: 503)))
            case 3...5:
                batch += RecordSource.all(record)
                batch += [.attempt(RecordSource.attempt(record, 2)), .attemptEnd(RecordSource.attemptEnd(record, 2))]
            case 6:
                // Nobody has said anything but its upstream, long ago.
                batch += [.attempt(RecordSource.attempt(record)), .attemptEnd(RecordSource.attemptEnd(record))]
            default: batch += RecordSource.all(record)
            }
            guard number % 70 == 69 else { continue }
            try writer.apply(batch)
            batch = []
        }
        return records
    }

    private func run(_ steps: any JobSteps, limit: Int) throws -> (amount: Int64, steps: Int) {
        var amount: Int64 = 0
        for count in 1...10_000 {
            let step = try steps.step(limit: limit)
            amount += step.amount
            if step.state == .done { return (amount, count) }
        }
        return (amount, 0)
    }

    private func records(_ store: TestStore, _ sql: SQL) throws -> [String] { try store.texts(sql, 1, bytes: [0]) }

    @Test(arguments: TestStore.products, [1, 7, 100_000])
    func whatHasEndedBeforeGoesAndAllElseStays(_ product: DatabaseProduct, _ limit: Int) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let records = try self.fill(writer)
        let before = try store.rows()
        // In the fourth month, in the middle of a day.
        let time = Self.start + 92 * Self.day + Self.day / 2
        let (amount, count) = try self.run(writer.removal(ofRequestsBefore: time), limit: limit)
        func isKept(_ place: Int) -> Bool { records[place].milliseconds >= time || place % 10 == 0 }
        let kept = records.indices.filter(isKept).map { "\(records[$0])" }
        #expect(
            try self.records(store, "SELECT record FROM requests ORDER BY record")
                == records.indices.filter { isKept($0) && $0 % 10 != 6 }.map { "\(records[$0])" })
        #expect(
            Set(try self.records(store, "SELECT DISTINCT record FROM calls ORDER BY record"))
                == Set(records.indices.filter { isKept($0) && $0 % 10 != 2 }.map { "\(records[$0])" }))
        // What stays is as it was.
        let stays = Set(kept)
        #expect(try store.rows() == before.filter { stays.contains(String($0.prefix(32))) })
        if product == .sqlite {
            #expect(amount == Int64(records.indices.count { !isKept($0) && $0 % 10 != 6 }))
            #expect(limit < 100 ? count > 500 / limit : count == 1)
        }
        // Again there is nothing to do, but for later ones.
        #expect(try self.run(writer.removal(ofRequestsBefore: time), limit: 100_000).amount == 0)
        _ = try self.run(writer.removal(ofRequestsBefore: .max), limit: 100)
        #expect(try store.count("SELECT count(*) FROM requests WHERE rank > 0") == 0)
        #expect(try store.count("SELECT count(*) FROM requests") == 70)
        #expect(try store.count("SELECT count(*) FROM attempts") == 70)
        // And what comes now is taken.
        var source = RecordSource(milliseconds: Self.start + 200 * Self.day)
        try writer.apply(RecordSource.all(source.mint()))
        #expect(try store.count("SELECT count(*) FROM requests WHERE rank = 3") == 1)
    }

    /// A journal is read late: what comes of requests that were settled then is no request.
    @Test(arguments: TestStore.products) func whatComesLateGoesTheNextTime(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource(milliseconds: Self.start)
        let (settled, open) = (source.mint(), source.mint())
        try writer.apply([.begin(RecordSource.begin(settled)), .settle(RecordSource.settle(settled))])
        try writer.apply([.begin(RecordSource.begin(open))])
        let time = Self.start + 100 * Self.day
        _ = try self.run(writer.removal(ofRequestsBefore: time), limit: 10)
        try writer.apply([.attempt(RecordSource.attempt(settled)), .attemptEnd(RecordSource.attemptEnd(settled))])
        try writer.apply([.attempt(RecordSource.attempt(open)), .settle(RecordSource.settle(open))])
        #expect(try store.count("SELECT count(*) FROM requests") == 1)
        _ = try self.run(writer.removal(ofRequestsBefore: time), limit: 10)
        #expect(try store.rows() == [])
    }

    /// A step that is undone is done again, and no other.
    @Test func aStepThatFailsIsDoneAgain() throws {
        let store = try TestStore(.sqlite)
        let writer = try store.writer()
        _ = try self.fill(writer)
        let steps = writer.removal(ofRequestsBefore: .max)
        _ = try steps.step(limit: 10)
        let other = try SQLiteDatabase(path: store.path, options: UsageSchema.writing)
        try other.begin()
        let sqlite = try #require(writer as? UsageWriter)
        try sqlite.database.execute("PRAGMA busy_timeout = 1")
        #expect { try steps.step(limit: 10) } throws: { ($0 as? DatabaseError)?.isRetryable == true }
        other.rollback()
        _ = try self.run(steps, limit: 10)
        #expect(try store.count("SELECT count(*) FROM requests WHERE rank > 0") == 0)
    }

    /// The file grows no more once as much is removed as comes: pages that are free are written again.
    @Test func aFileGrowsNoMore() throws {
        let store = try TestStore(.sqlite)
        let writer = try store.writer()
        var source = RecordSource(milliseconds: Self.start)
        func day() throws {
            try writer.apply((0..<600).flatMap { _ in RecordSource.all(source.mint(after: Self.day / 600)) })
        }
        for _ in 0..<10 { try day() }
        let size = try writer.size()
        for _ in 0..<20 {
            _ = try self.run(writer.removal(ofRequestsBefore: source.milliseconds - 8 * Self.day), limit: 100)
            try day()
        }
        #expect(try writer.size() < size + size / 10)
    }

    // MARK: Months

    private static let tables: SQL = """
        SELECT CAST(relname AS TEXT) FROM pg_class WHERE relkind = 'r'
            AND (relname LIKE 'requests\\_%' OR relname LIKE 'attempts\\_%') ORDER BY 1
        """

    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func monthsThatArePastAreDropped() throws {
        let store = try TestStore(.postgres)
        let writer = try store.writer()
        let records = try self.fill(writer)
        try store.connection().execute("ANALYZE")
        #expect(
            try store.texts(Self.tables, 1).filter { $0.hasPrefix("requests") }
                == ["09", "10", "11", "12"].map { "requests_2026_\($0)" } + ["requests_2027_01", "requests_rest"])
        // 1 December, to the millisecond.
        let december: UInt64 = 1_796_083_200_000
        #expect(UsageMonth(milliseconds: december).milliseconds == Int64(december))
        var steps = writer.removal(ofRequestsBefore: december - 1)
        let first = try steps.step(limit: 1)
        #expect(first.state == .more && first.amount > 50)
        _ = try self.run(steps, limit: 100)
        #expect(
            try store.texts(Self.tables, 1) == [
                "attempts_2026_11", "attempts_2026_12", "attempts_2027_01", "attempts_rest", "requests_2026_11",
                "requests_2026_12", "requests_2027_01", "requests_rest",
            ])
        steps = writer.removal(ofRequestsBefore: december)
        _ = try self.run(steps, limit: 100)
        #expect(try store.count("SELECT count(*) FROM pg_class WHERE relname = 'requests_2026_11'") == 0)
        // Those that are not settled are found where all is that has no month.
        let open = records.indices.filter { $0 % 10 == 0 && records[$0].milliseconds < december }
        #expect(try store.count("SELECT count(*) FROM requests_rest") == Int64(open.count))
        #expect(try store.count("SELECT count(*) FROM attempts_rest") == Int64(open.count))
        // They end after all, by this connection, and by one that would make their month again.
        try writer.apply([.settle(RecordSource.settle(records[open[0]]))])
        try store.writer().apply([.settle(RecordSource.settle(records[open[1]]))])
        #expect(try store.count("SELECT count(*) FROM requests_rest WHERE rank = 3") == 2)
        _ = try self.run(writer.removal(ofRequestsBefore: december), limit: 100)
        #expect(try store.count("SELECT count(*) FROM requests_rest") == Int64(open.count - 2))
    }

    /// A long question about requests does not hold up those who write them.
    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func aMonthThatSomebodyReadsIsNotWaitedFor() throws {
        let store = try TestStore(.postgres)
        let writer = try store.writer()
        _ = try self.fill(writer)
        let outside = try store.connection()
        try outside.begin()
        #expect(try outside.integer("SELECT count(*) FROM requests") == 630)
        let steps = writer.removal(ofRequestsBefore: Self.start + 60 * Self.day)
        let clock = ContinuousClock()
        let took = clock.measure {
            #expect { try steps.step(limit: 10) } throws: { ($0 as? DatabaseError)?.fault == .contention }
        }
        #expect(took < .seconds(2))
        var source = RecordSource(milliseconds: Self.start + 101 * Self.day)
        try writer.apply(RecordSource.all(source.mint()))
        outside.rollback()
        _ = try self.run(steps, limit: 100)
        #expect(try store.count("SELECT count(*) FROM pg_class WHERE relname = 'requests_2026_09'") == 0)
    }

    @Test func partitionsAreKnownByTheirNames() {
        func month(_ name: String) -> Int? {
            UsageMonth(partition: Array(name.utf8), of: Array("requests".utf8))?.number
        }
        #expect(month("requests_2026_09") == 2026 * 12 + 8)
        #expect(month("requests_1970_01") == 1970 * 12)
        for name in [
            "requests_rest", "requests_2026_13", "requests_2026_00", "requests_2026-09", "requests_2026_9",
            "requests_20a6_09", "attempts_2026_09", "requests", "", "requests_2026_090", "requestsx2026_09",
        ] { #expect(month(name) == nil, "\(name)") }
    }
}
