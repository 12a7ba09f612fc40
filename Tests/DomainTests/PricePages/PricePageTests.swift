import Domain
import Testing

/// Costs by providers' price pages.
@Suite struct PricePageTests {
    private static let expectations =
        PagePrice.openAI + PagePrice.anthropic + PagePrice.google + PagePrice.others

    @Test(arguments: expectations)
    func theCostIsExact(_ expectation: PageExpectation) {
        let cost = expectation.price.cost(
            of: expectation.usage, units: expectation.units, service: expectation.service)
        #expect(cost == expectation.nanodollars)
    }

    @Test func thereAreEnoughAndTheyCoverEverything() {
        let all = Self.expectations
        #expect(all.count >= 60 && Set(all.map(\.name)).count == all.count)
        for tokenClass in TokenClass.allCases {
            #expect(
                all.contains { $0.usage[tokenClass] > 0 } || tokenClass == .videoOutput, "\(tokenClass)")
        }
        for unitClass in UnitClass.allCases {
            let isPriced = all.contains {
                $0.price.rates.units[unitClass] != nil && (unitClass == .request || $0.units?[unitClass] ?? 0 > 0)
            }
            #expect(isPriced || [.audioOutput, .characterOutput].contains(unitClass), "\(unitClass)")
        }
        for service in ServiceTier.allCases {
            #expect(all.contains { $0.service == service })
        }
    }

    // MARK: What no page has

    @Test func whatIsNotSoldByThePieceCostsNothing() {
        let price = Price(Price.Rates(input: 1000, output: 1000))
        var units = CallUnits()
        for unitClass in UnitClass.allCases { units[unitClass] = 1_000_000 }
        #expect(price.cost(of: TokenUsage(input: 7), units: units) == 7)
    }

    @Test func aRequestIsOneRequest() {
        let price = Price(
            Price.Rates(input: 0, output: 0, units: [.request: 1_500]),
            services: [.flex: PriceList(Price.Rates(input: 0, output: 0, units: [.request: 499]))])
        #expect(price.cost(of: TokenUsage()) == 2)
        #expect(price.cost(of: TokenUsage(), units: CallUnits(.request, 9)) == 2)
        #expect(price.cost(of: TokenUsage(), service: .flex) == 0)
        #expect(price.cost(of: TokenUsage(), service: .batch) == 2)
    }

    /// All parts are summed before the one rounding, down to thousandths of a pico-dollar.
    @Test func theSumIsRoundedOnce() {
        let price = Price(
            Price.Rates(input: 1, output: 1, units: [.audioInput: 1, .videoOutput: 3, .query: 2]))
        func cost(_ input: Int64, _ audio: Int64, _ video: Int64, _ queries: Int64) -> Int64 {
            var units = CallUnits(.audioInput, audio)
            units[.videoOutput] = video
            units[.query] = queries
            return price.cost(of: TokenUsage(input: input), units: units)
        }
        // 499 + 0.999 + 0 + 0 = 499.999
        #expect(cost(499, 999, 0, 0) == 0)
        // 499 + 0.997 + 0.003 = 500
        #expect(cost(499, 997, 1, 0) == 1)
        // 400 + 2 × 50 = 500
        #expect(cost(400, 0, 0, 50) == 1)
        // 1497 + 2.999 = 1499.999
        #expect(cost(1497, 2999, 0, 0) == 1)
        // 1497 + 0 + 3 = 1500
        #expect(cost(1497, 0, 1000, 0) == 2)
        // No count and no rate that makes no sense.
        #expect(cost(1000, -5_000_000, -1, -9) == 1)
    }

    @Test func whatDoesNotFitStaysAtTheGreatest() {
        var rates = Price.Rates(input: .max, output: .max)
        var units = CallUnits()
        for unitClass in UnitClass.allCases {
            rates.units[unitClass] = .max
            units[unitClass] = .max
        }
        let price = Price(rates)
        #expect(price.cost(of: TokenUsage(), units: units) == .max)
        #expect(price.cost(of: TokenUsage(input: .max, output: .max), units: units) == .max)
        #expect(price.cost(of: TokenUsage(), units: CallUnits(.audioInput, .max)) == .max)
        // The call: 9,223,372,036,854,775,807 pico-dollars, and 1 ms: a thousandth of it.
        #expect(price.cost(of: TokenUsage(), units: CallUnits(.audioInput, 1)) == 9_232_595_408_891_631)
        let negative = Price(Price.Rates(input: -1, output: -1, units: [.request: -7, .query: .min]))
        #expect(negative.cost(of: TokenUsage(input: 5), units: CallUnits(.query, .max)) == 0)
    }

    @Test func tiersComeInAnyOrder() {
        let tiers = [30, 10, 20].map { PromptTier(above: $0, rates: Price.Rates(input: $0 * 1000, output: 0)) }
        let price = Price(Price.Rates(input: 1000, output: 0), tiers: tiers)
        #expect(price.tiers.map(\.above) == [10, 20, 30])
        #expect(
            [10, 11, 20, 21, 30, 31].map { price.rates(promptTokens: $0).input }
                == [1, 10, 10, 20, 20, 30].map { $0 * 1000 })
        #expect(price == Price(Price.Rates(input: 1000, output: 0), tiers: tiers.reversed()))
    }

    // MARK: Ids

    /// As the version before said them: usage databases know them.
    @Test func aPriceWithoutAnythingNewKeepsItsID() {
        #expect(Price.free.id == 0xCE88_9426_E9B6_ABB7)
        let mini = Price(Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000))
        #expect(mini.id == 0x5E50_5A67_AE4A_F2E2)
        let long = Price(
            Price.Rates(
                input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000,
                cacheWriteHour: 6_000_000, image: 5),
            tiers: [
                PromptTier(
                    above: 200_000, rates: Price.Rates(input: 6_000_000, output: 22_500_000, reasoning: 1))
            ])
        #expect(long.id == 0x9B8A_4CEC_78DA_C407)
    }

    @Test func idsTellPricesApart() {
        var prices = [Price.free]
        func with(_ change: (inout Price.Rates) -> Void) -> Price.Rates {
            var rates = Price.Rates(input: 5, output: 6)
            change(&rates)
            return rates
        }
        let plain = with { _ in }
        prices.append(Price(plain))
        for tokenClass in TokenClass.allCases {
            for value: Int64 in [0, 7] {
                prices.append(Price(with { $0[own: tokenClass] = value }))
                let other = with { $0[own: tokenClass] = value }
                prices.append(Price(plain, tiers: [PromptTier(above: 9, rates: other)]))
                prices.append(Price(plain, services: [.flex: PriceList(other)]))
            }
        }
        for unitClass in UnitClass.allCases {
            let rates = with { $0.units[unitClass] = 7 }
            prices.append(Price(rates))
            prices.append(Price(plain, tiers: [PromptTier(above: 9, rates: rates)]))
            prices.append(Price(plain, services: [.flex: PriceList(rates)]))
            prices.append(
                Price(plain, services: [.flex: PriceList(plain, tiers: [PromptTier(above: 9, rates: rates)])]))
        }
        for service in ServiceTier.allCases where service != .standard {
            prices.append(Price(plain, services: [service: PriceList(plain)]))
        }
        for above: Int64 in [1, 10] {
            prices.append(Price(plain, tiers: [PromptTier(above: above, rates: plain)]))
            prices.append(
                Price(
                    plain, tiers: [PromptTier(above: above, rates: plain), PromptTier(above: 100, rates: plain)]))
        }
        // Input and output have a rate in any case: nil is 0, and 0 of the tier's input is said once.
        let distinct = Set(prices)
        #expect(Set(distinct.map(\.id)).count == distinct.count)
        #expect(distinct.count > 130)
        #expect(!distinct.contains { $0.id == 0 })
    }
}
