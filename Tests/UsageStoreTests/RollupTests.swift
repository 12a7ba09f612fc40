import Database
import Domain
import Journal
import Testing

@testable import UsageStore

/// Sums are those of a recount, whatever was written in whatever order.
@Suite struct RollupTests {
    /// Questions of all kinds about the days and hours of a storm.
    static let queries: [RollupQuery] = {
        let first: Int64 = 1_790_000_000_000 / 86_400_000
        let days = RollupQuery.Period.days(first - 2..<first + 8)
        let hours = RollupQuery.Period.hours(first * 24 + 3..<first * 24 + 70)
        let project = EntityID(high: 2, low: 1)
        let organization = EntityID(high: 1, low: 0)
        let user = EntityID(high: 4, low: 1)
        let key = EntityID(high: 3, low: 4)
        return [
            RollupQuery(days), RollupQuery(hours), RollupQuery(days, isDivided: false),
            RollupQuery(.days(first..<first + 1), by: [.organization]),
            RollupQuery(.days(first + 1..<first + 3), by: [.project, .model]), RollupQuery(hours, by: [.key]),
            RollupQuery(days, isDivided: false, by: RollupDimension.allCases),
            RollupQuery(days, by: [.model, .project], organization: organization),
            RollupQuery(days, by: [.user], project: project), RollupQuery(days, by: [.provider], key: key),
            RollupQuery(hours, isDivided: false, by: [.modelSent], user: user),
            RollupQuery(days, organization: organization, project: project),
            RollupQuery(days, isDivided: false, by: [.key], provider: Array("provider 1".utf8)),
            RollupQuery(days, model: Array("model 2".utf8)),
            RollupQuery(hours, by: [.organization], organization: organization, model: Array("model 0".utf8)),
            RollupQuery(days, project: EntityID(high: 9, low: 9)),
        ]
    }()

    static func expectSums(_ store: TestStore, _ moment: String) throws {
        let reader = try store.reader()
        for (number, query) in Self.queries.enumerated() {
            let sums = try reader.rollups(query)
            #expect(try sums == reader.recount(query), "\(moment): question \(number)")
        }
    }

