import TestSupport
import Testing

@testable import Domain

@Suite struct DecisionTrailTests {
    private static func place(_ provider: String, _ model: String) -> DecisionTrail.Place {
        DecisionTrail.Place(provider: Array(provider.utf8), model: Array(model.utf8))
    }

    private static func random(_ random: inout SplitMix) -> DecisionTrail {
        func number() -> UInt32 { UInt32(truncatingIfNeeded: random.next() >> (32 + random.next() % 32)) }
        func text(_ maximum: Int) -> [UInt8] {
            (0..<Int(random.next() % UInt64(maximum + 1))).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        func amount() -> Int64 { Int64(random.next() >> (1 + random.next() % 63)) }
        func one<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
        func place() -> DecisionTrail.Place {
            let price = DecisionTrail.Price(input: amount(), output: amount(), cost: one([nil, amount()]))
            return DecisionTrail.Place(provider: text(20), model: text(30), price: one([nil, price]))
        }
        func count(_ maximum: UInt64) -> Range<Int> { 0..<Int(random.next() % (maximum + 1)) }
        let limits = count(12).map { _ in
            CheckedLimit(
                scope: one(LimitScope.allCases), kind: one(LimitKind.allCases), word: one(CheckedLimit.Word.allCases),
                limit: amount(), used: amount(), held: amount(), reset: one([nil, number(), .max]))
        }
        var admission = AdmissionTrail(
            authenticated: number(), isCallerKnown: one([false, true]), verdict: one(AdmissionTrail.Verdict.allCases),
            duration: number(), limits: limits, moreLimits: limits.isEmpty ? 0 : number())
        if !limits.isEmpty { (admission.tokens, admission.cost) = (amount(), amount()) }
        let steps = count(UInt64(TrailStep.maximumCount)).map { _ in
            TrailStep(
                TrailStep.Kind.allCases[Int(random.next() % UInt64(TrailStep.Kind.allCases.count))],
                call: UInt8(truncatingIfNeeded: random.next()), detail: number(), at: number())
        }
        if one([true, false, false]) {
            return DecisionTrail(admission: one([nil, admission]), planning: number())
        }
        return DecisionTrail(
            admission: one([nil, admission]), alias: text(40), strategy: one(RoutePolicy.Strategy.allCases),
            tier: one([nil, .fast, .deep]), planning: number(),
            targets: count(10).map { _ in place() }, moreTargets: number(),
            leftOut: count(8).map { _ in
                DecisionTrail.LeftOut(
                    place(), DecisionTrail.Reason.allCases[Int(random.next() % 3)])
            }, moreLeftOut: number(), steps: steps)
    }

    @Test func whatIsPackedComesBack() throws {
        var random = SplitMix(seed: 11)
        for _ in 0..<3000 {
            let trail = Self.random(&random)
            let bytes = trail.packed()
            guard !trail.isPlain || trail.admission != nil else {
                #expect(bytes == [])
                continue
            }
            #expect(bytes.count <= DecisionTrail.maximumSize)
            var kept = trail
            // Of a plain one there is only how it was let in.
            if trail.isPlain { kept = DecisionTrail(admission: trail.admission, planning: trail.planning) }
            #expect(DecisionTrail(packed: bytes) == kept)
        }
    }

    /// As the version before has written them.
    @Test func olderOnesAreRead() throws {
        let targets: [UInt8] = [2, 1, 0x61, 2, 0x6D, 0x31, 1, 0x62, 2, 0x6D, 0x32, 0]
        let rest: [UInt8] = [1, 3, 1, 0x63, 1, 0x78, 4, 2, 1, 0, 1, 0x90, 0x03, 9, 1, 0x91, 0x04, 0xE8, 0x07]
        let trail = try #require(DecisionTrail(packed: [1, 0, 1, 0xAC, 0x02, 2, 0x61, 0x62] + targets + rest))
        #expect(
            trail
                == DecisionTrail(
                    alias: Array("ab".utf8), strategy: .ordered, tier: Tier(rawValue: 1), planning: 300,
                    targets: [Self.place("a", "m1"), Self.place("b", "m2")],
                    leftOut: [DecisionTrail.LeftOut(Self.place("c", "x"), .otherTier)], moreLeftOut: 4,
                    steps: [
                        TrailStep(.called, call: 0, detail: 1, at: 400),
                        TrailStep(.failed, call: 1, detail: 529, at: 1000),
                    ]))
        #expect(trail.admission == nil)
        // What is written now is not taken for one of those, nor they for what is written now.
        #expect(trail.packed()[0] == 2 && DecisionTrail(packed: trail.packed()) == trail)
    }

