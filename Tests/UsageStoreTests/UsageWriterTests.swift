import Database
import Domain
import Journal
import Testing

@testable import UsageStore

@Suite struct UsageWriterTests {
    private let folder: TemporaryFolder
    private var source = RecordSource()

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func apply(_ batches: [[JournalRecord]], to name: String) throws {
        let writer = try UsageWriter(path: self.folder.file(name))
        for batch in batches { try self.apply(batch, writer) }
    }

    private func apply(_ batch: [JournalRecord], _ writer: UsageWriter) throws {
        try writer.begin()
        for record in batch {
            let upstream = if case .attempt = record { true } else if case .attemptEnd = record { true } else { false }
            let owner = try writer.owner(
                host: 0xABCDEF, instance: upstream ? 9 : 7, role: upstream ? .upstream : .edge)
            try writer.add(record, owner: owner)
        }
        try writer.commit()
    }

    private func permutations<Element>(_ list: [Element]) -> [[Element]] {
        guard list.count > 1 else { return [list] }
        return list.indices.flatMap { index in
            var rest = list
            let first = rest.remove(at: index)
            return self.permutations(rest).map { [first] + $0 }
        }
    }

    // MARK: Orders

    @Test mutating func everyOrderAndEverySplitMakesTheSameRows() throws {
        let record = self.source.mint()
        let records = RecordSource.all(record)
        try self.apply([records], to: "expected.db")
        let expected = try Rows.all(self.folder.file("expected.db"))
        #expect(expected.count == 2)
        for (number, order) in self.permutations(records).enumerated() {
            for cut in 0..<8 {
                // Each bit says whether a batch ends after that record.
                var batches: [[JournalRecord]] = [[]]
                for (index, one) in order.enumerated() {
                    batches[batches.count - 1].append(one)
                    if cut & 1 << index != 0 { batches.append([]) }
                }
                let name = "order-\(number)-\(cut).db"
                try self.apply(batches, to: name)
                #expect(try Rows.all(self.folder.file(name)) == expected, "\(number) \(cut)")
            }
        }
    }

    @Test mutating func theHighestRankSpeaksWhateverTheOrder() throws {
        let record = self.source.mint()
        let records: [JournalRecord] = [
            .begin(RecordSource.begin(record, label: "mine")),
            .settle(RecordSource.settle(record, rank: .upstream, status: 0, outcome: .unknown, model: "", cost: 9)),
            .settle(RecordSource.settle(record, rank: .recovery, status: 0, outcome: .unknown, model: "x", cost: 1)),
            .settle(RecordSource.settle(record, rank: .edge, status: 502, outcome: .error, error: "upstream_lost")),
        ]
        try self.apply([records], to: "expected.db")
        let expected = try Rows.all(self.folder.file("expected.db"))
        #expect(expected.count == 1)
        #expect(expected[0].contains("|3|"))
        #expect(expected[0].contains("upstream_lost"))
        #expect(expected[0].contains("mine"))
        for (number, order) in self.permutations(records).enumerated() {
            for single in [true, false] {
                let name = "rank-\(number)-\(single).db"
                try self.apply(single ? order.map { [$0] } : [order], to: name)
                #expect(try Rows.all(self.folder.file(name)) == expected)
            }
        }
    }

    @Test mutating func aSegmentReadTwiceChangesNothing() throws {
        var records: [JournalRecord] = []
        // More than one statement's rows, and not a multiple of them.
        for number in 0..<45 {
            let record = self.source.mint()
            records += RecordSource.all(record)
            if number % 10 == 0 {
                records.append(.settle(RecordSource.settle(record, rank: .upstream, cost: 1)))
                records.append(.attempt(RecordSource.attempt(record, 2)))
            }
        }
        let path = self.folder.file("usage.db")
        try self.apply([records], to: "usage.db")
        let once = try Rows.all(path)
        #expect(once.count == 45 + 45 + 5)
        try self.apply([records], to: "usage.db")
        #expect(try Rows.all(path) == once)
        // A part of it again, together with new ones in the same statement.
        let more = (0..<8).flatMap { _ in RecordSource.all(self.source.mint()) }
        try self.apply([Array(records.suffix(40)) + more], to: "usage.db")
        let rows = try Rows.all(path)
        #expect(rows.count == once.count + 16)
        #expect(Set(rows).isSuperset(of: once))
    }