    /// One of the rows that go into the database together may be there already: whichever, the others are written and counted once.
    @Test(arguments: TestStore.products, 0..<RowBatch.size)
    func aRowThatIsThereCostsNoOtherOne(_ product: DatabaseProduct, _ place: Int) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource()
        let records = (0..<RowBatch.size).map { _ in source.mint() }
        try writer.apply(RecordSource.all(records[place]))
        try writer.apply(records.flatMap { RecordSource.all($0) })
        try writer.apply(records.flatMap { RecordSource.all($0) })
        let days = RollupQuery(.days(20_000..<21_000))
        let reader = try store.reader()
        let sums = try reader.rollups(days)
        #expect(try sums == reader.recount(days))
        #expect(sums.total.requests == Int64(RowBatch.size))
    }

    @Test(arguments: TestStore.products)
    func sumsAreThoseOfARecountAtAnyTime(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        var writer = try store.writer()
        var storm = RequestStorm(seed: 7)
        for round in 0..<12 {
            try writer.apply(storm.batch(requests: 120))
            if round % 4 == 1 { try Self.expectSums(store, "round \(round)") }
            if round % 5 == 2 {
                try writer.begin()
                #expect(try writer.recover(host: 0xABCDEF, instance: UInt32(1 + round % 4)) > 0)
                try writer.commit()
                try Self.expectSums(store, "recovered in round \(round)")
            }
            // Another process goes on.
            if round % 3 == 0 { writer = try store.writer() }
            if round == 6 {
                try writer.begin()
                for record in storm.batch(requests: 40) { try writer.add(record, owner: 1) }
                writer.rollback()
            }
        }
        try writer.apply(storm.rest())
        try Self.expectSums(store, "end")
        let total = try store.reader().rollups(RollupQuery(.days(0..<30_000), isDivided: false)).total
        #expect(total.requests == (try store.count("SELECT count(*) FROM requests WHERE rank > 0")))
        #expect(total.clientErrors > 0 && total.providerErrors > 0 && total.gatewayErrors > 0 && total.refused > 0)
        #expect(total.recovered > 0 && total.estimated > 0 && total.unknownPrice > 0 && total.cacheHits > 0)
        #expect(total.usage.cacheWriteHour > 0 && total.latency.count > 0 && total.disconnected > 0)
    }

    // MARK: Days and zones

    /// A project's day is that of its clocks when the request came; hours are those of UTC.
    @Test(arguments: TestStore.products)
    func aRequestCountsForTheDayOfItsZone(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let day: Int64 = 20_717
        let midnight = UInt64(day) * 86_400_000
        // Half an hour before midnight in UTC.
        var source = RecordSource(milliseconds: midnight - 1_800_000)
        let zones: [Int8] = [0, 1, 2, 3, -20, 127]
        let records = zones.map { _ in source.mint() }
        try writer.apply(
            zip(zones, records).flatMap { zone, record -> [JournalRecord] in
                var begin = RecordSource.begin(record)
                begin.zone = zone
                return [.begin(begin), .settle(RecordSource.settle(record))]
            })
        let report = try store.reader().rollups(RollupQuery(.days(day - 2..<day + 3)))
        // No clock is 32 hours ahead: that one counts as if it were 15.
        #expect(report.entries.map(\.period) == [day - 1, day])
        #expect(report.entries.map(\.totals.requests) == [3, 3])
        let hours = try store.reader().rollups(RollupQuery(.hours(day * 24 - 2..<day * 24 + 2)))
        #expect(hours.entries.map(\.period) == [day * 24 - 1])
        #expect(hours.total.requests == 6)
        #expect(try store.reader().recount(RollupQuery(.days(day..<day + 1))).total == report.entries[1].totals)
    }

    /// Until its BEGIN is there, nobody knows whose a request is, and what day it was there.
    @Test(arguments: TestStore.products)
    func aBeginThatComesLateMovesWhatWasCounted(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource(milliseconds: 20_717 * 86_400_000 + 1000)
        let record = source.mint()
        try writer.apply([.settle(RecordSource.settle(record))])
        let query = RollupQuery(.days(20_700..<20_800), by: [.organization, .project, .key, .user])
        let unknown = try store.reader().rollups(query)
        #expect(unknown.entries.map(\.groups) == [[.unknown, .unknown, .unknown, .unknown]])
        #expect(unknown.entries.map(\.period) == [20_717])
        var begin = RecordSource.begin(record)
        begin.zone = -1
        try writer.apply([.begin(begin)])
        let known = try store.reader().rollups(query)
        #expect(
            known.entries.map(\.groups) == [[.entity(.standard), .entity(.standard), .entity(.standard), .unknown]])
        #expect(known.entries.map(\.period) == [20_716])
        #expect(known.total == unknown.total)
    }

    // MARK: What is summed

    @Test(arguments: TestStore.products)
    func everythingOfOneRequest(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource()
        func total(_ change: (inout SettleRecord) -> Void) throws -> RollupTotals {
            let before = try store.reader().rollups(RollupQuery(.days(0..<30_000), isDivided: false)).total
            let record = source.mint()
            var settle = RecordSource.settle(record, cost: 5)
            settle.usage = TokenUsage(input: 1)
            change(&settle)
            try writer.apply([.begin(RecordSource.begin(record)), .settle(settle)])
            let after = try store.reader().rollups(RollupQuery(.days(0..<30_000), isDivided: false)).total
            var one = RollupTotals()
            one.requests = after.requests - before.requests
            one.clientErrors = after.clientErrors - before.clientErrors
            one.providerErrors = after.providerErrors - before.providerErrors
            one.gatewayErrors = after.gatewayErrors - before.gatewayErrors
            one.refused = after.refused - before.refused
            one.disconnected = after.disconnected - before.disconnected
            one.estimated = after.estimated - before.estimated
            one.unknownPrice = after.unknownPrice - before.unknownPrice
            one.cacheHits = after.cacheHits - before.cacheHits
            one.cost = after.cost - before.cost
            one.usage.input = after.usage.input - before.usage.input
            one.usage.citation = after.usage.citation - before.usage.citation
            return one
        }
        var usual = RollupTotals()
        usual.requests = 1
        usual.cost = 5
        usual.usage.input = 1
        func expected(_ change: (inout RollupTotals) -> Void) -> RollupTotals {
            var totals = usual
            change(&totals)
            return totals
        }
        #expect(try total { _ in } == usual)
        #expect(try total { ($0.isCacheHit, $0.cost) = (true, 0) } == expected { ($0.cacheHits, $0.cost) = (1, 0) })
        #expect(try total { $0.cost = nil } == expected { ($0.unknownPrice, $0.cost) = (1, 0) })
        #expect(try total { $0.usageSource = .estimated } == expected { $0.estimated = 1 })
        #expect(try total { $0.outcome = .disconnected } == expected { $0.disconnected = 1 })
        #expect(try total { $0.usage.citation = 7 } == expected { $0.usage.citation = 7 })
        for (source, path) in [
            (GatewayError.Source.client, \RollupTotals.clientErrors), (.provider, \.providerErrors),
            (.gateway, \.gatewayErrors),
        ] {
            #expect(
                try total { ($0.outcome, $0.status, $0.fault) = (.error, 200, source) }
                    == expected { $0[keyPath: path] = 1 })
        }
        // A fault without an error is none.
        #expect(try total { $0.fault = .gateway } == usual)
        #expect(
            try total { ($0.status, $0.fault, $0.attempts) = (429, .client, 0) }
                == expected { ($0.clientErrors, $0.refused) = (1, 1) })
        #expect(try total { ($0.status, $0.fault) = (429, .provider) } == expected { $0.providerErrors = 1 })
    }

    @Test(arguments: [
        ("", 400, 1, GatewayError.Source.client), ("", 429, 1, .provider), ("", 502, 1, .provider),
        ("", 503, 0, .gateway),
        ("upstream_lost", 502, 1, .gateway), ("edge_lost", 0, 0, .gateway), ("journal_full", 503, 0, .gateway),
        ("provider_timeout", 504, 1, .provider), ("provider_rate_limited", 429, 0, .provider),
        ("provider_overloaded", 429, 0, .gateway), ("provider_overloaded", 529, 1, .provider),
        ("rate_limit_exceeded", 429, 0, .client), ("rate_limit_exceeded", 429, 1, .provider),
        ("request_timeout", 200, 1, .client), ("no_such_word", 418, 0, .client), ("no_such_word", 500, 0, .gateway),
    ])
    func faultsOfOldRecordsAreToldByTheirCodes(
        _ code: String, _ status: UInt16, _ attempts: UInt8, _ source: GatewayError.Source
    ) {
        #expect(RequestFault.source(code: Array(code.utf8), status: status, attempts: attempts) == source)
    }

    /// A provider may say what it wants.
    @Test(arguments: TestStore.products)
    func noNumberStopsTheSums(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource()
        for _ in 0..<3 {
            var settle = RecordSource.settle(source.mint(), cost: .max)
            settle.usage = TokenUsage(input: .max, cacheWrite: .max)
            settle.total = .max
            try writer.apply([.settle(settle)])
        }
        let query = RollupQuery(.days(Int64.min..<Int64.max), isDivided: false)
        let report = try store.reader().rollups(query)
        #expect(report.total.cost == 3 * RollupSums.most)
        #expect(report.total.usage.cacheWrite == 3 * RollupSums.most)
        #expect(report.total.latency.p95.map { $0 > 1 << 39 } == true)
        #expect(try store.reader().recount(query) == report)
        #expect(try store.reader().rollups(RollupQuery(.hours(Int64.min..<Int64.max))).total == report.total)
        #expect(try store.reader().rollups(RollupQuery(.days(5..<5))) == RollupReport())
    }

    @Test(arguments: TestStore.products)
    func aQuestionThatTakesTooLongIsGivenUp(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var storm = RequestStorm(seed: 9, span: 40 * 86_400_000)
        try writer.apply(storm.batch(requests: 300))
        let query = RollupQuery(.days(20_000..<22_000), by: [.project])
        #expect(throws: UsageReadingFailure.tookTooLong) { try store.reader().rollups(query) { true } }
        #expect(try store.reader().rollups(query).total.requests > 0)
    }
}
