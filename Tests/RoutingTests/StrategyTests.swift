import Domain
import Routing
import Testing

/// Aliases with wildcards, tiers, strategies and lists.
@Suite struct StrategyTests {
    private static let providers = ["openai", "local", "spare"]

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func choice(_ text: String, _ weight: UInt32 = 1) -> RouteTable.Choice {
        let parts = text.split(separator: ":", maxSplits: 1)
        let provider = Self.providers.firstIndex { $0.utf8.elementsEqual(parts[0].utf8) } ?? 9
        return .init(Target(provider: UInt16(provider), model: Array(parts[1].utf8)), weight: weight)
    }

    private func text(_ target: Target) -> String {
        "\(Self.providers[Int(target.provider)]):\(String(decoding: target.model, as: UTF8.self))"
    }

    private func router(
        _ aliases: [RouteTable.Alias], policies: [RoutePolicy] = [RoutePolicy()], defaultProvider: UInt16? = nil,
        models: [RouteTable.Model] = []
    ) -> Router {
        Router(
            routes: RouteTable(
                providers: Self.providers, aliases: aliases, defaultProvider: defaultProvider, models: models,
                policies: policies), snapshot: 1)
    }

    private func alias(
        _ name: String, _ choices: [RouteTable.Choice], policy: UInt16 = 0, sticky: RouteTable.Sticky = .none,
        tier: Tier? = nil, route: RouteTable.TierRoute? = nil
    ) -> RouteTable.Alias {
        .init(
            name: self.bytes(name), choices: choices, policy: policy, sticky: sticky, tier: tier, route: route)
    }

    private func plan(
        _ router: Router, _ name: String, _ lists: [[String]] = [], _ context: FakeContext = FakeContext()
    ) throws -> [String] {
        try router.plan(
            for: self.bytes(name), allowing: lists.map { AllowList($0.map { self.bytes($0) }) }, context
        ).plan.targets.map { self.text($0) }
    }

    // MARK: Names

    @Test func theLongestFixedPartWins() throws {
        let router = self.router([
            self.alias("gpt-*", [self.choice("local:*")]), self.alias("*-mini", [self.choice("local:mini")]),
            self.alias("gpt-4*", [self.choice("openai:gpt-4*"), self.choice("spare:x-*-y")]),
            self.alias("gpt-4o", [self.choice("spare:pinned")]), self.alias("g*t-", [self.choice("spare:later")]),
        ])
        #expect(try self.plan(router, "gpt-4o") == ["spare:pinned"])
        #expect(try self.plan(router, "gpt-4.1") == ["openai:gpt-4.1", "spare:x-.1-y"])
        #expect(try self.plan(router, "gpt-3.5") == ["local:3.5"])
        // Five bytes are more than four.
        #expect(try self.plan(router, "gpt-3-mini") == ["local:mini"])
        // Of equal ones the first; its `*` stands for nothing, which is no model.
        #expect(throws: RouteRefusal.unknownModel) { try self.plan(router, "gpt-") }
    }

    @Test func filledInTargetsAreThereOnce() throws {
        let router = self.router([
            self.alias("m-*", [self.choice("local:*"), self.choice("local:a"), self.choice("openai:a")])
        ])
        #expect(try self.plan(router, "m-a") == ["local:a", "openai:a"])
        #expect(try self.plan(router, "m-b") == ["local:b", "local:a", "openai:a"])
    }

    @Test func aStarOfATargetIsAByteWhereTheAliasHasNone() throws {
        let router = self.router([self.alias("x", [self.choice("local:a*")])])
        #expect(try self.plan(router, "x") == ["local:a*"])
    }

    @Test func namesWithoutAlias() throws {
        func row(_ provider: UInt16, _ name: String) -> RouteTable.Model {
            RouteTable.Model(provider: provider, name: self.bytes(name), facts: ModelFacts())
        }
        let router = self.router(
            [], defaultProvider: 2, models: [row(1, "shared"), row(0, "shared"), row(1, "a:b"), row(1, "none/x")])
        #expect(try self.plan(router, "openai/gpt-4o") == ["openai:gpt-4o"])
        #expect(try self.plan(router, "local:a/b") == ["local:a/b"])
        #expect(try self.plan(router, "local/llama3:8b") == ["local:llama3:8b"])
        #expect(try self.plan(router, "shared") == ["openai:shared"])
        #expect(try self.plan(router, "a:b") == ["local:a:b"])
        #expect(try self.plan(router, "none/x") == ["local:none/x"])
        #expect(try self.plan(router, "none/y") == ["spare:none/y"])
        #expect(throws: RouteRefusal.unknownModel) { try self.plan(router, "openai/") }
    }

    // MARK: Tiers

