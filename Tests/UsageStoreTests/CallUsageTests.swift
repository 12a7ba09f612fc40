import Database
import Domain
import Journal
import Testing

@testable import UsageStore

/// What calls have used, by days of UTC, whatever their requests are counted for.
@Suite struct CallUsageTests {
    private static let day: UInt64 = 86_400_000
    /// 2026-11-20.
    private static let midnight: UInt64 = 20_777 * day
    private var minter = RecordIDMinter(host: 0xABCDEF, instance: 7)

    /// A request whose calls are given: milliseconds after it, who was called, and how that ended. Nil: it runs.
    private mutating func request(
        at milliseconds: UInt64, zone: Int8 = 0,
        _ calls: [(after: UInt64, provider: String, end: (billed: Billed, source: UsageSource)?)]
    ) -> [JournalRecord] {
        let record = self.minter.mint(milliseconds: milliseconds)
        var begin = RecordSource.begin(record)
        begin.zone = zone
        var records: [JournalRecord] = [.begin(begin)]
        for (index, call) in calls.enumerated() {
            var attempt = RecordSource.attempt(record, UInt8(index + 1))
            attempt.provider = Array(call.provider.utf8)
            attempt.startedAt = milliseconds + call.after
            records.append(.attempt(attempt))
            guard let outcome = call.end else { continue }
            var end = RecordSource.attemptEnd(record, UInt8(index + 1), billed: outcome.billed)
            end.usageSource = outcome.source
            records.append(.attemptEnd(end))
        }
        var settle = RecordSource.settle(record)
        settle.attempts = UInt8(calls.count)
        records.append(.settle(settle))
        return records
    }

    private static let usage = TokenUsage(input: 100, cacheRead: 10, output: 20, reasoning: 5, image: 3)
    private static let good: (billed: Billed, source: UsageSource)? = (.yes, .provider)

    /// Day, provider, billed, source, calls; tokens of the input.
    private func lines(_ report: CallReport) -> [String] {
        report.entries.map { group, totals in
            "\(Int64(group.day) - 20_777) \(String(decoding: group.provider, as: UTF8.self)) \(group.billed) \(group.source) "
                + "\(totals.calls) \(totals.usage.input)"
        }
    }

    @Test(arguments: TestStore.products)
    mutating func callsCountForTheDayTheyBeganOn(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        try writer.apply(
            // The request came the day before; half an hour of another zone has nothing to do with it.
            self.request(at: Self.midnight - 1, zone: 22, [(1, "a", Self.good)])
                + self.request(at: Self.midnight - 1, [(0, "a", Self.good)])
                + self.request(at: Self.midnight + Self.day - 1, zone: -14, [(0, "a", Self.good)])
                // Of a request with several, only what is billed, each call for itself.
                + self.request(
                    at: Self.midnight + 5000,
                    [(1, "a", (.no, .none)), (20, "b", Self.good), (4_000_000, "a", Self.good)])
                + self.request(at: Self.midnight + Self.day - 10, [(9, "b", Self.good), (10, "b", Self.good)])
                + self.request(at: Self.midnight + 7000, [(1, "a", (.unknown, .estimated)), (2, "c", nil)])
                + self.request(at: Self.midnight + 8000, [(1, "a", (.yes, .estimated))]))
        let reader = try store.reader()
        let report = try reader.calls(since: Self.midnight, until: Self.midnight + Self.day)
        #expect(report.next == nil && report.keptFrom == 0)
        #expect(
            self.lines(report) == [
                "0 a unknown estimated 1 100", "0 a yes provider 3 300", "0 a yes estimated 1 100",
                "0 b yes provider 2 200",
                "0 c unknown none 1 0",
            ])
        #expect(report.entries[1].totals.usage.cacheRead == 30 && report.entries[1].totals.usage.image == 9)
        let ofB = try reader.calls(since: Self.midnight, until: Self.midnight + Self.day, provider: Array("b".utf8))
        #expect(self.lines(ofB) == ["0 b yes provider 2 200"])
        #expect(
            self.lines(try reader.calls(since: Self.midnight - Self.day, until: Self.midnight))
                == ["-1 a yes provider 1 100"])
        #expect(
            self.lines(try reader.calls(since: Self.midnight + Self.day, until: .max)) == ["1 b yes provider 1 100"])
        #expect(try reader.calls(since: Self.midnight, until: Self.midnight).entries.isEmpty)
        #expect(try reader.calls(since: 0, until: 0).entries.isEmpty)
    }

    /// However often it is broken off: together the answers have each call once.
    @Test(arguments: TestStore.products)
    mutating func answersThatAreBrokenOffGoOn(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        for part in 0..<5 {
            try writer.apply(
                (0..<1000).flatMap { index in
                    // A third has two calls.
                    let calls = [(UInt64(0), "a", Self.good), (1, "b", Self.good)].prefix(index % 3 == 0 ? 2 : 1)
                    return self.request(at: Self.midnight + UInt64(part * 10_000 + index), Array(calls))
                })
        }
        let reader = try store.reader()
        let whole = try reader.calls(since: Self.midnight, until: Self.midnight + Self.day)
        #expect(self.lines(whole) == ["0 a yes provider 5000 500000", "0 b yes provider 1670 167000"])
        var (after, answers): (RecordID?, Int) = (nil, 0)
        var sums: [CallReport.Group: Int64] = [:]
        repeat {
            let part = try reader.calls(
                since: Self.midnight, until: Self.midnight + Self.day, after: after, isOverdue: { true })
            for entry in part.entries { sums[entry.group, default: 0] += entry.totals.calls }
            after = part.next
            answers += 1
        } while after != nil && answers < 100
        #expect(answers == 3)
        #expect(sums == whole.groups.mapValues(\.calls))
    }

    @Test(arguments: TestStore.products)
    mutating func whatWasRemovedIsSaid(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        try store.writer().apply(self.request(at: Self.midnight, [(0, "a", Self.good)]))
        let connection = try store.writingConnection()
        try connection.transaction { () throws(DatabaseError) in
            try RollupState.set(keptFrom: Self.midnight, in: connection)
        }
        #expect(try store.reader().calls(since: 0, until: .max).keptFrom == Self.midnight)
    }
}
