import Domain
import Routing
import TestSupport
import Testing

/// What holds for plans of any table.
@Suite struct RandomTableTests {
    private static let names = ["a", "b", "ab", "a*", "*b", "p:a", "q/b", "*"].map { Array($0.utf8) }
    private static let asked = ["a", "b", "ab", "aab", "p:a", "q/b", "p:ab", "q/ab", "r", "p/*"].map { Array($0.utf8) }
    private static let models = ["a", "b", "m", "m-*", "*"].map { Array($0.utf8) }
    private static let entries = ["a", "b", "a*", "p:*", "q:a", "q:m*", "*", "*:m", "ab"].map { Array($0.utf8) }
    private static let providers = ["p", "q", "r"]

    private static func table(_ random: inout SplitMix) -> RouteTable {
        var policies = [RoutePolicy()]
        policies += RoutePolicy.Strategy.allCases.map { RoutePolicy(strategy: $0) }
        func choices(_ most: Int) -> [RouteTable.Choice] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in
                RouteTable.Choice(
                    Target(
                        provider: UInt16.random(in: 0...3, using: &random),
                        model: self.models[Int.random(in: 0..<self.models.count, using: &random)]),
                    weight: UInt32.random(in: 0...4, using: &random))
            }
        }
        let aliases = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            let isRoute = Int.random(in: 0..<4, using: &random) == 0
            return RouteTable.Alias(
                name: self.names[Int.random(in: 0..<self.names.count, using: &random)],
                choices: isRoute ? [] : choices(5), policy: UInt16.random(in: 0...6, using: &random),
                sticky: Bool.random(using: &random) ? .user : .none,
                tier: isRoute ? nil : [Tier?.some(.fast), .deep, nil][Int.random(in: 0..<3, using: &random)],
                route: isRoute
                    ? .init(threshold: 10, header: [0x78], fast: choices(3), deep: choices(3)) : nil)
        }
        return RouteTable(
            providers: self.providers, aliases: aliases,
            defaultProvider: Bool.random(using: &random) ? UInt16.random(in: 0...3, using: &random) : nil,
            policies: policies)
    }

    private static func context(_ random: inout SplitMix) -> FakeContext {
        let seed = random.next()
        let context = FakeContext(sticky: Bool.random(using: &random) ? random.next() : nil, next: { seed })
        context.asked =
            [AskedTier.none, .none, .tier(.fast), .tier(.deep), .invalid][Int.random(in: 0..<5, using: &random)]
        context.characters = UInt32.random(in: 0...20, using: &random)
        let costs = random.next()
        context.costs = { target in
            let hash = StableHash.of(target.model, seed: costs &+ UInt64(target.provider))
            return hash & 3 == 0 ? nil : Int64(hash & 7)
        }
        return context
    }

    /// The alias that a name stands for, found in the simplest way.
    private static func alias(_ name: [UInt8], _ routes: RouteTable) -> Int? {
        if let place = routes.aliases.firstIndex(where: { $0.name == name && !name.contains(0x2A) }) { return place }
        return routes.aliases.indices.filter { routes.aliases[$0].name.contains(0x2A) }
            .filter { NamePattern(routes.aliases[$0].name).match(name) != nil }
            .max { (routes.aliases[$0].name.count, $1) < (routes.aliases[$1].name.count, $0) }
    }

    @Test func plansKeepTheirPromises() throws {
        var random = SplitMix(seed: 20)
        var planned = 0
        for _ in 0..<100_000 {
            let routes = Self.table(&random)
            let router = Router(routes: routes, snapshot: 1)
            let name = Self.asked[Int.random(in: 0..<Self.asked.count, using: &random)]
            let lists = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Self.entries[Int.random(in: 0..<Self.entries.count, using: &random)]
                }
            }
            let context = Self.context(&random)
            let result = Result { () throws(RouteRefusal) in
                try router.plan(for: name, allowing: lists.map { AllowList($0) }, context)
            }
            guard case .success(let routed) = result else { continue }
            planned += 1
            guard Self.isGood(routed, name, routes, lists, context) else {
                Issue.record("\(name) \(lists) in \(routes): \(routed)")
                return
            }
            // The same question has the same answer.
            let again = try router.plan(for: name, allowing: lists.map { AllowList($0) }, context)
            #expect(again == routed)
        }
        #expect(planned > 30_000)
    }

    private static func isGood(
        _ routed: RoutedPlan, _ name: [UInt8], _ routes: RouteTable, _ lists: [[[UInt8]]], _ context: FakeContext
    ) -> Bool {
        let plan = routed.plan
        let targets = plan.targets
        let forbidden = routed.leftOut.filter { $0.reason == .allowList }.map(\.target)
        guard !targets.isEmpty, Set(targets).count == targets.count,
            targets.allSatisfy({ Int($0.provider) < routes.providers.count && !$0.model.isEmpty }),
            routed.alias == self.alias(name, routes), Set(targets).isDisjoint(with: forbidden)
        else { return false }
        // Nothing that a list forbids.
        let patterns = lists.map { $0.map { NamePattern($0) } }
        for target in targets {
            let text = Array(routes.providers[Int(target.provider)].utf8) + Array(":".utf8) + target.model
            for list in patterns {
                let byName = list.contains { $0.match(name) != nil && (routed.alias != nil || $0.isExact) }
                guard byName || list.contains(where: { $0.match(text) != nil }) else { return false }
            }
        }
        guard let place = routed.alias else { return plan.policy == 0 && plan.tier == nil && targets.count == 1 }
        let alias = routes.aliases[place]
        var choices = alias.choices
        if let route = alias.route {
            let asked: Tier? = if case .tier(let tier) = context.asked { tier } else { nil }
            let tier = asked ?? (context.characters >= route.threshold ? .deep : .fast)
            guard plan.tier == tier, context.asked != .invalid else { return false }
            choices = tier == .fast ? route.fast : route.deep
        } else {
            guard plan.tier == alias.tier else { return false }
        }
        // All of the tier's, and nothing else.
        let part = NamePattern(alias.name).match(name) ?? []
        let possible: [Target] = choices.compactMap { choice in
            var target = choice.target
            if alias.name.contains(0x2A) { target.model = NamePattern(target.model).filled(with: part) }
            return Int(target.provider) < routes.providers.count && !target.model.isEmpty ? target : nil
        }
        guard Set(possible) == Set(targets).union(forbidden) else { return false }
        guard plan.policy == (Int(alias.policy) < routes.policies.count ? alias.policy : 0) else { return false }
        let places = targets.map { possible.firstIndex(of: $0) ?? -1 }
        switch routes.policies[Int(plan.policy)].strategy {
        case .ordered, .leastLatency, .leastBusy: return places == places.sorted()
        case .leastCost:
            let keys = zip(targets, places).map { (context.cost(of: $0) ?? .max, $1) }
            return zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        case .weighted:
            // Nothing with a weight behind what has none.
            let weights = targets.map { target in
                zip(possible, choices.filter { Int($0.target.provider) < routes.providers.count })
                    .contains { $0 == target && $1.weight > 0 }
            }
            return alias.name.contains(0x2A) || zip(weights, weights.dropFirst()).allSatisfy { $0 || !$1 }
        }
    }
}
