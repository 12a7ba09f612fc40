import Database
import Domain
import Journal
import TestSupport
import Testing

@testable import UsageStore

/// Prices in the usage database, and how calls are kept that were served or used something unusual.
@Suite struct PriceTableTests {
    /// Rates, tiers and services by chance.
    private struct Chance {
        var random: SplitMix

        mutating func rates() -> Price.Rates {
            var rates = Price.Rates(input: self.rate(), output: self.rate())
            for tokenClass in TokenClass.allCases where self.random.next() % 3 == 0 {
                rates[own: tokenClass] = self.rate()
            }
            for unitClass in UnitClass.allCases where self.random.next() % 4 == 0 {
                rates.units[unitClass] = self.rate()
            }
            return rates
        }

        mutating func rate() -> Int64 { Int64((self.random.next() >> 1) >> (self.random.next() % 63)) }

        mutating func list() -> PriceList {
            PriceList(
                self.rates(),
                tiers: (0..<self.random.next() % 4).map { PromptTier(above: Int64($0 * 1000), rates: self.rates()) })
        }

        mutating func price() -> Price {
            var services: [ServiceTier: PriceList] = [:]
            for service in ServiceTier.allCases where self.random.next() % 3 == 0 { services[service] = self.list() }
            return Price(self.list(), services: services)
        }
    }

    @Test func pricesComeBackFromTheirBytes() {
        var chance = Chance(random: SplitMix(seed: 31))
        for _ in 0..<2000 {
            let price = chance.price()
            guard Price(packed: price.packed) == price else {
                Issue.record("\(price.rates) did not come back")
                return
            }
        }
        #expect(Price(packed: Price.free.packed) == .free)
        // Form 1, one list, the standard service, input and output, no units, 0 and 0, no tiers.
        #expect(Price.free.packed == [1, 1, 0, 17, 0, 0, 0, 0])
        let odd = Price(Price.Rates(input: -1, output: .min, cacheRead: .max))
        #expect(Price(packed: odd.packed) == odd)
    }

    @Test func otherBytesAreNoPrice() {
        for bytes: [UInt8] in [[], [0], [2, 1, 0, 17, 0, 0, 0, 0], [1], [1, 0], [1, 9], [1, 1, 1, 17, 0, 0, 0, 0]] {
            #expect(Price(packed: bytes) == nil, "\(bytes)")
        }
        #expect(Price(packed: Price.free.packed + [0]) == nil)
        var chance = Chance(random: SplitMix(seed: 32))
        for _ in 0..<5000 {
            var bytes = chance.price().packed
            for _ in 0...chance.random.next() % 3 {
                let place = Int(chance.random.next() % UInt64(bytes.count))
                switch chance.random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: chance.random.next())
                case 1: bytes.removeSubrange(place...)
                default: bytes.insert(0xFF, at: place)
                }
                if bytes.isEmpty { break }
            }
            // Whatever is read is a price like others.
            if let price = Price(packed: bytes) { #expect(Price(packed: price.packed) == price) }
        }
    }

    @Test(arguments: TestStore.products)
    func pricesAreKeptOnceAndWhole(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var chance = Chance(random: SplitMix(seed: 33))
        let prices = (0..<50).map { _ in chance.price() } + [.free]
        try writer.add(prices: prices)
        try writer.add(prices: prices.reversed() + prices)
        let connection = try store.connection()
        for price in prices { #expect(try PriceTable.price(price.id, in: connection) == price) }
        #expect(try PriceTable.price(12, in: connection) == nil)
        #expect(try store.count("SELECT count(*) FROM prices") == 51)
    }

    /// Rows as the second version of the schema has written them.
    @Test(arguments: TestStore.products)
    func oldRowsAreReadAndMadeWhole(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        let long = Price(
            Price.Rates(input: 5, output: 6, cacheWrite: 7, image: 8),
            tiers: [PromptTier(above: 1000, rates: Price.Rates(input: 9, output: 10, reasoning: 11))])
        let short = Price(Price.Rates(input: 1, output: 2, cacheRead: 0))
        let outside = try store.writingConnection()
        for (price, sql) in [
            (
                long,
                "INSERT INTO prices (id, is_long, above, input, output, cache_write, image) VALUES ($1, 0, 0, 5, 6, 7, 8)"
            ),
            (
                long,
                "INSERT INTO prices (id, is_long, above, input, output, reasoning) VALUES ($1, 1, 1000, 9, 10, 11)"
            ), (short, "INSERT INTO prices (id, is_long, above, input, output, cache_read) VALUES ($1, 0, 0, 1, 2, 0)"),
        ] as [(Price, SQL)] {
            let statement = try outside.statement(sql)
            try statement.bind(1, Int64(bitPattern: price.id))
            try statement.run()
        }
        let connection = try store.connection()
        #expect(try PriceTable.price(long.id, in: connection) == long)
        #expect(try PriceTable.price(short.id, in: connection) == short)
        try writer.add(prices: [long])
        #expect(try PriceTable.price(long.id, in: connection) == long)
        #expect(try store.count("SELECT count(*) FROM prices WHERE content IS NOT NULL") == 1)
        #expect(try store.count("SELECT count(*) FROM prices") == 3)
        // A content that is not the price of this id is none.
        let other = try outside.statement("UPDATE prices SET content = $1")
        try other.bind(1, blob: Price.free.packed)
        try other.run()
        #expect(try PriceTable.price(long.id, in: connection) == long)
        #expect(try PriceTable.price(short.id, in: connection) == short)
    }

    // MARK: Calls

    @Test(arguments: TestStore.products)
    func whatACallUsedComesBack(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        var source = RecordSource()
        var usage = TokenUsage()
        for tokenClass in TokenClass.allCases { usage[tokenClass] = .max - Int64(tokenClass.rawValue) }
        var units = CallUnits()
        for unitClass in UnitClass.allCases { units[unitClass] = .max - Int64(unitClass.rawValue) }
        // Alone and in its request's row; as long as any, and with the least.
        for (usage, service, units) in [
            (usage, ServiceTier.ultrafast, Optional(units)), (TokenUsage(videoOutput: 3), .flex, nil),
            (TokenUsage(), .standard, CallUnits(.imageOutput, 2)), (TokenUsage(input: 1), .standard, nil),
        ] {
            for isAlone in [true, false] {
                let record = source.mint()
                var end = RecordSource.attemptEnd(record)
                (end.usage, end.service, end.units) = (usage, service, units)
                var settle = RecordSource.settle(record)
                settle.usage = usage
                var records: [JournalRecord] = [
                    .begin(RecordSource.begin(record)), .attempt(RecordSource.attempt(record)), .attemptEnd(end),
                ]
                if !isAlone { records.append(.settle(settle)) }
                try writer.apply(records)
                let found = try #require(try store.reader().explanation(of: record))
                let call = try #require(found.attempts.first)
                #expect(call.detail.usage == usage && call.detail.service == service && call.detail.units == units)
                #expect(call.detail.total == 180_000)
                if !isAlone { #expect(found.request.usage == usage) }
            }
        }
    }
}