    @Test mutating func textsOfOneRowAreNotInheritedByALaterOne() throws {
        var records: [JournalRecord] = []
        for number in 0..<64 {
            let record = self.source.mint()
            records.append(.begin(RecordSource.begin(record, label: number < 16 ? "label \(number)" : "")))
            records.append(.settle(RecordSource.settle(record)))
        }
        try self.apply([records], to: "usage.db")
        let path = self.folder.file("usage.db")
        #expect(try Rows.count(path, "SELECT count(*) FROM requests WHERE label IS NOT NULL") == 16)
        #expect(try Rows.count(path, "SELECT count(DISTINCT label) FROM requests") == 16)
    }

    @Test mutating func moreThanABatchHolds() throws {
        let records = (0..<9000).flatMap { _ in RecordSource.all(self.source.mint(after: 0)) }
        try self.apply([records], to: "usage.db")
        let path = self.folder.file("usage.db")
        #expect(try Rows.count(path, "SELECT count(*) FROM requests WHERE rank = 3 AND principal NOT NULL") == 9000)
        #expect(try Rows.count(path, "SELECT count(*) FROM calls WHERE billed = 1 AND target NOT NULL") == 9000)
        #expect(try Rows.count(path, "SELECT count(*) FROM routes") == 1)
        #expect(try Rows.count(path, "SELECT count(*) FROM principals") == 1)
    }

    // MARK: Atomicity

    @Test mutating func positionsAndRowsAreOne() throws {
        let path = self.folder.file("usage.db")
        let first = RecordSource.all(self.source.mint())
        let second = RecordSource.all(self.source.mint())
        do {
            let writer = try UsageWriter(path: path)
            try writer.begin()
            for record in first { try writer.add(record, owner: 1) }
            try writer.setPosition(4096, of: "a")
            try writer.commit()
            try writer.begin()
            for record in second { try writer.add(record, owner: 1) }
            try writer.flush()
            try writer.setPosition(8192, of: "a")
            // Gone without a commit, as by a kill.
        }
        let writer = try UsageWriter(path: path)
        #expect(try writer.positions() == ["a": 4096])
        #expect(try Rows.count(path, "SELECT count(*) FROM requests") == 1)
        #expect(try Rows.count(path, "SELECT count(*) FROM calls") == 1)
        try writer.begin()
        try writer.removePosition(of: "a")
        try writer.commit()
        #expect(try writer.positions() == [:])
    }

