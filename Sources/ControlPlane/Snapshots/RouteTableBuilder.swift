import Configuration
import Domain

/// Makes the aliases by which edges route, and the list of policies that they share with the upstreams. Pure.
struct RouteTableBuilder {
    /// Each policy once; the first is that of names without an alias.
    private(set) var policies = [RoutePolicy()]
    /// In the order of the file.
    private(set) var aliases: [RouteTable.Alias] = []
    private var numbers = [RoutePolicy(): UInt16(0)]
    /// By the bytes of the providers' names.
    private let providers: [[UInt8]: UInt16]
    private let prices: PriceTable

    init(_ models: [ModelAlias], providers: [[UInt8]: UInt16], prices: PriceTable) {
        self.providers = providers
        self.prices = prices
        let fast = self.choices(ModelAlias.targets(of: .fast, models))
        let deep = self.choices(ModelAlias.targets(of: .deep, models))
        for alias in models { self.add(alias, fast: fast, deep: deep) }
    }

    /// `fast` and `deep` are what an alias chooses among that has a route.
    private mutating func add(_ alias: ModelAlias, fast: [RouteTable.Choice], deep: [RouteTable.Choice]) {
        let choices = self.choices(alias.choices)
        let route = alias.route.map { route in
            RouteTable.TierRoute(
                threshold: route.threshold, header: Array(route.header.utf8), fast: fast, deep: deep)
        }
        self.aliases.append(
            RouteTable.Alias(
                name: Array(alias.name.utf8), choices: choices, policy: self.number(of: alias.policy),
                sticky: alias.sticky, tier: alias.tier, route: route))
    }

    /// A file has room for fewer policies than there are numbers.
    private mutating func number(of policy: RoutePolicy) -> UInt16 {
        if let number = self.numbers[policy] { return number }
        guard let number = UInt16(exactly: self.policies.count) else { return 0 }
        self.policies.append(policy)
        self.numbers[policy] = number
        return number
    }

    private func choices(_ choices: [ModelAlias.Choice]) -> [RouteTable.Choice] {
        choices.compactMap { choice in
            guard let provider = self.providers[Array(choice.target.provider.utf8)] else { return nil }
            let model = Array(choice.target.model.utf8)
            // Which model it is, and so what it costs, shows when a client asks for it.
            let price = model.contains(UInt8(ascii: "*")) ? nil : self.prices.price(of: model, at: provider)
            return RouteTable.Choice(
                Target(provider: provider, model: model, price: price), weight: choice.weight)
        }
    }
}
