import Domain
import Routing
import Testing

@Suite struct RouterTests {
    private static let routes = RouteTable(
        providers: ["openai", "local", "caf\u{E9}"],
        aliases: [
            .init(
                name: Array("smart".utf8),
                targets: [
                    Target(provider: 1, model: Array("smollm2".utf8)), Target(provider: 0, model: Array("gpt-4o".utf8)),
                ]),
            .init(name: Array("openai:pinned".utf8), targets: [Target(provider: 1, model: Array("x".utf8))]),
            .init(name: Array("smart".utf8), targets: []),
            .init(name: Array("nowhere".utf8), targets: []),
        ],
        defaultProvider: 0)

    private func targets(_ model: String, _ routes: RouteTable = RouterTests.routes) -> [Target]? {
        try? Router(routes: routes, snapshot: 7).plan(for: Array(model.utf8), FakeContext()).plan.targets
    }

    private func target(_ provider: UInt16, _ model: String) -> Target {
        Target(provider: provider, model: Array(model.utf8))
    }

    @Test func aliasLeadsToItsTargetsInOrder() {
        #expect(self.targets("smart") == [self.target(1, "smollm2"), self.target(0, "gpt-4o")])
    }

    @Test func planCarriesTheSnapshot() throws {
        let router = Router(routes: Self.routes, snapshot: 7)
        #expect(try router.plan(for: Array("smart".utf8), FakeContext()).plan.snapshot == 7)
    }

    @Test func providerPrefixIsCutAtTheFirstColon() {
        #expect(self.targets("local:llama3:8b") == [self.target(1, "llama3:8b")])
        #expect(self.targets("openai:gpt-4o") == [self.target(0, "gpt-4o")])
    }

    @Test func aliasWinsOverProviderPrefix() {
        #expect(self.targets("openai:pinned") == [self.target(1, "x")])
    }

    @Test func unknownPrefixGoesToTheDefaultProviderUnchanged() {
        #expect(self.targets("ft:gpt-4o:me") == [self.target(0, "ft:gpt-4o:me")])
        #expect(self.targets("gpt-4o-mini") == [self.target(0, "gpt-4o-mini")])
        #expect(self.targets(":x") == [self.target(0, ":x")])
    }

    @Test func nothingServesIt() {
        var routes = Self.routes
        routes.defaultProvider = nil
        #expect(self.targets("gpt-4o-mini", routes) == nil)
        #expect(self.targets("ft:gpt-4o:me", routes) == nil)
        #expect(self.targets("", Self.routes) == nil)
        #expect(self.targets("openai:") == nil)
        #expect(self.targets("nowhere") == nil)
    }

    @Test func namesAreBytesNotText() throws {
        // "é" as one scalar is a provider; the same letter as "e" with a combining accent is another name.
        #expect(self.targets("caf\u{E9}:m") == [self.target(2, "m")])
        #expect(self.targets("cafe\u{301}:m") == [self.target(0, "cafe\u{301}:m")])
        let router = Router(routes: Self.routes, snapshot: 1)
        let plan = try router.plan(for: [0x73, 0xFF], FakeContext()).plan
        #expect(plan.targets == [Target(provider: 0, model: [0x73, 0xFF])])
    }

    @Test func aTargetHasThePriceOfItsRow() {
        var routes = Self.routes
        routes.aliases.append(
            .init(
                name: Array("dear".utf8),
                targets: [Target(provider: 0, model: Array("gpt-4o".utf8), price: 9), self.target(1, "x")]))
        func row(_ provider: UInt16, _ name: String?, _ price: UInt32?) -> RouteTable.Model {
            RouteTable.Model(provider: provider, name: name.map { Array($0.utf8) }, facts: ModelFacts(price: price))
        }
        routes.models = [
            row(0, "gpt-4o", 3), row(1, nil, 5), row(1, "llama3:8b", 6), row(1, "unknown", nil), row(9, "gpt-4o", 1),
        ]
        func prices(_ model: String) -> [UInt32?]? { self.targets(model, routes)?.map(\.price) }
        #expect(prices("gpt-4o") == [3])
        #expect(prices("openai:gpt-4o") == [3])
        #expect(prices("gpt-4o-mini") == [nil])
        #expect(prices("local:llama3:8b") == [6])
        // The row for all others, and a row that says that nothing is known.
        #expect(prices("local:other") == [5])
        #expect(prices("local:unknown") == [nil])
        // An alias: what it says itself comes first.
        #expect(prices("smart") == [5, 3])
        #expect(prices("dear") == [9, 5])
    }
}
