import Domain
import JSON

extension JSONWriter {
    /// A price: dollars per million tokens by class, and per unit; for long prompts, and at other services. Null for an unknown one.
    mutating func price(_ price: Price?) {
        guard let price else { return self.null() }
        self.beginObject()
        self.list(PriceList(price.rates, tiers: price.tiers))
        let services = price.services
        if !services.isEmpty {
            self.key("services")
            self.beginObject()
            for service in ServiceTier.allCases {
                guard let list = services[service] else { continue }
                self.key(Array(service.label.utf8))
                self.beginObject()
                self.list(list)
                self.endObject()
            }
            self.endObject()
        }
        self.endObject()
    }

    private mutating func list(_ list: PriceList) {
        self.rates(list.rates)
        guard !list.tiers.isEmpty else { return }
        self.key("tiers")
        self.beginArray()
        for tier in list.tiers {
            self.beginObject()
            self.key("above")
            self.integer(tier.above)
            self.rates(tier.rates)
            self.endObject()
        }
        self.endArray()
    }

    private mutating func rates(_ rates: Price.Rates) {
        for tokenClass in TokenClass.allCases {
            self.key(Array(tokenClass.label.utf8))
            // Micro-USD per million tokens.
            let (nano, overflow) = rates[tokenClass].multipliedReportingOverflow(by: 1000)
            self.dollars(overflow ? .max : nano)
        }
        guard !rates.units.isEmpty else { return }
        self.key("units")
        self.beginObject()
        for unitClass in UnitClass.allCases {
            guard let rate = rates.units[unitClass] else { continue }
            self.key(Array(unitClass.rateLabel.utf8))
            self.string(MoneyText.text(picoDollars: rate))
        }
        self.endObject()
    }
}
