import Domain

/// The providers of a snapshot, and what is known of the prices of their models.
struct PriceTable {
    private let providers: [[UInt8]]
    private let numbers: [ArraySlice<UInt8>: UInt16]
    /// By provider: the price of a model, nil for one whose price is known to be unknown.
    private let prices: [[[UInt8]: UInt32?]]
    /// By provider: the price of every other model.
    private let otherPrices: [UInt32?]
    /// The first provider with a row of that name.
    private let owners: [[UInt8]: UInt16]

    init(_ routes: RouteTable) {
        var prices = [[[UInt8]: UInt32?]](repeating: [:], count: routes.providers.count)
        var otherPrices = [UInt32?](repeating: nil, count: routes.providers.count)
        var owners: [[UInt8]: UInt16] = [:]
        for model in routes.models where Int(model.provider) < routes.providers.count {
            guard let name = model.name else {
                otherPrices[Int(model.provider)] = model.facts.price
                continue
            }
            prices[Int(model.provider)].updateValue(model.facts.price, forKey: name)
            owners[name] = min(owners[name] ?? .max, model.provider)
        }
        self.prices = prices
        self.otherPrices = otherPrices
        self.owners = owners
        self.providers = routes.providers.map { Array($0.utf8) }
        self.numbers = Dictionary(
            routes.providers.enumerated().compactMap { index, name in
                UInt16(exactly: index).map { (ArraySlice(name.utf8), $0) }
            },
            uniquingKeysWith: { first, _ in first })
    }

    /// A provider's name; nil for a number nobody has.
    func name(of provider: UInt16) -> [UInt8]? {
        Int(provider) < self.providers.count ? self.providers[Int(provider)] : nil
    }

    func provider(named name: ArraySlice<UInt8>) -> UInt16? { self.numbers[name] }

    func owner(of model: [UInt8]) -> UInt16? { self.owners[model] }

    /// That of the model's own row, else that of its provider's row for all others, else none.
    func price(of model: [UInt8], _ provider: UInt16) -> UInt32? {
        guard Int(provider) < self.prices.count else { return nil }
        return self.prices[Int(provider)][model] ?? self.otherPrices[Int(provider)]
    }

    /// `provider:model`, as allow-lists have it.
    func text(of target: Target) -> [UInt8] {
        (self.name(of: target.provider) ?? []) + [UInt8(ascii: ":")] + target.model
    }
}