    @Test func howItWasLetInIsAlwaysKept() {
        let admission = AdmissionTrail(
            authenticated: 87, isCallerKnown: true, verdict: .admitted, duration: 3, tokens: 900, cost: 5)
        let bytes = DecisionTrail(admission: admission, planning: 12, targets: [Self.place("a", "b")]).packed()
        #expect(bytes.count == 5)
        var kept = admission
        // Without limits nobody asks what was to be held.
        (kept.tokens, kept.cost) = (0, 0)
        #expect(DecisionTrail(packed: bytes) == DecisionTrail(admission: kept, planning: 12))
        let most = AdmissionTrail(authenticated: .max, verdict: .refused, duration: .max)
        #expect(DecisionTrail(admission: most, planning: .max).packed().count == DecisionTrail.shortSize)
        // A refused request keeps where it would have gone.
        let refused = DecisionTrail(admission: AdmissionTrail(verdict: .refused), targets: [Self.place("a", "b")])
        #expect(DecisionTrail(packed: refused.packed()) == refused)
    }

    @Test func aPlainOneIsNotKept() {
        #expect(DecisionTrail(alias: [1], planning: 3, targets: [Self.place("a", "b")]).packed() == [])
        #expect(DecisionTrail(packed: []) == nil)
        #expect(!DecisionTrail(targets: [Self.place("a", "b"), Self.place("c", "d")]).packed().isEmpty)
        #expect(!DecisionTrail(tier: .deep, targets: [Self.place("a", "b")]).packed().isEmpty)
        #expect(!DecisionTrail(steps: [TrailStep(.shared, call: 0, at: 1)]).packed().isEmpty)
    }

    @Test func theLargestFits() throws {
        let long = String(repeating: "é", count: 400)
        let places = (0..<64).map { Self.place("\(long)\($0)", "\(long)\($0)") }
        let limits = (0..<112).map {
            CheckedLimit(
                scope: .key, kind: .totalCost, word: .warned, limit: .max, used: .max - Int64($0), held: .max,
                reset: .max)
        }
        let admission = AdmissionTrail(
            authenticated: .max, verdict: .refused, duration: .max, tokens: .max, cost: .max, limits: limits)
        let full = DecisionTrail(
            admission: admission, alias: Array(long.utf8), planning: .max, targets: places,
            leftOut: places.map { DecisionTrail.LeftOut($0, .allowList) },
            steps: (0..<200).map { TrailStep(.failed, call: .max, detail: .max, at: .max - UInt32($0)) })
        #expect(full.packed().count <= DecisionTrail.maximumSize)
        let allowed = try #require(DecisionTrail(packed: full.packed())?.admission)
        #expect(allowed.limits == Array(limits.prefix(30)) && allowed.moreLimits == 82)
        var trail = DecisionTrail(
            alias: Array(long.utf8), strategy: .leastBusy, tier: .deep, planning: .max, targets: places,
            leftOut: places.map { DecisionTrail.LeftOut($0, .allowList) }, moreLeftOut: 7,
            steps: (0..<200).map { TrailStep(.failed, call: .max, detail: .max, at: .max - UInt32($0)) })
        let bytes = trail.packed()
        #expect(bytes.count <= DecisionTrail.maximumSize)
        let back = try #require(DecisionTrail(packed: bytes))
        #expect(back.steps == Array(trail.steps.prefix(TrailStep.maximumCount)))
        #expect(back.targets.count == 3)
        #expect(back.moreTargets == 61)
        #expect(back.moreLeftOut == 71 - UInt32(back.leftOut.count))
        // Cut between characters.
        #expect(String(validating: back.alias, as: UTF8.self)?.count == 128)
        #expect(String(validating: back.targets[2].provider, as: UTF8.self)?.count == 32)
        trail.steps = []
        #expect(try #require(DecisionTrail(packed: trail.packed())).targets.count > 3)
        trail.moreTargets = .max
        #expect(DecisionTrail(packed: trail.packed())?.moreTargets == .max)
    }

    @Test func sixtyFourUsualTargetsAreAllKept() throws {
        let places = (0..<64).map { Self.place("openai", "gpt-4o-mini-\($0)") }
        #expect(try #require(DecisionTrail(packed: DecisionTrail(targets: places).packed())).targets == places)
    }

    @Test func anythingElseIsRefused() {
        var random = SplitMix(seed: 12)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = Self.random(&random).packed()
            guard !bytes.isEmpty else { continue }
            switch random.next() % 4 {
            case 0: bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count))))
            case 1: bytes.append(UInt8(truncatingIfNeeded: random.next()))
            default: bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            }
            // What is taken for a trail is written again as it was.
            if let trail = DecisionTrail(packed: bytes) { #expect(trail.packed() == bytes) } else { refused += 1 }
        }
        #expect(refused > 8000)
        #expect(DecisionTrail(packed: [UInt8](repeating: 1, count: DecisionTrail.maximumSize + 1)) == nil)
    }

    @Test func everyTruncationIsRefused() {
        var random = SplitMix(seed: 13)
        for _ in 0..<50 {
            let bytes = Self.random(&random).packed()
            for count in 0..<bytes.count { #expect(DecisionTrail(packed: Array(bytes[..<count])) == nil) }
        }
    }
}
