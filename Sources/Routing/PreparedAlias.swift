import Domain

/// An alias of a snapshot, prepared for use.
struct PreparedAlias {
    let name: [UInt8]
    let pattern: NamePattern
    let policy: UInt16
    let strategy: RoutePolicy.Strategy
    let sticky: RouteTable.Sticky
    let tier: Tier?
    let candidates: [Candidate]
    let route: Route?
    /// A hash of its name.
    let identity: UInt64
    /// Set where neither the request nor chance has a say in it.
    let fixed: RoutedPlan?

    /// Where `route` has the targets.
    struct Route {
        let threshold: UInt32
        let header: [UInt8]
        let fast: [Candidate]
        let deep: [Candidate]
    }

    init(_ alias: RouteTable.Alias, place: Int, snapshot: UInt64, policies: [RoutePolicy], prices: PriceTable) {
        self.name = alias.name
        let pattern = NamePattern(alias.name)
        self.pattern = pattern
        let isKnown = Int(alias.policy) < policies.count
        self.policy = isKnown ? alias.policy : 0
        self.strategy = isKnown ? policies[Int(alias.policy)].strategy : .ordered
        self.sticky = alias.sticky
        self.tier = alias.tier
        self.identity = StableHash.of(alias.name)
        let prepare = { PreparedAlias.candidates($0, prices, hasStar: !pattern.isExact) }
        self.candidates = prepare(alias.choices)
        self.route = alias.route.map {
            Route(
                threshold: $0.threshold, header: $0.header, fast: prepare($0.fast),
                deep: prepare($0.deep))
        }
        let isDrawn = self.strategy == .weighted || self.strategy == .leastCost
        guard self.route == nil, pattern.isExact, !isDrawn || self.candidates.count == 1, !self.candidates.isEmpty
        else {
            self.fixed = nil
            return
        }
        let plan = Plan(
            snapshot: snapshot, targets: self.candidates.prefix(Router.maximumTargets).map(\.target),
            policy: self.policy, tier: self.tier)
        self.fixed = RoutedPlan(plan: plan, alias: place)
    }

    /// Each target once, with the weight of all its entries; those of providers that do not exist are left out.
    private static func candidates(
        _ choices: [RouteTable.Choice], _ prices: PriceTable, hasStar: Bool
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        var places: [Target: Int] = [:]
        for choice in choices {
            guard let provider = prices.name(of: choice.target.provider), !choice.target.model.isEmpty else { continue }
            var choice = choice
            var key = choice.target
            key.price = nil
            if let place = places[key] {
                let (sum, overflow) = candidates[place].weight.addingReportingOverflow(choice.weight)
                candidates[place].weight = overflow ? .max : sum
                continue
            }
            places[key] = candidates.count
            choice.target.price = choice.target.price ?? prices.price(of: choice.target.model, choice.target.provider)
            candidates.append(Candidate(choice, provider: provider, hasStar: hasStar))
        }
        return candidates
    }
}
