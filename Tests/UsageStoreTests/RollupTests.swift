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

    private func expectSums(_ store: TestStore, _ moment: String) throws {
        let reader = try store.reader()
        for (number, query) in Self.queries.enumerated() {
            let sums = try reader.rollups(query)
            #expect(try sums == reader.recount(query), "\(moment): question \(number)")
        }
    }

    @Test(arguments: TestStore.products)
    func sumsAreThoseOfARecountAtAnyTime(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        var writer = try store.writer()
        var storm = RequestStorm(seed: 7)
        for round in 0..<12 {
            try writer.apply(storm.batch(requests: 120))
            if round % 4 == 1 { try self.expectSums(store, "round \(round)") }
            if round % 5 == 2 {
                try writer.begin()
                #expect(try writer.recover(host: 0xABCDEF, instance: UInt32(1 + round % 4)) > 0)
                try writer.commit()
                try self.expectSums(store, "recovered in round \(round)")
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
        try self.expectSums(store, "end")
        let total = try store.reader().rollups(RollupQuery(.days(0..<30_000), isDivided: false)).total
        #expect(total.requests == (try store.count("SELECT count(*) FROM requests WHERE rank > 0")))
        #expect(total.clientErrors > 0 && total.providerErrors > 0 && total.gatewayErrors > 0 && total.refused > 0)
        #expect(total.recovered > 0 && total.estimated > 0 && total.unknownPrice > 0 && total.cacheHits > 0)
        #expect(total.usage.cacheWriteHour > 0 && total.latency.count > 0 && total.disconnected > 0)
    }
}
