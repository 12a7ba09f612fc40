import Domain
import Testing

/// A cost that was worked out by hand from a provider's price page; how, in nano-USD, stands beside it.
struct PageExpectation: Sendable, CustomTestStringConvertible {
    let name: String
    let price: Price
    let usage: TokenUsage
    let units: CallUnits?
    let service: ServiceTier
    let nanodollars: Int64

    init(
        _ name: String, _ price: Price, _ usage: TokenUsage, at service: ServiceTier = .standard, _ nanodollars: Int64
    ) {
        self.init(name, price, usage, nil, at: service, nanodollars)
    }

    init(
        _ name: String, _ price: Price, _ usage: TokenUsage, _ units: CallUnits?, at service: ServiceTier = .standard,
        _ nanodollars: Int64
    ) {
        self.name = name
        self.price = price
        self.usage = usage
        self.units = units
        self.service = service
        self.nanodollars = nanodollars
    }

    var testDescription: String { self.name }
}

/// Prices as the pages have them: US dollars per million tokens, and for one of what else is sold.
enum PagePrice {
    static func rates(
        _ input: String, _ output: String, _ others: [TokenClass: String] = [:], _ units: [UnitClass: String] = [:]
    ) -> Price.Rates {
        var rates = Price.Rates(input: Self.perMillion(input), output: Self.perMillion(output))
        for (tokenClass, text) in others { rates[own: tokenClass] = Self.perMillion(text) }
        for (unitClass, text) in units { rates.units[unitClass] = Self.perUnit(text) }
        return rates
    }

    static func list(
        _ input: String, _ output: String, _ others: [TokenClass: String] = [:], _ units: [UnitClass: String] = [:],
        above tiers: [PromptTier] = []
    ) -> PriceList {
        PriceList(Self.rates(input, output, others, units), tiers: tiers)
    }

    static func tier(
        _ above: Int64, _ input: String, _ output: String, _ others: [TokenClass: String] = [:]
    ) -> PromptTier {
        PromptTier(above: above, rates: Self.rates(input, output, others))
    }

    /// Pico-USD per token: nano-USD per million of them, less three places.
    private static func perMillion(_ text: String) -> Int64 { (MoneyText.nanoDollars(text) ?? 0) / 1000 }

    /// Pico-USD.
    private static func perUnit(_ text: String) -> Int64 { (MoneyText.nanoDollars(text) ?? 0) * 1000 }
}
