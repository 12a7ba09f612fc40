public import Domain

/// Turns the model name a client asked for into the targets that are tried. Pure and immutable: a reload makes a new one.
///
/// In this order: the name is an alias; it fits an alias with a `*`, the one with the longest fixed part first, of equal ones
/// the first in the file; it is `provider:model`, up to the first colon; it is `provider/model`, up to the first slash; a
/// provider has a row of that name in the catalogue, the first in the file; there is a default provider, which gets the name
/// unchanged. Names are compared byte for byte, so two spellings that merely look alike are two models. Each target of a
/// plan carries its price: that of the model's own row, else that of its provider's row for all others, else none.
public final class Router: Sendable {
    /// Most targets of a plan; those that come last are left out.
    public static let maximumTargets = 64
    /// Bytes of the longest name of a model that is sent to a provider.
    public static let longestModel = 1024

    private let snapshot: UInt64
    private let prices: PriceTable
    /// By their places in the table.
    private let aliases: [PreparedAlias]
    /// The first alias of a name without `*`.
    private let exact: [[UInt8]: Int]
    /// Aliases with `*`, in the order in which they are tried.
    private let patterns: [Int]
    private let defaultProvider: UInt16?

    /// `snapshot` is the version whose provider numbers `routes` uses; every plan carries it. Of two aliases of one name
    /// the first counts.
    public init(routes: RouteTable, snapshot: UInt64) {
        let prices = PriceTable(routes)
        let aliases = routes.aliases.enumerated().map { place, alias in
            PreparedAlias(alias, place: place, snapshot: snapshot, policies: routes.policies, prices: prices)
        }
        self.snapshot = snapshot
        self.prices = prices
        self.aliases = aliases
        self.exact = Dictionary(
            aliases.enumerated().filter { $0.element.pattern.isExact }.map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        self.patterns = aliases.indices.filter { !aliases[$0].pattern.isExact }.sorted {
            (aliases[$1].pattern.fixedCount, $0) < (aliases[$0].pattern.fixedCount, $1)
        }
        self.defaultProvider = routes.defaultProvider.flatMap { prices.name(of: $0) == nil ? nil : $0 }
    }

    /// Header names that name tiers, in lower case.
    public var tierHeaders: [[UInt8]] {
        var headers: [[UInt8]] = []
        for case let header? in self.aliases.map(\.route?.header) where !headers.contains(header) {
            headers.append(header)
        }
        return headers
    }

    /// The name of an alias, as in the file.
    public func aliasName(_ place: Int) -> [UInt8] {
        self.aliases.indices.contains(place) ? self.aliases[place].name : []
    }

    // MARK: Plans

    /// The plan for `name`. All of `lists` hold: targets that one of them does not allow are left out. `context` is made only
    /// where more than the name counts, which is not so for most requests.
    public func plan(
        for name: [UInt8], allowing lists: [AllowList] = [], _ context: @autoclosure () -> some RouteContext
    ) throws(RouteRefusal) -> RoutedPlan {
        if let place = self.exact[name] {
            if lists.isEmpty, let fixed = self.aliases[place].fixed { return fixed }
            return try self.plan(place, name, [], lists, context())
        }
        for place in self.patterns {
            guard let part = self.aliases[place].pattern.match(name) else { continue }
            return try self.plan(place, name, part, lists, context())
        }
        guard let target = self.target(for: name) else { throw .unknownModel }
        guard lists.isEmpty || self.isAllowed(target, name, lists) else { throw .notAllowed }
        return RoutedPlan(plan: Plan(snapshot: self.snapshot, targets: [target]))
    }

    /// Where a name leads that is no alias's.
    private func target(for name: [UInt8]) -> Target? {
        for separator in [UInt8(ascii: ":"), UInt8(ascii: "/")] {
            guard let place = name.firstIndex(of: separator),
                let provider = self.prices.provider(named: name[..<place])
            else { continue }
            let model = Array(name[(place + 1)...])
            return model.isEmpty ? nil : self.target(provider, model)
        }
        guard !name.isEmpty, let provider = self.prices.owner(of: name) ?? self.defaultProvider else { return nil }
        return self.target(provider, name)
    }

    private func target(_ provider: UInt16, _ model: [UInt8]) -> Target? {
        guard model.count <= Router.longestModel else { return nil }
        return Target(provider: provider, model: model, price: self.prices.price(of: model, provider))
    }

    private func isAllowed(_ target: Target, _ name: [UInt8], _ lists: [AllowList]) -> Bool {
        let text = self.prices.text(of: target)
        return lists.allSatisfy { $0.allows(text) || $0.names(name) }
    }

    // MARK: Aliases

    private func plan(
        _ place: Int, _ name: [UInt8], _ part: ArraySlice<UInt8>, _ lists: [AllowList], _ context: some RouteContext
    ) throws(RouteRefusal) -> RoutedPlan {
        let alias = self.aliases[place]
        var tier = alias.tier
        var candidates = alias.candidates
        var leftOut: [RoutedPlan.LeftOut] = []
        if let route = alias.route {
            let chosen = try Router.tier(route, context)
            tier = chosen
            candidates = chosen == .fast ? route.fast : route.deep
            let others = self.filled(chosen == .fast ? route.deep : route.fast, part)
            leftOut = others.map { RoutedPlan.LeftOut($0.target, .otherTier) }
        }
        if !alias.pattern.isExact { candidates = self.filled(candidates, part) }
        guard !candidates.isEmpty else { throw .unknownModel }
        // A list that names the alias has nothing against any of its targets.
        let strict = lists.filter { !$0.allows(name) }
        if !strict.isEmpty {
            candidates = candidates.filter { candidate in
                let text = self.prices.text(of: candidate.target)
                let isAllowed = strict.allSatisfy { $0.allows(text) }
                if !isAllowed { leftOut.append(.init(candidate.target, .allowList)) }
                return isAllowed
            }
            guard !candidates.isEmpty else { throw .notAllowed }
        }
        let targets = Router.order(candidates, alias, context).prefix(Router.maximumTargets)
        let plan = Plan(snapshot: self.snapshot, targets: Array(targets), policy: alias.policy, tier: tier)
        return RoutedPlan(plan: plan, alias: place, leftOut: leftOut)
    }

    private static func tier(_ route: PreparedAlias.Route, _ context: some RouteContext) throws(RouteRefusal) -> Tier {
        switch context.askedTier(route.header) {
        case .tier(let tier): tier
        case .invalid: throw .invalidTier(header: route.header)
        case .none: context.hasPrompt(of: route.threshold) ? .deep : .fast
        }
    }

    /// The targets that result when the `*` of their models stands for `part`, each once, without those of no model's name.
    private func filled(_ candidates: [Candidate], _ part: ArraySlice<UInt8>) -> [Candidate] {
        var seen: Set<Target> = []
        return candidates.compactMap { candidate in
            var candidate = candidate
            if let pattern = candidate.pattern {
                let model = pattern.filled(with: part)
                guard !model.isEmpty, let target = self.target(candidate.target.provider, model) else { return nil }
                candidate.target = target
            }
            var key = candidate.target
            key.price = nil
            return seen.insert(key).inserted ? candidate : nil
        }
    }

    private static func order(
        _ candidates: [Candidate], _ alias: PreparedAlias, _ context: some RouteContext
    ) -> [Target] {
        guard candidates.count > 1 else { return candidates.map(\.target) }
        switch alias.strategy {
        // What is quick or busy is known where the calls are made.
        case .ordered, .leastLatency, .leastBusy: return candidates.map(\.target)
        case .weighted:
            let sticky = alias.sticky == .none ? nil : context.stickyHash(alias.sticky)
            let seed = sticky.map { StableHash.spread($0 ^ alias.identity) } ?? context.random()
            return self.sorted(candidates) { $0.draw(seed) }
        case .leastCost:
            // An unknown price may be any.
            return self.sorted(candidates) { context.cost(of: $0.target).map { Double($0) } ?? .infinity }
        }
    }

    /// The least first; equal ones stay as they are.
    private static func sorted(_ candidates: [Candidate], by key: (Candidate) -> Double) -> [Target] {
        let keyed = candidates.enumerated().map { (key: key($0.element), place: $0.offset) }
        return keyed.sorted { ($0.key, $0.place) < ($1.key, $1.place) }.map { candidates[$0.place].target }
    }

    // MARK: Lists

    /// The names that can be asked for as they are: all aliases without a `*`, each once, in the order of the file, of which
    /// `lists` allow something.
    public func names(allowing lists: [AllowList] = []) -> [[UInt8]] {
        self.aliases.indices.compactMap { place in
            let name = self.aliases[place].name
            guard self.exact[name] == place, self.allows(name, lists) else { return nil }
            return name
        }
    }

    /// Whether `lists` allow anything an alias leads to.
    public func allows(_ name: [UInt8], _ lists: [AllowList]) -> Bool {
        guard !lists.isEmpty else { return true }
        let strict = lists.filter { !$0.allows(name) }
        guard !strict.isEmpty, let place = self.exact[name] else { return strict.isEmpty }
        let alias = self.aliases[place]
        let candidates = alias.candidates + (alias.route?.fast ?? []) + (alias.route?.deep ?? [])
        return candidates.contains { candidate in
            let text = self.prices.text(of: candidate.target)
            return strict.allSatisfy { $0.allows(text) }
        }
    }
}
