public import Domain

/// Turns the model name a client asked for into the targets that are tried. Pure and immutable: a reload makes a new one.
///
/// In this order: the name is an alias; it is `P:model` and P (up to the first colon) is a provider; there is a default
/// provider, which gets the name unchanged. Names are compared byte for byte, so two spellings that merely look alike
/// are two models. Each target of a plan carries its price: that of the model's own row, else that of its provider's row for
/// all others, else none.
public struct Router: Sendable {
    private let snapshot: UInt64
    private let aliases: [[UInt8]: Plan]
    private let providers: [ArraySlice<UInt8>: UInt16]
    private let defaultProvider: UInt16?
    /// By provider: the price of a model, nil for one whose price is known to be unknown.
    private let prices: [[[UInt8]: UInt32?]]
    /// By provider: the price of every other model.
    private let otherPrices: [UInt32?]

    /// `snapshot` is the version whose provider numbers `routes` uses; every plan carries it. Of two aliases of one name
    /// the first counts.
    public init(routes: RouteTable, snapshot: UInt64) {
        self.snapshot = snapshot
        var prices = [[[UInt8]: UInt32?]](repeating: [:], count: routes.providers.count)
        var otherPrices = [UInt32?](repeating: nil, count: routes.providers.count)
        for model in routes.models where Int(model.provider) < routes.providers.count {
            if let name = model.name {
                prices[Int(model.provider)].updateValue(model.facts.price, forKey: name)
            } else {
                otherPrices[Int(model.provider)] = model.facts.price
            }
        }
        self.prices = prices
        self.otherPrices = otherPrices
        self.aliases = Dictionary(
            routes.aliases.map { alias in
                let targets = alias.targets.map { target in
                    var target = target
                    target.price = target.price ?? Self.price(of: target.model, target.provider, prices, otherPrices)
                    return target
                }
                return (alias.name, Plan(snapshot: snapshot, targets: targets))
            },
            uniquingKeysWith: { first, _ in first })
        self.providers = Dictionary(
            routes.providers.enumerated().compactMap { index, name in
                UInt16(exactly: index).map { (ArraySlice(name.utf8), $0) }
            },
            uniquingKeysWith: { first, _ in first })
        self.defaultProvider = routes.defaultProvider
    }

    /// The plan for `model`, or nil where nothing serves it (404 model_not_found).
    public func plan(for model: [UInt8]) -> Plan? {
        if let plan = self.aliases[model] { return plan.targets.isEmpty ? nil : plan }
        if let colon = model.firstIndex(of: UInt8(ascii: ":")), let provider = self.providers[model[..<colon]] {
            let name = Array(model[(colon + 1)...])
            return name.isEmpty ? nil : self.plan(provider, name)
        }
        guard let provider = self.defaultProvider, !model.isEmpty else { return nil }
        return self.plan(provider, model)
    }

    private func plan(_ provider: UInt16, _ model: [UInt8]) -> Plan {
        let price = Self.price(of: model, provider, self.prices, self.otherPrices)
        return Plan(snapshot: self.snapshot, targets: [Target(provider: provider, model: model, price: price)])
    }

    private static func price(
        of model: [UInt8], _ provider: UInt16, _ prices: [[[UInt8]: UInt32?]], _ otherPrices: [UInt32?]
    ) -> UInt32? {
        guard Int(provider) < prices.count else { return nil }
        return prices[Int(provider)][model] ?? otherPrices[Int(provider)]
    }
}
