import Domain
import JSON
import Limits
import Testing

@testable import EdgeWorker

extension CallEstimate {
    /// Both of what a call can take at most; nil where nothing bounds one of them.
    fileprivate func most(_ facts: ModelFacts, _ price: Price?) -> CallAmounts? {
        guard let tokens = self.mostTokens(facts), let cost = self.mostCost(facts, price) else { return nil }
        return CallAmounts(tokens: tokens, cost: cost)
    }
}

/// What a call can take, and what it usually takes.
@Suite struct CallEstimateTests {
    private static let price = Price(.init(input: 10_000_000, output: 150_000_000))

    private func estimate(
        _ body: String, endpoint: Endpoint = .chatCompletions, unbounded: UnboundedParts = []
    ) throws -> CallEstimate {
        let scanner = RequestScanner()
        let scanned = try scanner.scan(Array(body.utf8))
        let limit = unsafe Array(body.utf8).withUnsafeBytes { unsafe scanner.searchLimit(in: $0, scanned) }
        return CallEstimate(
            scanned, bodyBytes: 1000, endpoint: endpoint, unbounded: unbounded, searchLimit: limit)
    }

    private let known = ModelFacts(contextWindow: 8000, maximumOutput: 2000)

    @Test(arguments: [
        (#"{"model":"m"}"#, 2000), (#"{"model":"m","max_tokens":7}"#, 7),
        (#"{"model":"m","max_completion_tokens":9}"#, 9),
        // Which of the two counts is the provider's to say.
        (#"{"model":"m","max_tokens":7,"max_completion_tokens":90}"#, 90),
        (#"{"model":"m","max_tokens":90,"max_completion_tokens":7}"#, 90),
        // As many as it likes.
        (#"{"model":"m","max_tokens":-1}"#, 2000), (#"{"model":"m","max_tokens":0}"#, 2000),
        (#"{"model":"m","max_tokens":-1,"max_completion_tokens":7}"#, 2000),
        (#"{"model":"m","max_tokens":7,"max_completion_tokens":0}"#, 2000),
        // No more than the model can hold.
        (#"{"model":"m","max_tokens":9000}"#, 8000),
        (#"{"model":"m","max_tokens":9223372036854775807}"#, 8000),
    ])
    func outputIsBounded(_ body: String, _ output: Int64) throws {
        #expect(try self.estimate(body).mostOutput(self.known) == output)
        #expect(try self.estimate(body).most(self.known, nil)?.tokens == 1000 + output)
    }

    @Test func choicesAreAllPaid() throws {
        let three = try self.estimate(#"{"model":"m","n":3,"max_tokens":100}"#)
        #expect(three.most(self.known, nil)?.tokens == 1300)
        for n in ["0", "-4", "null"] {
            #expect(
                try self.estimate(#"{"model":"m","n":\#(n),"max_tokens":100}"#).most(self.known, nil)?.tokens == 1100)
        }
        let many = try self.estimate(#"{"model":"m","n":9223372036854775807,"max_tokens":100}"#)
        #expect(many.most(self.known, Self.price) == CallAmounts(tokens: .max, cost: .max))
    }

    @Test func anUnknownModelHasADocumentedMaximum() throws {
        let open = try self.estimate(#"{"model":"m"}"#)
        #expect(open.most(ModelFacts(), nil)?.tokens == 1000 + CallEstimate.unknownMaximumOutput)
        // The model has to be told, or it would not hold.
        #expect(open.insertedOutput(ModelFacts()) == CallEstimate.unknownMaximumOutput)
        #expect(open.insertedOutput(self.known) == nil)
        #expect(try self.estimate(#"{"model":"m","max_tokens":9}"#).insertedOutput(ModelFacts()) == nil)
        #expect(try self.estimate(#"{"model":"m","max_tokens":-1}"#).insertedOutput(ModelFacts()) == 4096)
    }

    @Test func promptsAreBoundedByBytesAndByTheWindow() throws {
        let small = ModelFacts(contextWindow: 500, maximumOutput: 10)
        #expect(try self.estimate(#"{"model":"m"}"#).most(small, nil)?.tokens == 510)
        let images = try self.estimate(#"{"model":"m"}"#, unbounded: .prompt)
        #expect(images.most(self.known, nil)?.tokens == 10_000)
        #expect(images.most(ModelFacts(maximumOutput: 10), nil) == nil)
        let tools = try self.estimate(#"{"model":"m","tools":[]}"#)
        #expect(tools.most(self.known, nil)?.tokens == 1000 + CallEstimate.toolPrompt + 2000)
        // An answer in JSON may be a tool that the gateway adds.
        let json = try self.estimate(#"{"model":"m"}"#, unbounded: .instructions)
        #expect(json.most(self.known, nil)?.tokens == 1000 + CallEstimate.toolPrompt + 2000)
        let other = try self.estimate(#"{"model":"m","max_tokens":5}"#, unbounded: .output)
        #expect(other.mostOutput(self.known) == 2000 && other.mostOutput(ModelFacts(contextWindow: 9)) == 9)
        #expect(other.mostOutput(ModelFacts()) == nil && other.insertedOutput(ModelFacts()) == nil)
    }

    @Test func embeddingsHaveNoOutputAndNoWindow() throws {
        let embedding = try self.estimate(#"{"model":"m","input":[]}"#, endpoint: .embeddings)
        #expect(
            embedding.most(ModelFacts(contextWindow: 10), Self.price) == CallAmounts(tokens: 1000, cost: 10_000_000))
        #expect(embedding.insertedOutput(ModelFacts()) == nil)
        #expect(embedding.affordableOutput(.max, .cost, self.known, Self.price) == nil)
        #expect(embedding.usually(self.known, Self.price, .init(promptTokens: 9, output: 50)).tokens == 9)
    }

    @Test func anthropicsDoorHasOneLimit() throws {
        let open = try self.estimate(#"{"model":"m"}"#, endpoint: .messages)
        #expect(open.mostOutput(self.known) == 2000 && open.insertedOutput(ModelFacts()) == 4096)
        #expect(try self.estimate(#"{"model":"m","max_tokens":7}"#, endpoint: .messages).mostOutput(self.known) == 7)
        // Nobody there knows the other member.
        let other = try self.estimate(#"{"model":"m","max_completion_tokens":7}"#, endpoint: .messages)
        #expect(other.mostOutput(self.known) == 2000 && other.askedOutput == nil)
        let both = try self.estimate(#"{"model":"m","max_tokens":7,"max_completion_tokens":90}"#, endpoint: .messages)
        #expect(both.mostOutput(self.known) == 90)
        let tools = try self.estimate(#"{"model":"m","tools":[],"max_tokens":1}"#, endpoint: .messages)
        #expect(tools.most(self.known, nil)?.tokens == 1000 + CallEstimate.toolPrompt + 1)
    }

    @Test func everyPromptHasItsCompletions() throws {
        let open = try self.estimate(#"{"model":"m","prompt":["a","b","c"],"n":2}"#, endpoint: .completions)
        // What OpenAI's server takes for one that says nothing.
        #expect(open.most(ModelFacts(), nil)?.tokens == 1096 && open.insertedOutput(ModelFacts()) == 16)
        #expect(open.most(self.known, nil)?.tokens == 13_000)
        #expect(open.most(ModelFacts(contextWindow: 10), nil)?.tokens == 126)
        let tokens = try self.estimate(#"{"model":"m","prompt":[1,2,3],"max_tokens":5}"#, endpoint: .completions)
        #expect(tokens.most(self.known, nil)?.tokens == 1005)
        #expect(open.affordableOutput(1600, .tokens, ModelFacts(), nil) == 100)
        // A chat has no such member.
        #expect(
            try self.estimate(#"{"model":"m","prompt":["a","b"],"max_tokens":5}"#).most(self.known, nil)?.tokens == 1005
        )
    }

    @Test func imagesAreAsManyAsAsked() throws {
        let images = try self.estimate(#"{"model":"m","prompt":"a cat","n":3}"#, endpoint: .imageGenerations)
        #expect(images.most(ModelFacts(maximumOutput: 6000), nil)?.tokens == 19_000)
        #expect(images.most(ModelFacts(), Self.price) == nil && images.insertedOutput(ModelFacts()) == nil)
        #expect(images.affordableOutput(.max, .cost, self.known, Self.price) == nil)
        let moderation = try self.estimate(#"{"model":"m","input":"a"}"#, endpoint: .moderations)
        #expect(moderation.most(ModelFacts(contextWindow: 10), nil)?.tokens == 1000)
    }

    @Test func theDearestClassCounts() throws {
        let estimate = try self.estimate(#"{"model":"m","max_tokens":10}"#)
        let dear = Price(
            .init(input: 1000, output: 2000, cacheRead: 100, cacheWrite: 1250, reasoning: 3000),
            tiers: [.init(above: 999, rates: .init(input: 5000, output: 1))])
        // 1000 tokens at 5000 and 10 at 3000, in picodollars; the bytes may be more than the tokens.
        #expect(estimate.most(ModelFacts(), dear)?.cost == Int64(5030))
        let short = ModelFacts(contextWindow: 999)
        #expect(estimate.most(short, dear)?.cost == Int64(1279))
        // Rounded up.
        let cheap = Price(.init(input: 1, output: 1))
        #expect(estimate.most(ModelFacts(), cheap)?.cost == 2)
        #expect(estimate.most(ModelFacts(), .free) == CallAmounts(tokens: 1010, cost: 0))
        #expect(Price.free.isFree && !cheap.isFree && !Price(.init(input: 0, output: 0, reasoning: 1)).isFree)
    }

    @Test func allTiersOfAPromptCount() throws {
        let estimate = try self.estimate(#"{"model":"m","max_tokens":10}"#)
        let price = Price(
            .init(input: 1000, output: 1000),
            tiers: [
                .init(above: 1000, rates: .init(input: 9000, output: 9000)),
                .init(above: 500, rates: .init(input: 3000, output: 4000)),
                .init(above: 700, rates: .init(input: 2000, output: 5000)),
            ])
        // 1000 × 3000 + 10 × 5000, then 600 × 3000 + 10 × 4000: a shorter prompt than all bytes may be dearer.
        #expect(estimate.most(ModelFacts(), price)?.cost == 3050)
        #expect(estimate.most(ModelFacts(contextWindow: 600), price)?.cost == Int64(1840))
        #expect(estimate.most(ModelFacts(contextWindow: 500), price)?.cost == 510)
    }

    @Test func whoMayBeServedSoonerPaysForIt() throws {
        let price = Price(
            .init(input: 1000, output: 2000),
            services: [
                .priority: PriceList(.init(input: 2000, output: 4000)),
                .flex: PriceList(.init(input: 500, output: 1000)),
                .ultrafast: PriceList(.init(input: 6000, output: 3000)),
            ])
        let body = #"{"model":"m","max_tokens":10}"#
        #expect(try self.estimate(body).most(ModelFacts(), price)?.cost == 1020)
        // 1000 × 6000 + 10 × 4000: nobody says which of the two.
        let soon = try self.estimate(body, unbounded: .services)
        #expect(soon.most(ModelFacts(), price)?.cost == 6040)
        #expect(soon.affordableOutput(6400, .cost, ModelFacts(), price) == 100)
        #expect(try self.estimate(body).affordableOutput(1200, .cost, ModelFacts(), price) == 100)
    }

    @Test func whatIsSoldByThePieceIsHeld() throws {
        // $0.04 an image and $0.001 a request, no tokens.
        let image = Price(.init(input: 0, output: 0, units: [.imageOutput: 40_000_000_000, .request: 1_000_000_000]))
        let three = try self.estimate(#"{"model":"m","prompt":"a cat","n":3}"#, endpoint: .imageGenerations)
        #expect(three.mostCost(ModelFacts(), image) == 121_000_000 && three.mostTokens(ModelFacts()) == nil)
        #expect(three.usually(ModelFacts(), image, .init(promptTokens: 9)).cost == 121_000_000)
        #expect(!image.isFree)
        let planner = HoldPlanner(
            needs: .costBudget, mode: .strict,
            places: [.init(facts: ModelFacts(), price: image, learned: .init(promptTokens: 9))], estimate: three)
        #expect(try planner.amounts() == CallAmounts(tokens: 0, cost: 121_000_000))
        let chat = try self.estimate(#"{"model":"m","max_tokens":10}"#)
        #expect(chat.mostCost(ModelFacts(), image) == 1_000_000)
        #expect(chat.affordableOutput(999_999, .cost, ModelFacts(), image) == -1)
        #expect(chat.affordableOutput(1_000_000, .cost, ModelFacts(), image) == .max)
    }

    @Test func searchesAreAsManyAsTheToolsAllow() throws {
        // $0.01 a search.
        let price = Price(.init(input: 1000, output: 1000, units: [.query: 10_000_000_000]))
        func cost(_ tools: String, _ unbounded: UnboundedParts = .prompt) throws -> Int64? {
            try self.estimate(#"{"model":"m","max_tokens":0,"tools":\#(tools)}"#, unbounded: unbounded)
                .mostCost(ModelFacts(contextWindow: 1000, maximumOutput: 1000), price)
        }
        #expect(try cost("[]") == 2000)
        #expect(try cost(#"[{"type":"function","max_uses":9}]"#) == 2000)
        #expect(try cost(#"[{"type":"web_search_20250305","max_uses":3},{"type":"function"}]"#) == 30_002_000)
        #expect(try cost(#"[{"type":"web_search_20250305","max_uses":3,"max_uses":5}]"#) == 50_002_000)
        for open in [
            #"[{"type":"web_search_20250305"}]"#, #"[{"type":"web_search","max_uses":-1}]"#,
            #"[{"type":"web_search","max_uses":"3"}]"#, #"[{"type":"web_search","max_uses":null,"max_uses":3}]"#, "{}",
        ] {
            #expect(try cost(open) == nil, "\(open)")
        }
        #expect(try cost("[]", [.prompt, .searches]) == nil)
        // A model that always searches does it once more, at the dearest size.
        let always = Price(.init(input: 0, output: 0, units: [.queryLow: 5_000_000_000, .queryHigh: 12_000_000_000]))
        let chat = try self.estimate(#"{"model":"m","max_tokens":5}"#)
        #expect(chat.mostCost(ModelFacts(), always) == 12_000_000)
        let same = Price(
            .init(input: 0, output: 0, units: [.queryLow: 7_000, .query: 7_000, .queryHigh: 7_000]))
        #expect(chat.mostCost(ModelFacts(), same) == 0)
        // What it finds nobody bounds, where it takes money for that.
        let research = Price(.init(input: 1000, output: 1000, citation: 1))
        #expect(chat.mostCost(ModelFacts(), research) == nil)
        // As long as audio may be.
        let heard = Price(.init(input: 0, output: 0, units: [.audioInput: 1]))
        #expect(chat.mostCost(ModelFacts(), heard) == 0)
        #expect(try self.estimate(#"{"model":"m"}"#, unbounded: .prompt).mostCost(self.known, heard) == nil)
    }

    @Test func whatIsAffordable() throws {
        var estimate = try self.estimate(#"{"model":"m","n":2}"#)
        // The prompt takes 1000 × 10 µ$ = $0.01.
        for (remaining, output) in [(10_000_000, 0), (9_999_999, -1), (40_000_000, 100), (40_299_999, 100)]
            as [(Int64, Int64)]
        {
            #expect(estimate.affordableOutput(remaining, .cost, ModelFacts(), Self.price) == output)
        }
        #expect(estimate.affordableOutput(1201, .tokens, ModelFacts(), nil) == 100)
        #expect(estimate.affordableOutput(999, .tokens, ModelFacts(), nil) == -1)
        #expect(estimate.affordableOutput(0, .cost, ModelFacts(), .free) == .max)
        #expect(estimate.affordableOutput(5, .requests, ModelFacts(), nil) == nil)
        // What is affordable is not more than what remains, at any sum.
        for remaining in stride(from: Int64(10_000_000), to: 900_000_000, by: 7_777_777) {
            let output = try #require(estimate.affordableOutput(remaining, .cost, ModelFacts(), Self.price))
            estimate.outputLimit = output
            #expect(try #require(estimate.most(ModelFacts(), Self.price)).cost <= remaining)
            estimate.outputLimit = output + 1
            #expect(try #require(estimate.most(ModelFacts(), Self.price)).cost > remaining)
            estimate.outputLimit = nil
        }
    }

    @Test func whatIsUsual() throws {
        let open = try self.estimate(#"{"model":"m"}"#)
        let capped = try self.estimate(#"{"model":"m","max_tokens":20,"n":2}"#)
        let learned = CallEstimate.Learned(promptTokens: 250, output: 50)
        #expect(open.usually(self.known, Self.price, learned) == CallAmounts(tokens: 300, cost: 10_000_000))
        #expect(capped.usually(self.known, nil, learned) == CallAmounts(tokens: 290, cost: 0))
        // Until something was learned: the catalogue, or the documented maximum.
        let fresh = CallEstimate.Learned(promptTokens: 250)
        #expect(open.usually(self.known, nil, fresh).tokens == 2250)
        #expect(open.usually(ModelFacts(), nil, fresh).tokens == 250 + 4096)
        #expect(open.forWindow(self.known, fresh) == 250 + CallEstimate.unlearnedOutput)
        #expect(open.forWindow(self.known, learned) == 300 && capped.forWindow(self.known, learned) == 290)
        #expect(open.forWindow(ModelFacts(contextWindow: 100), learned) == 150)
    }

    // MARK: Holds

    private func planner(
        _ kinds: [LimitKind], body: String = #"{"model":"m"}"#, mode: BudgetMode = .strict,
        _ places: [(ModelFacts, Price?)], unbounded: UnboundedParts = []
    ) throws -> HoldPlanner {
        HoldPlanner(
            needs: .init(mask: kinds.reduce(0) { $0 | 1 << UInt16($1.rawValue) }), mode: mode,
            places: places.map { .init(facts: $0.0, price: $0.1, learned: .init(promptTokens: 250, output: 50)) },
            estimate: try self.estimate(body, unbounded: unbounded))
    }

    private func refusal(_ kind: LimitKind, _ remaining: Int64) -> LimitRefusal {
        LimitRefusal(scope: .key, kind: kind, limit: 0, used: 0, held: 0, remaining: remaining, retryAfter: nil)
    }

    @Test func onlyWhatIsLimitedIsHeld() throws {
        let place = (self.known, Optional(Self.price))
        #expect(try self.planner([.requestsPerMinute, .concurrency], [place]).needs.isEmpty)
        #expect(try self.planner([.tokensPerMinute], [place]).amounts() == CallAmounts(tokens: 300, cost: 0))
        #expect(try self.planner([.tokensPerDay], mode: .estimate, [place]).amounts().tokens == 300)
        #expect(try self.planner([.monthlyTokens], [place]).amounts() == CallAmounts(tokens: 3000, cost: 0))
        #expect(try self.planner([.totalCost], [place]).amounts() == CallAmounts(tokens: 0, cost: 310_000_000))
        #expect(
            try self.planner([.totalCost, .tokensPerMinute], [place]).amounts()
                == CallAmounts(tokens: 300, cost: 310_000_000))
        #expect(
            try self.planner([.dailyCost, .dailyTokens], mode: .estimate, [place]).amounts()
                == CallAmounts(tokens: 300, cost: 10_000_000))
    }

    @Test func allTargetsAreCovered() throws {
        let places = [(self.known, Optional(Self.price)), (ModelFacts(maximumOutput: 9000), Optional(Price.free))]
        #expect(
            try self.planner([.totalCost, .totalTokens], places).amounts()
                == CallAmounts(tokens: 10_000, cost: 310_000_000))
        #expect(try self.planner([.totalCost], places).amounts(at: 1).cost == 0)
    }

    @Test func whatNothingBoundsIsRefused() throws {
        let unknown = (ModelFacts(), Optional(Self.price))
        #expect(throws: GatewayError.unboundedPrompt) {
            try self.planner([.totalCost], [unknown], unbounded: .prompt).amounts()
        }
        // It costs nothing, nobody knows what it costs, or it is only a guess anyhow.
        for price in [Price.free, nil] {
            #expect(try self.planner([.totalCost], [(ModelFacts(), price)], unbounded: .prompt).amounts().cost == 0)
            #expect(throws: GatewayError.unboundedPrompt) {
                try self.planner([.totalTokens], [(ModelFacts(), price)], unbounded: .prompt).amounts()
            }
        }
        #expect(try self.planner([.totalCost], mode: .estimate, [unknown], unbounded: .prompt).amounts().cost > 0)
    }

    /// The planner after it has cut; nil where it does not.
    private func cut(_ planner: HoldPlanner, _ kind: LimitKind, _ remaining: Int64) -> HoldPlanner? {
        var planner = planner
        return planner.cut(self.refusal(kind, remaining)) ? planner : nil
    }

    @Test func outputIsCutToTheBudget() throws {
        let place = (self.known, Optional(Self.price))
        let planner = try self.planner([.totalCost], [place])
        let once = try #require(self.cut(planner, .totalCost, 40_000_000))
        #expect(once.estimate.outputLimit == 200)
        #expect(try once.amounts().cost == 40_000_000 && once.insertedOutput(at: 0) == 200)
        // Somebody else was faster.
        let twice = try #require(self.cut(once, .totalCost, 25_000_000))
        #expect(twice.estimate.outputLimit == 100)
        // 64 tokens are a reply, 63 are none; unless that is all that is wanted.
        #expect(self.cut(twice, .totalCost, 19_600_000)?.estimate.outputLimit == 64)
        #expect(self.cut(twice, .totalCost, 19_599_999) == nil && self.cut(twice, .totalCost, 0) == nil)
        let short = try self.planner([.totalCost], body: #"{"model":"m","max_tokens":30}"#, [place])
        #expect(self.cut(short, .totalCost, 14_000_000) == nil)
        // There is room again: what was asked for is tried again as it was.
        let again = try #require(self.cut(short, .totalCost, 14_500_000))
        #expect(again.estimate.outputLimit == nil)
    }

    @Test func noTargetIsToldMoreThanItCanProduce() throws {
        let planner = try self.planner(
            [.totalCost],
            [(self.known, Optional(Self.price)), (ModelFacts(maximumOutput: 100_000), Optional(Self.price))])
        let cut = try #require(self.cut(planner, .totalCost, 610_000_000))
        #expect(cut.estimate.outputLimit == 4000)
        #expect(cut.insertedOutput(at: 0) == 2000 && cut.insertedOutput(at: 1) == 4000)
        #expect(try cut.amounts(at: 0).cost == 310_000_000)
    }

    @Test func outputIsNotCutForOtherReasons() throws {
        let place = (self.known, Optional(Self.price))
        let planner = try self.planner([.totalCost, .tokensPerMinute], [place])
        #expect(self.cut(planner, .requestsPerMinute, 100) == nil && self.cut(planner, .concurrency, 100) == nil)
        #expect(self.cut(planner, .tokensPerMinute, 5000) == nil)
        let estimate = try self.planner([.totalCost], mode: .estimate, [place])
        #expect(self.cut(estimate, .totalCost, 40_000_000) == nil && estimate.insertedOutput(at: 0) == nil)
        let other = try self.planner([.totalCost], [place], unbounded: .output)
        #expect(self.cut(other, .totalCost, 40_000_000) == nil)
        // Where tokens are held as they are bounded, a window counts them so, too.
        let tokens = try self.planner([.totalTokens, .tokensPerMinute], [place])
        #expect(self.cut(tokens, .tokensPerMinute, 1500)?.estimate.outputLimit == 500)
    }

    @Test func theNarrowestTargetDecides() throws {
        let planner = try self.planner(
            [.totalCost],
            [
                (self.known, Self.price), (ModelFacts(), Price(.init(input: 10_000_000, output: 300_000_000))),
                (ModelFacts(), .free), (ModelFacts(), nil),
            ])
        #expect(planner.insertedOutput(at: 0) == nil && planner.insertedOutput(at: 1) == 4096)
        let cut = try #require(self.cut(planner, .totalCost, 40_000_000))
        #expect((0..<4).map { cut.insertedOutput(at: $0) } == [100, 100, nil, nil])
    }
}
