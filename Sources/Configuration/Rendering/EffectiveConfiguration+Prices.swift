import Domain

extension EffectiveConfiguration {
    /// What has a rate of its own, and the lists for long prompts and for other services.
    static func value(of price: Price) -> EffectiveValue {
        var members = self.members(of: PriceList(price.rates, tiers: price.tiers))
        let services = ServiceTier.allCases.compactMap { service in
            price.services[service].map { (service.label, EffectiveValue.mapping(self.members(of: $0))) }
        }
        if !services.isEmpty { members.append(("services", .mapping(services))) }
        return .mapping(members)
    }

    private static func members(of list: PriceList) -> [(key: String, value: EffectiveValue)] {
        var members = self.members(of: list.rates)
        guard !list.tiers.isEmpty else { return members }
        let tiers = list.tiers.map { tier in
            EffectiveValue.mapping([("above", .integer(Int(tier.above)))] + self.members(of: tier.rates))
        }
        members.append(("tiers", .list(tiers)))
        return members
    }

    private static let order: [TokenClass] =
        [.input, .output] + TokenClass.allCases.filter { $0 != .input && $0 != .output }

    private static func members(of rates: Price.Rates) -> [(key: String, value: EffectiveValue)] {
        Self.order.compactMap { tokenClass in
            rates[own: tokenClass].map { (tokenClass.label, .text(DollarText.text(of: $0))) }
        }
            + UnitClass.allCases.compactMap { unitClass in
                rates.units[unitClass].map { (unitClass.rateLabel, .text(DollarText.text(of: $0, .units))) }
            }
    }
}