    @Test func aTierIsChosenBySizeOrByHeader() throws {
        let router = self.router([
            self.alias(
                "auto", [],
                route: .init(
                    threshold: 100, header: self.bytes("x-sluice-tier"),
                    fast: [self.choice("local:small"), self.choice("spare:small")], deep: [self.choice("openai:big")])),
            self.alias("deep", [self.choice("openai:big")], tier: .deep),
        ])
        func tier(_ asked: AskedTier, _ characters: UInt32) throws -> (Tier?, Int) {
            let context = FakeContext()
            context.asked = asked
            context.characters = characters
            let plan = try router.plan(for: self.bytes("auto"), context).plan
            #expect(context.header == self.bytes("x-sluice-tier"))
            return (plan.tier, plan.targets.count)
        }
        #expect(try tier(.none, 99) == (.fast, 2) && tier(.none, 100) == (.deep, 1))
        #expect(try tier(.tier(.deep), 0) == (.deep, 1) && tier(.tier(.fast), 1000) == (.fast, 2))
        #expect(throws: RouteRefusal.invalidTier(header: self.bytes("x-sluice-tier"))) { try tier(.invalid, 0) }
        let context = FakeContext()
        #expect(try router.plan(for: self.bytes("deep"), context).plan.tier == .deep && context.questions == 0)
        #expect(router.tierHeaders == [self.bytes("x-sluice-tier")])
    }

    // MARK: Strategies

    @Test func plainAliasesAskNothing() throws {
        let policies = [RoutePolicy(), RoutePolicy(strategy: .leastBusy), RoutePolicy(strategy: .leastLatency)]
        let choices = [self.choice("spare:a", 1), self.choice("local:b", 100), self.choice("openai:c")]
        for policy in 0..<3 {
            let router = self.router([self.alias("x", choices, policy: UInt16(policy))], policies: policies)
            let context = FakeContext()
            let plan = try router.plan(for: self.bytes("x"), context)
            #expect(plan.plan.targets == choices.map(\.target) && plan.plan.policy == UInt16(policy))
            #expect(context.questions == 0 && plan.alias == 0 && plan.leftOut.isEmpty)
        }
        // One target has no order.
        let router = self.router(
            [self.alias("x", [self.choice("local:a")], policy: 1)], policies: [.init(), .init(strategy: .weighted)])
        let context = FakeContext()
        #expect(try self.plan(router, "x", [], context) == ["local:a"] && context.questions == 0)
    }

    @Test func theCheapestIsFirst() throws {
        let router = self.router(
            [
                self.alias(
                    "x", ["openai:a", "openai:b", "local:c", "local:d", "spare:e"].map { self.choice($0) }, policy: 1)
            ],
            policies: [.init(), .init(strategy: .leastCost)])
        let context = FakeContext()
        let costs: [UInt8: Int64] = [0x61: 5, 0x63: 0, 0x64: 5]
        context.costs = { costs[$0.model[0]] }
        let plan = try self.plan(router, "x", [], context)
        #expect(plan == ["local:c", "openai:a", "local:d", "openai:b", "spare:e"] && context.questions == 5)
    }

    @Test func chanceFollowsTheWeights() throws {
        let router = self.router(
            [
                self.alias(
                    "x", [self.choice("openai:a", 3), self.choice("local:b", 1), self.choice("spare:c", 0)], policy: 1)
            ],
            policies: [.init(), .init(strategy: .weighted)])
        var seed: UInt64 = 7
        let context = FakeContext(next: {
            seed &+= 0x9E37_79B9_7F4A_7C15
            return seed
        })
        var first = 0
        let count = 20_000
        for _ in 0..<count {
            let plan = try self.plan(router, "x", [], context)
            if plan[0] == "openai:a" { first += 1 }
            #expect(plan.count == 3 && plan[2] == "spare:c")
        }
        // Five standard deviations of 61.
        #expect(abs(first - 15_000) < 306)
    }

    @Test func whoSticksStaysWhenATargetIsAdded() throws {
        let policies = [RoutePolicy(), RoutePolicy(strategy: .weighted)]
        let three = [self.choice("openai:a", 2), self.choice("local:b", 1), self.choice("spare:c", 1)]
        let more = [self.choice("local:new", 2)] + three
        let before = self.router([self.alias("x", three, policy: 1, sticky: .user)], policies: policies)
        let after = self.router([self.alias("x", more, policy: 1, sticky: .user)], policies: policies)
        var moved = 0
        var firsts: [String: Int] = [:]
        let count = 12_000
        for user in 0..<count {
            let context = FakeContext(sticky: StableHash.of("user-\(user)".utf8), next: { 99 })
            let old = try self.plan(before, "x", [], context)
            #expect(try self.plan(before, "x", [], context) == old)
            let new = try self.plan(after, "x", [], context)
            #expect(new.filter { $0 != "local:new" } == old)
            if new[0] != old[0] { moved += 1 }
            firsts[old[0], default: 0] += 1
        }
        // A third of the weight is the new one's.
        #expect(abs(moved - count / 3) < 260)
        #expect(abs(firsts["openai:a", default: 0] - count / 2) < 275)
        // Another alias makes another choice for the same user.
        let other = self.router([self.alias("y", three, policy: 1, sticky: .user)], policies: policies)
        let same = try (0..<1000).filter { user in
            let context = FakeContext(sticky: StableHash.of("user-\(user)".utf8))
            return try self.plan(before, "x", [], context)[0] == self.plan(other, "y", [], context)[0]
        }
        #expect(same.count < 600)
    }

