import Database
import Domain
import Journal
import Testing

@testable import UsageStore

@Suite struct UsageWriterTests {
    private var source = RecordSource()

    private func apply(_ batches: [[JournalRecord]], to store: TestStore) throws {
        let writer = try store.writer()
        for batch in batches { try writer.apply(batch) }
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

    @Test(arguments: TestStore.products)
    mutating func everyOrderAndEverySplitMakesTheSameRows(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let record = self.source.mint()
        let records = RecordSource.all(record)
        try self.apply([records], to: store)
        let expected = try store.rows()
        #expect(expected.count == 2)
        for (number, order) in self.permutations(records).enumerated() {
            // A connection takes longer than a file.
            for cut in product == .sqlite ? Array(0..<8) : [0, 2, 7] {
                // Each bit says whether a batch ends after that record.
                var batches: [[JournalRecord]] = [[]]
                for (index, one) in order.enumerated() {
                    batches[batches.count - 1].append(one)
                    if cut & 1 << index != 0 { batches.append([]) }
                }
                try store.renew()
                try self.apply(batches, to: store)
                #expect(try store.rows() == expected, "\(number) \(cut)")
            }
        }
    }

    @Test(arguments: TestStore.products)
    mutating func theHighestRankSpeaksWhateverTheOrder(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let record = self.source.mint()
        let records: [JournalRecord] = [
            .begin(RecordSource.begin(record, label: "mine")),
            .settle(RecordSource.settle(record, rank: .upstream, status: 0, outcome: .unknown, model: "", cost: 9)),
            .settle(RecordSource.settle(record, rank: .recovery, status: 0, outcome: .unknown, model: "x", cost: 1)),
            .settle(RecordSource.settle(record, rank: .edge, status: 502, outcome: .error, error: "upstream_lost")),
        ]
        try self.apply([records], to: store)
        let expected = try store.rows()
        #expect(expected.count == 1)
        #expect(expected[0].contains("|3|"))
        #expect(expected[0].contains("upstream_lost"))
        #expect(expected[0].contains("mine"))
        for order in self.permutations(records) {
            for single in [true, false] {
                try store.renew()
                try self.apply(single ? order.map { [$0] } : [order], to: store)
                #expect(try store.rows() == expected)
            }
        }
    }

    @Test(arguments: TestStore.products)
    mutating func aSegmentReadTwiceChangesNothing(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
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
        try self.apply([records], to: store)
        let once = try store.rows()
        #expect(once.count == 45 + 45 + 5)
        try self.apply([records], to: store)
        #expect(try store.rows() == once)
        // A part of it again, together with new ones in the same statement.
        let more = (0..<8).flatMap { _ in RecordSource.all(self.source.mint()) }
        try self.apply([Array(records.suffix(40)) + more], to: store)
        let rows = try store.rows()
        #expect(rows.count == once.count + 16)
        #expect(Set(rows).isSuperset(of: once))
    }

    @Test(arguments: TestStore.products)
    mutating func textsOfOneRowAreNotInheritedByALaterOne(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        var records: [JournalRecord] = []
        for number in 0..<64 {
            let record = self.source.mint()
            records.append(.begin(RecordSource.begin(record, label: number < 16 ? "label \(number)" : "")))
            records.append(.settle(RecordSource.settle(record)))
        }
        try self.apply([records], to: store)
        #expect(try store.count("SELECT count(*) FROM requests WHERE label IS NOT NULL") == 16)
        #expect(try store.count("SELECT count(DISTINCT label) FROM requests") == 16)
    }

    @Test(arguments: TestStore.products)
    mutating func moreThanABatchHolds(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let records = (0..<9000).flatMap { _ in RecordSource.all(self.source.mint(after: 0)) }
        try self.apply([records], to: store)
        #expect(try store.count("SELECT count(*) FROM requests WHERE rank = 3 AND principal IS NOT NULL") == 9000)
        #expect(try store.count("SELECT count(*) FROM calls WHERE billed = 1 AND target IS NOT NULL") == 9000)
        #expect(try store.count("SELECT count(*) FROM routes") == 1)
        #expect(try store.count("SELECT count(*) FROM principals") == 1)
    }

    // MARK: Atomicity

    @Test(arguments: TestStore.products)
    mutating func positionsAndRowsAreOne(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let first = RecordSource.all(self.source.mint())
        let second = RecordSource.all(self.source.mint())
        do {
            let writer = try store.writer()
            try writer.begin()
            for record in first { try writer.add(record, owner: 1) }
            try writer.setPosition(4096, of: "a")
            try writer.commit()
            try writer.begin()
            for record in second { try writer.add(record, owner: 1) }
            try writer.setPosition(8192, of: "a")
            // Gone without a commit, as by a kill.
        }
        let writer = try store.writer()
        #expect(try writer.positions() == ["a": 4096])
        #expect(try store.count("SELECT count(*) FROM requests") == 1)
        #expect(try store.count("SELECT count(*) FROM calls") == 1)
        try writer.begin()
        try writer.removePosition(of: "a")
        try writer.commit()
        #expect(try writer.positions() == [:])
    }

    @Test(arguments: TestStore.products)
    mutating func afterARollbackNumbersAreLookedUpAnew(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let record = self.source.mint()
        try writer.begin()
        try writer.add(.settle(RecordSource.settle(record, model: "undone")), owner: 1)
        writer.rollback()
        try writer.apply([.settle(RecordSource.settle(record, model: "other"))])
        try writer.apply([.settle(RecordSource.settle(self.source.mint(), model: "undone"))])
        let models = try store.texts("SELECT model FROM requests_text ORDER BY record", 1)
        #expect(models == ["other", "undone"])
    }

    // MARK: Recovery

    @Test(arguments: TestStore.products)
    mutating func recoveryTakesTokensAndCostFromTheAttempts(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let dead = (0..<5).map { _ in self.source.mint() }
        var living = RecordSource(edgeInstance: 8, milliseconds: self.source.milliseconds)
        let other = living.mint()
        try writer.apply(
            dead.map { .begin(RecordSource.begin($0)) } + [
                .begin(RecordSource.begin(other)),
                // 0: two calls, one refused. 1: one of unknown price. 2: one that was never ended. 3: none. 4: settled.
                .attempt(RecordSource.attempt(dead[0])), .attemptEnd(RecordSource.attemptEnd(dead[0], billed: .no)),
                .attempt(RecordSource.attempt(dead[0], 2)), .attemptEnd(RecordSource.attemptEnd(dead[0], 2)),
                .attempt(RecordSource.attempt(dead[1])), .attemptEnd(RecordSource.attemptEnd(dead[1], cost: nil)),
                .attempt(RecordSource.attempt(dead[2])), .settle(RecordSource.settle(dead[4])),
            ])
        try writer.begin()
        #expect(try writer.recover(host: self.source.host, instance: 7) == 4)
        #expect(try writer.recover(host: self.source.host, instance: 7) == 0)
        #expect(try writer.recover(host: 1, instance: 8) == 0)
        try writer.commit()
        let rows = try store.texts(
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
            try store.texts("SELECT billed FROM attempts_text WHERE status IS NULL", 1) == ["unknown"])
    }

    @Test(arguments: TestStore.products)
    mutating func anAttemptThatComesAfterTheRecoveryCountsToo(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let record = self.source.mint()
        let begin = JournalRecord.begin(RecordSource.begin(record))
        let attempts: [JournalRecord] = [
            .attempt(RecordSource.attempt(record)), .attemptEnd(RecordSource.attemptEnd(record)),
        ]
        func recover(before: [JournalRecord], after: [[JournalRecord]]) throws -> [String] {
            try store.renew()
            do {
                let writer = try store.writer()
                try writer.apply([begin] + before)
                try writer.begin()
                #expect(try writer.recover(host: 0xABCDEF, instance: 7) == 1)
                try writer.commit()
            }
            // A new process: what was recovered is known from the database.
            let writer = try store.writer()
            for batch in after { try writer.apply(batch) }
            return try store.rows()
        }
        let expected = try recover(before: attempts, after: [])
        #expect(expected.contains { $0.contains("|4200|") })
        #expect(try recover(before: [], after: [attempts]) == expected)
        #expect(try recover(before: [], after: attempts.map { [$0] }) == expected)
        #expect(try recover(before: [], after: attempts.reversed().map { [$0] }) == expected)
        // An upstream that lives settles the orphan; what comes later does not undo that.
        let orphan = JournalRecord.settle(RecordSource.settle(record, rank: .upstream, status: 0, outcome: .unknown))
        let settled = try recover(before: attempts, after: [[orphan]])
        #expect(settled != expected)
        #expect(try recover(before: [], after: [[orphan], attempts]) == settled)
        #expect(try recover(before: [], after: [attempts + [orphan]]) == settled)
    }

    @Test(arguments: TestStore.products)
    mutating func suspects(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let records = (0..<4).map { _ in self.source.mint() }
        let fingerprints = records.map { RecordSource.begin($0).fingerprint }
        try writer.apply(
            records.map { .begin(RecordSource.begin($0)) } + [
                .settle(RecordSource.settle(records[0])),
                .settle(RecordSource.settle(records[1], rank: .upstream)),
                .attempt(RecordSource.attempt(records[0])), .attempt(RecordSource.attempt(records[2])),
                .attempt(RecordSource.attempt(records[3])), .attemptEnd(RecordSource.attemptEnd(records[3])),
            ])
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
}
