import Database
import Domain
import Journal
import Testing

@testable import UsageStore

@Suite struct UsageReaderTests {
    private var source = RecordSource()
    private let other = Principal(
        organization: .standard, project: EntityID(high: 1, low: 5), key: EntityID(high: 2, low: 6),
        user: EntityID(high: 3, low: 7))

    /// Six requests a second apart: good, good by another key, error of another model, disconnected and estimated, of unknown
    /// price, open.
    private mutating func six(_ writer: any UsageSink) throws -> [RecordID] {
        let records = (0..<6).map { _ in self.source.mint(after: 1000) }
        var left = RecordSource.settle(records[3], status: 200, outcome: .disconnected)
        left.usageSource = .estimated
        try writer.apply(
            records.enumerated().map { index, record in
                .begin(
                    RecordSource.begin(record, principal: index == 1 ? self.other : .staticKey, label: "l\(index)"))
            } + [
                .settle(RecordSource.settle(records[0])), .settle(RecordSource.settle(records[1], cost: 9_000)),
                .settle(
                    RecordSource.settle(
                        records[2], status: 502, outcome: .error, model: "slow", cost: 0, error: "provider_timeout")),
                .settle(left), .settle(RecordSource.settle(records[4], cost: nil)),
            ])
        return records
    }

    // MARK: Sums