    @Test func ofOneTargetWithTwoWeightsTheSumCounts() throws {
        let router = self.router(
            [
                self.alias(
                    "x", [self.choice("openai:a"), self.choice("local:b", 2), self.choice("openai:a")], policy: 1)
            ], policies: [.init(), .init(strategy: .weighted)])
        var seed: UInt64 = 1
        let context = FakeContext(next: {
            seed &+= 1
            return StableHash.spread(seed)
        })
        let firsts = try (0..<4000).filter { _ in try self.plan(router, "x", [], context)[0] == "openai:a" }
        #expect(abs(firsts.count - 2000) < 160)
        #expect(try self.plan(router, "x", [], context).count == 2)
    }

    // MARK: Lists

    @Test func listsLeaveTargetsOut() throws {
        let router = self.router(
            [self.alias("smart", [self.choice("openai:a"), self.choice("local:b"), self.choice("spare:c")])],
            defaultProvider: 0)
        #expect(try self.plan(router, "smart", [["smart"]]).count == 3)
        #expect(try self.plan(router, "smart", [["sm*"], ["*"]]).count == 3)
        #expect(try self.plan(router, "smart", [["local:*", "spare:c"]]) == ["local:b", "spare:c"])
        #expect(try self.plan(router, "smart", [["smart"], ["local:*"]]) == ["local:b"])
        #expect(throws: RouteRefusal.notAllowed) { try self.plan(router, "smart", [["local:*"], ["openai:*"]]) }
        #expect(throws: RouteRefusal.notAllowed) { try self.plan(router, "smart", [[]]) }
        let plan = try router.plan(
            for: self.bytes("smart"), allowing: [AllowList([self.bytes("local:b")])], FakeContext())
        #expect(
            plan.leftOut.map { self.text($0.target) } == ["openai:a", "spare:c"] && plan.leftOut[0].reason == .allowList
        )
    }

    @Test func listsHoldForWhatIsSent() throws {
        let router = self.router([self.alias("m-*", [self.choice("local:*")])], defaultProvider: 0)
        #expect(try self.plan(router, "openai/gpt", [["openai:gpt"]]) == ["openai:gpt"])
        #expect(try self.plan(router, "gpt", [["openai:gpt"]]) == ["openai:gpt"])
        // By its own spelling, where that is written out.
        #expect(try self.plan(router, "gpt", [["gpt"]]) == ["openai:gpt"])
        #expect(throws: RouteRefusal.notAllowed) { try self.plan(router, "gpt", [["gp*"]]) }
        #expect(throws: RouteRefusal.notAllowed) { try self.plan(router, "local:gpt", [["openai:*"]]) }
        #expect(try self.plan(router, "m-a", [["m-*"]]) == ["local:a"])
        #expect(try self.plan(router, "m-a", [["local:a"]]) == ["local:a"])
        #expect(throws: RouteRefusal.notAllowed) { try self.plan(router, "m-b", [["local:a"]]) }
        #expect(throws: RouteRefusal.unknownModel) { try self.plan(self.router([]), "gpt", [["gpt"]]) }
    }

    @Test func theListOfModels() {
        let router = self.router([
            self.alias("smart", [self.choice("openai:a"), self.choice("local:b")]),
            self.alias("gpt-*", [self.choice("openai:gpt-*")]), self.alias("smart", []),
            self.alias(
                "auto", [],
                route: .init(
                    threshold: 1, header: [0x78], fast: [self.choice("local:s")], deep: [self.choice("spare:d")])),
        ])
        func names(_ lists: [String]...) -> [String] {
            router.names(allowing: lists.map { AllowList($0.map { self.bytes($0) }) })
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(names() == ["smart", "auto"])
        #expect(names(["local:b"]) == ["smart"] && names(["spare:*"]) == ["auto"] && names(["auto"]) == ["auto"])
        #expect(names(["*"], ["local:s"]) == ["auto"] && names([]) == [])
        #expect(names(["local:b"], ["openai:a"]) == [])
    }
}