    @Test mutating func afterARollbackNumbersAreLookedUpAnew() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        let record = self.source.mint()
        try writer.begin()
        try writer.add(.settle(RecordSource.settle(record, model: "undone")), owner: 1)
        writer.rollback()
        try self.apply([.settle(RecordSource.settle(record, model: "other"))], writer)
        try self.apply([.settle(RecordSource.settle(self.source.mint(), model: "undone"))], writer)
        let database = try SQLiteDatabase(path: path, options: UsageSchema.reading)
        let models = try Rows.texts(database, "SELECT model FROM requests_text ORDER BY record", 1)
        #expect(models == ["other", "undone"])
    }

    // MARK: Recovery

    @Test mutating func recoveryTakesTokensAndCostFromTheAttempts() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        let dead = (0..<5).map { _ in self.source.mint() }
        var living = RecordSource(edgeInstance: 8, milliseconds: self.source.milliseconds)
        let other = living.mint()
        try self.apply(
            dead.map { .begin(RecordSource.begin($0)) } + [
                .begin(RecordSource.begin(other)),
                // 0: two calls, one refused. 1: one of unknown price. 2: one that was never ended. 3: none. 4: settled.
                .attempt(RecordSource.attempt(dead[0])), .attemptEnd(RecordSource.attemptEnd(dead[0], billed: .no)),
                .attempt(RecordSource.attempt(dead[0], 2)), .attemptEnd(RecordSource.attemptEnd(dead[0], 2)),
                .attempt(RecordSource.attempt(dead[1])), .attemptEnd(RecordSource.attemptEnd(dead[1], cost: nil)),
                .attempt(RecordSource.attempt(dead[2])), .settle(RecordSource.settle(dead[4])),
            ], writer)
        try writer.begin()
        #expect(try writer.recover(host: self.source.host, instance: 7) == 4)
        #expect(try writer.recover(host: self.source.host, instance: 7) == 0)
        #expect(try writer.recover(host: 1, instance: 8) == 0)
        try writer.commit()
        let database = try SQLiteDatabase(path: path, options: UsageSchema.reading)
        let rows = try Rows.texts(
            database,
            "SELECT rank, status, outcome, provider, input, cost, usage_source, error FROM requests_text ORDER BY record",
            8)
        #expect(
            rows
                == [
                    "1|0|unknown|openai|100|4200|provider|edge_lost", "1|0|unknown|openai|100|-|provider|edge_lost",
                    "1|0|unknown|openai|0|-|none|edge_lost", "1|0|unknown||0|0|none|edge_lost",
                    "3|200|complete|openai|100|4200|provider|-", "0|-|unknown|-|-|-|none|-|",
                ].map { $0.hasSuffix("|") ? String($0.dropLast()) : $0 })
        #expect(
            try Rows.texts(database, "SELECT billed FROM attempts_text WHERE status IS NULL", 1) == ["unknown"])
    }

    @Test mutating func anAttemptThatComesAfterTheRecoveryCountsToo() throws {
        let record = self.source.mint()
        let begin = JournalRecord.begin(RecordSource.begin(record))
        let attempts: [JournalRecord] = [
            .attempt(RecordSource.attempt(record)), .attemptEnd(RecordSource.attemptEnd(record)),
        ]
        func recover(_ name: String, before: [JournalRecord], after: [[JournalRecord]]) throws -> [String] {
            do {
                let writer = try UsageWriter(path: self.folder.file(name))
                try self.apply([begin] + before, writer)
                try writer.begin()
                #expect(try writer.recover(host: 0xABCDEF, instance: 7) == 1)
                try writer.commit()
            }
            // A new process: what was recovered is known from the database.
            let writer = try UsageWriter(path: self.folder.file(name))
            for batch in after { try self.apply(batch, writer) }
            return try Rows.all(self.folder.file(name))
        }
        let expected = try recover("1.db", before: attempts, after: [])
        #expect(expected.contains { $0.contains("|4200|") })
        #expect(try recover("2.db", before: [], after: [attempts]) == expected)
        #expect(try recover("3.db", before: [], after: attempts.map { [$0] }) == expected)
        #expect(try recover("4.db", before: [], after: attempts.reversed().map { [$0] }) == expected)
        // An upstream that lives settles the orphan; what comes later does not undo that.
        let orphan = JournalRecord.settle(RecordSource.settle(record, rank: .upstream, status: 0, outcome: .unknown))
        let settled = try recover("5.db", before: attempts, after: [[orphan]])
        #expect(settled != expected)
        #expect(try recover("6.db", before: [], after: [[orphan], attempts]) == settled)
        #expect(try recover("7.db", before: [], after: [attempts + [orphan]]) == settled)
    }

    @Test mutating func suspects() throws {
        let writer = try UsageWriter(path: self.folder.file("usage.db"))
        let records = (0..<4).map { _ in self.source.mint() }
        let fingerprints = records.map { RecordSource.begin($0).fingerprint }
        try self.apply(
            records.map { .begin(RecordSource.begin($0)) } + [
                .settle(RecordSource.settle(records[0])),
                .settle(RecordSource.settle(records[1], rank: .upstream)),
                .attempt(RecordSource.attempt(records[0])), .attempt(RecordSource.attempt(records[2])),
                .attempt(RecordSource.attempt(records[3])), .attemptEnd(RecordSource.attemptEnd(records[3])),
            ], writer)
        let host = self.source.host
        let open = [fingerprints[1], fingerprints[2], fingerprints[3]].sorted()
        #expect(try writer.suspects(host: host, instance: 7, role: .edge) == open)
        #expect(try writer.suspects(host: host, instance: 8, role: .edge) == [])
        // The edge has settled what the upstream took with it; it is a suspect all the same.
        #expect(
            try writer.suspects(host: host, instance: 9, role: .upstream)
                == [fingerprints[0], fingerprints[2]].sorted())
        try writer.begin()
        #expect(try writer.recover(host: host, instance: 7) == 2)
        try writer.commit()
        #expect(try writer.suspects(host: host, instance: 7, role: .edge) == open)
    }

    // MARK: Prices

    @Test func pricesAreKeptOnceAndWhole() throws {
        let writer = try UsageWriter(path: self.folder.file("usage.db"))
        let plain = Price(Price.Rates(input: 75_000, output: 300_000, cacheRead: 0))
        let long = Price(
            Price.Rates(input: 1, output: 2, reasoning: 7),
            longPrompt: Price.LongPrompt(above: 200_000, rates: Price.Rates(input: 2, output: 4, image: 9)))
        try writer.add(prices: [plain, long, .free])
        try writer.add(prices: [long, plain])
        #expect(try PriceTable.price(plain.id, in: writer.database) == plain)
        #expect(try PriceTable.price(long.id, in: writer.database) == long)
        #expect(try PriceTable.price(Price.free.id, in: writer.database) == .free)
        #expect(try PriceTable.price(12, in: writer.database) == nil)
        #expect(try Rows.count(self.folder.file("usage.db"), "SELECT count(*) FROM prices") == 4)
    }

    // MARK: Trouble

    @Test mutating func aFullDatabaseTakesNothingAndGoesOnLater() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        try self.apply(RecordSource.all(self.source.mint()), writer)
        let pages = try writer.database.integer("PRAGMA page_count") ?? 0
        _ = try writer.database.integer("PRAGMA max_page_count = \(pages)")
        let records = (0..<2000).flatMap { _ in RecordSource.all(self.source.mint()) }
        #expect {
            try self.apply(records, writer)
        } throws: {
            ($0 as? DatabaseError)?.isRetryable == true
        }
        writer.rollback()
        #expect(try Rows.count(path, "SELECT count(*) FROM requests") == 1)
        _ = try writer.database.integer("PRAGMA max_page_count = 1000000")
        try self.apply(records, writer)
        #expect(try Rows.count(path, "SELECT count(*) FROM requests WHERE rank = 3") == 2001)
    }

    @Test mutating func aLockThatSomebodyElseHoldsIsRetryable() throws {
        let path = self.folder.file("usage.db")
        let writer = try UsageWriter(path: path)
        let other = try SQLiteDatabase(path: path, options: UsageSchema.writing)
        try other.begin()
        let records = RecordSource.all(self.source.mint())
        #expect {
            try self.apply(records, writer)
        } throws: {
            ($0 as? DatabaseError)?.isRetryable == true
        }
        writer.rollback()
        other.rollback()
        try self.apply(records, writer)
        #expect(try Rows.all(path).count == 2)
    }

    @Test func aDamagedFileIsNamedAndLeftAlone() throws {
        let path = self.folder.file("usage.db")
        _ = try UsageWriter(path: path)
        var bytes = try self.folder.bytes("usage.db")
        for index in bytes.indices.dropFirst(8192) { bytes[index] = 0xA5 }
        try self.folder.write("usage.db", bytes)
        #expect {
            _ = try UsageWriter(path: path)
        } throws: { error in
            guard let error = error as? DatabaseError else { return false }
            return error.fault == .file && error.description.contains(path) && error.offset != nil
        }
        #expect(try self.folder.bytes("usage.db") == bytes)
    }
}