    @Test(arguments: TestStore.products)
    mutating func sumsOfAPeriod(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let records = try self.six(writer)
        let report = try store.reader().usage(since: 0, until: .max)
        #expect(report.entries == [])
        #expect(report.total.requests == 6)
        #expect(report.total.open == 1)
        #expect(report.total.errors == 1)
        #expect(report.total.disconnected == 1)
        #expect(report.total.recovered == 0)
        #expect(report.total.estimated == 1)
        #expect(report.total.unknownPrice == 1)
        #expect(report.total.cost == 4_200 + 9_000 + 0 + 4_200)
        #expect(
            report.total.usage == TokenUsage(input: 500, cacheRead: 50, output: 100, reasoning: 25, image: 15))
        // From the second one on, before the fourth.
        let part = try store.reader().usage(
            since: records[1].milliseconds, until: records[3].milliseconds)
        #expect(part.total.requests == 2)
        #expect(part.total.cost == 9_000)
        #expect(try store.reader().usage(since: records[5].milliseconds + 1, until: .max).total == UsageTotals())
    }

    @Test(arguments: TestStore.products)
    mutating func sumsByWhatIsAsked(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        _ = try self.six(writer)
        func groups(_ grouping: UsageReport.Grouping) throws -> [(UsageReport.Group, Int64, Int64)] {
            let report = try store.reader().usage(since: 0, until: .max, by: grouping)
            #expect(report.total.requests == 6)
            return report.entries.map { ($0.group, $0.totals.requests, $0.totals.cost) }
        }
        let keys = try groups(.key)
        #expect(keys.map(\.0) == [.entity(self.other.key), .entity(.standard)])
        #expect(keys.map(\.1) == [1, 5])
        let projects = try groups(.project)
        #expect(projects.map(\.0) == [.entity(self.other.project), .entity(.standard)])
        let models = try groups(.model)
        #expect(Set(models.map(\.0)) == [.name(Array("fast".utf8)), .name(Array("slow".utf8)), .unknown])
        #expect(models.first?.2 == 17_400)
        let providers = try groups(.provider)
        #expect(Set(providers.map(\.0)) == [.name(Array("openai".utf8)), .unknown])
    }

    @Test(arguments: TestStore.products)
    mutating func whatCostsTheSameHasAnOrderToo(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let names = (10..<50).map { "m\($0)" }
        try writer.apply(
            names.shuffled().flatMap { name -> [JournalRecord] in
                let record = self.source.mint(after: 1)
                return [
                    .begin(RecordSource.begin(record, principal: .staticKey, label: "")),
                    .settle(RecordSource.settle(record, model: name)),
                ]
            })
        let report = try store.reader().usage(since: 0, until: .max, by: .model)
        #expect(report.entries.map(\.group) == names.map { .name(Array($0.utf8)) })
    }

    @Test(arguments: TestStore.products)
    mutating func aLongPeriodEndsWhenItTakesTooLong(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        try writer.apply((0..<5000).map { _ in .settle(RecordSource.settle(self.source.mint())) })
        var asked = 0
        #expect(throws: UsageReadingFailure.tookTooLong) {
            try store.reader().usage(since: 0, until: .max) {
                asked += 1
                return asked == 2
            }
        }
        #expect(asked == 2)
        #expect(try store.reader().usage(since: 0, until: .max).total.requests == 5000)
    }

    // MARK: Requests

    @Test(arguments: TestStore.products)
    mutating func theNewestFirstAndPageByPage(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let records = try self.six(writer)
        let reader = try store.reader()
        var found: [RecordID] = []
        var before: RecordID?
        repeat {
            let page = try reader.requests(RequestQuery(before: before, limit: 4))
            found += page.requests.map(\.record)
            before = page.next
        } while before != nil
        #expect(found == records.reversed())
        #expect(try reader.requests(RequestQuery(limit: 6)).next == nil)
    }

    @Test(arguments: TestStore.products)
    mutating func filters(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let records = try self.six(writer)
        let reader = try store.reader()
        func found(_ query: RequestQuery) throws -> [RecordID] { try reader.requests(query).requests.map(\.record) }
        #expect(try found(RequestQuery(key: self.other.key)) == [records[1]])
        #expect(try found(RequestQuery(project: self.other.project)) == [records[1]])
        #expect(try found(RequestQuery(key: self.other.key, project: .standard)) == [])
        #expect(try found(RequestQuery(model: Array("slow".utf8))) == [records[2]])
        #expect(try found(RequestQuery(model: Array("gpt-4o-mini-2024".utf8), limit: 2)) == [records[4], records[3]])
        #expect(try found(RequestQuery(status: 500...599)) == [records[2]])
        #expect(try found(RequestQuery(since: records[4].milliseconds)) == [records[5], records[4]])
        #expect(try found(RequestQuery(before: records[1])) == [records[0]])
        func found(_ change: (inout RequestQuery) -> Void) throws -> [RecordID] {
            var query = RequestQuery()
            change(&query)
            return try found(query)
        }
        #expect(try found { $0.until = records[2].milliseconds } == [records[1], records[0]])
        #expect(try found { ($0.since, $0.until) = (records[1].milliseconds, records[3].milliseconds) }.count == 2)
        #expect(try found { $0.record = records[3] } == [records[3]])
        #expect(try found { ($0.record, $0.before) = (records[3], records[2]) } == [])
        #expect(try found { $0.label = Array("l4".utf8) } == [records[4]])
        #expect(try found { $0.user = self.other.user } == [records[1]])
        #expect(try found { $0.provider = Array("openai".utf8) }.count == 5)
        #expect(try found { $0.provider = Array("other".utf8) } == [])
        #expect(try found { $0.error = Array("provider_timeout".utf8) } == [records[2]])
        #expect(try found { $0.outcome = .disconnected } == [records[3]])
        // What runs has no outcome yet, not even an unknown one.
        #expect(try found { $0.outcome = .unknown } == [])
        #expect(try found { $0.minimumCost = 4_201 } == [records[1]])
        #expect(try found { $0.minimumDuration = 190_001 } == [])
        #expect(try found { $0.minimumDuration = 190_000 }.count == 5)
        #expect(try found { $0.traceID = [UInt8](repeating: 7, count: 16) } == [])
    }

    @Test(arguments: TestStore.products)
    mutating func aRareOneIsFoundInPieces(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let wanted = self.source.mint()
        try writer.apply([.settle(RecordSource.settle(wanted, model: "rare"))])
        try writer.apply((0..<5000).map { _ in .settle(RecordSource.settle(self.source.mint())) })
        let reader = try store.reader()
        var query = RequestQuery(model: Array("rare".utf8))
        let first = try reader.requests(query) { true }
        #expect(first.requests == [])
        #expect(first.next != nil)
        query.before = first.next
        #expect(try reader.requests(query).requests.map(\.record) == [wanted])
    }

    // MARK: One request

    @Test(arguments: TestStore.products)
    mutating func everythingOfOne(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let price = Price(
            Price.Rates(input: 75_000, output: 300_000),
            tiers: [PromptTier(above: 10, rates: Price.Rates(input: 1, output: 2))])
        try writer.add(prices: [price])
        let record = self.source.mint()
        var begin = RecordSource.begin(record, principal: self.other, label: "mine")
        begin.traceID = (0..<16).map { $0 }
        begin.tags = Array("team=a".utf8)
        let settle = RecordSource.settle(record)
        let end = RecordSource.attemptEnd(record, 2)
        try writer.apply([
            .begin(begin), .settle(settle), .attempt(RecordSource.attempt(record, 1, price: 0)),
            .attempt(RecordSource.attempt(record, 2, price: price.id)), .attemptEnd(end),
        ])
        let found = try #require(try store.reader().explanation(of: record))
        let request = found.request
        #expect(request.record == record)
        #expect(request.rank == .edge)
        #expect(request.principal == self.other)
        #expect(request.endpoint == .chatCompletions)
        #expect(request.bodyBytes == 1234)
        #expect(request.traceID == begin.traceID)
        #expect(request.label == begin.label)
        #expect(request.tags == begin.tags)
        #expect(request.model == settle.model)
        #expect(request.provider == settle.provider)
        #expect(request.modelSent == settle.modelSent)
        #expect(request.status == 200)
        #expect(request.outcome == .complete)
        #expect(request.usageSource == .provider)
        #expect(request.usage == settle.usage)
        #expect(request.cost == settle.cost)
        #expect(request.error == [])
        #expect(request.firstByte == 91_000)
        #expect(request.total == 190_000)
        #expect(request.detail.finish == .stop)
        #expect(request.detail.isStream)
        #expect(request.detail.attempts == 1)
        #expect(request.detail.replyBytes == 950)
        #expect(request.detail.received == 120)
        #expect(request.detail.dispatched == 250)
        #expect(found.attempts.map(\.number) == [1, 2])
        let open = found.attempts[0]
        #expect(open.status == nil)
        #expect(open.billed == .unknown)
        #expect(open.price == nil)
        #expect(open.detail == AttemptDetail())
        let ended = found.attempts[1]
        #expect(ended.upstream == 9)
        #expect(ended.provider == Array("openai".utf8))
        #expect(ended.model == Array("gpt-4o-mini-2024".utf8))
        #expect(ended.keyName == Array("main".utf8))
        #expect(ended.price == price)
        #expect(ended.startedAt == Int64(record.milliseconds) + 2)
        #expect(ended.status == 200)
        #expect(ended.billed == .yes)
        #expect(ended.cost == 4_200)
        #expect(ended.error == [])
        #expect(ended.detail.usage == end.usage)
        #expect(ended.detail.usageSource == .provider)
        #expect(ended.detail.finish == .stop)
        #expect(ended.detail.connected == 300)
        #expect(ended.detail.firstContent == 90_000)
        #expect(ended.detail.total == 180_000)
        #expect(ended.detail.replyBytes == 900)
        #expect(try store.reader().explanation(of: self.source.mint()) == nil)
    }

    /// Short ones go with others in one statement, long ones by themselves; a higher rank replaces it.
    @Test(arguments: TestStore.products)
    mutating func trailsOfAnyLength(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        func trail(_ targets: Int) -> DecisionTrail {
            DecisionTrail(
                alias: Array("fast".utf8), planning: 3,
                targets: (0..<targets).map {
                    DecisionTrail.Place(provider: Array("openai".utf8), model: Array("gpt-4o-\($0)".utf8))
                })
        }
        let records = (0..<40).map { _ in self.source.mint() }
        try writer.apply(
            records.enumerated().flatMap { index, record -> [JournalRecord] in
                var settle = RecordSource.settle(record)
                if index % 3 == 1 { settle.usage.image = 0 }
                settle.trail = trail(index % 4 == 0 ? 0 : index).packed()
                return RecordSource.all(record).dropLast() + [.settle(settle)]
            })
        let reader = try store.reader()
        for (index, record) in records.enumerated() {
            let found = try #require(try reader.explanation(of: record))
            #expect(found.trail == (index % 4 == 0 || index == 1 ? nil : trail(index)))
            #expect(found.request.usage.image == (index % 3 == 1 ? 0 : 3))
            #expect(found.attempts.map(\.detail.total) == [180_000])
        }
        #expect(try reader.usage(since: 0, until: .max).total.requests == 40)
        let late = self.source.mint()
        for (rank, count) in [(SettleRank.upstream, 4), (.edge, 9), (.upstream, 5)] {
            var settle = RecordSource.settle(late, rank: rank)
            settle.trail = trail(count).packed()
            try writer.apply([.settle(settle)])
        }
        #expect(try store.reader().explanation(of: late)?.trail == trail(9))
    }

    @Test(arguments: TestStore.products)
    mutating func extremesSurvive(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let record = self.source.mint()
        var settle = RecordSource.settle(record, cost: .max)
        settle.usage = TokenUsage(input: .max, cacheWrite: .max, audioOutput: 1)
        settle.replyBytes = .max
        settle.total = .max
        settle.model = [0xFF, 0x00, 0x22]
        try writer.apply([.settle(settle)])
        let found = try #require(try store.reader().explanation(of: record)).request
        #expect(found.usage == settle.usage)
        #expect(found.cost == .max)
        #expect(found.detail.replyBytes == .max)
        #expect(found.total == .max)
        #expect(found.model == settle.model)
        try writer.apply([.settle(RecordSource.settle(self.source.mint()))])
        // Sums stay at their greatest value.
        let total = try store.reader().usage(since: 0, until: .max).total
        #expect(total.cost == .max)
        #expect(total.usage.input == .max)
    }
}
