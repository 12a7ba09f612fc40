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
        func place() -> DecisionTrail.Place { DecisionTrail.Place(provider: text(20), model: text(30)) }
        func count(_ maximum: UInt64) -> Range<Int> { 0..<Int(random.next() % (maximum + 1)) }
        let steps = count(UInt64(TrailStep.maximumCount)).map { _ in
            TrailStep(
                TrailStep.Kind.allCases[Int(random.next() % UInt64(TrailStep.Kind.allCases.count))],
                call: UInt8(truncatingIfNeeded: random.next()), detail: number(), at: number())
        }
        return DecisionTrail(
            alias: text(40), strategy: RoutePolicy.Strategy.allCases[Int(random.next() % 5)],
            tier: [nil, .fast, .deep][Int(random.next() % 3)], planning: number(),
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
            guard !trail.isPlain else {
                #expect(bytes == [])
                continue
            }
            #expect(bytes.count <= DecisionTrail.maximumSize)
            #expect(DecisionTrail(packed: bytes) == trail)
        }
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
