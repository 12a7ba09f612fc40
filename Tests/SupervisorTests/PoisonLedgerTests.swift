import Domain
import Testing

@testable import Supervisor

@Suite struct PoisonLedgerTests {
    private static func ledger(deaths: Int) -> PoisonLedger {
        var ledger = PoisonLedger()
        for instance in 0..<deaths { ledger.died(.edge, instance: UInt32(instance)) }
        return ledger
    }

    @Test func twoDeathsWithinTenMinutesMakePoison() {
        var ledger = Self.ledger(deaths: 2)
        let answer1 = ledger.answered(instance: 0, fingerprints: [1, 2], at: 1000)
        #expect(answer1 == [])
        let answer2 = ledger.answered(instance: 1, fingerprints: [2, 3], at: 2000)
        #expect(answer2 == [2])
        let quarantined = ledger.quarantined(at: 2000)
        #expect(quarantined.map(\.fingerprint) == [2])
        #expect(quarantined.map(\.milliseconds) == [PoisonLedger.span])
        #expect(ledger.open == [])
    }

    @Test func deathsTenMinutesApartMakeNone() {
        var ledger = Self.ledger(deaths: 2)
        let answer3 = ledger.answered(instance: 0, fingerprints: [1], at: 1000)
        #expect(answer3 == [])
        let answer4 = ledger.answered(instance: 1, fingerprints: [1], at: 1000 + PoisonLedger.span)
        #expect(answer4 == [])
    }

    @Test func twoEqualRequestsAtOneDeathAreOneSuspect() {
        var ledger = Self.ledger(deaths: 1)
        let answer5 = ledger.answered(instance: 0, fingerprints: [7, 7, 7], at: 1)
        #expect(answer5 == [])
    }

    @Test func aQuarantineEndsByItselfAndByAnOperator() {
        var ledger = Self.ledger(deaths: 4)
        for instance in 0..<2 { _ = ledger.answered(instance: UInt32(instance), fingerprints: [7, 8], at: 10) }
        #expect(ledger.quarantined(at: 10).count == 2)
        let wasCleared = ledger.clear(7, at: 11)
        let isClearedAgain = ledger.clear(7, at: 11)
        #expect(wasCleared && !isClearedAgain)
        #expect(ledger.quarantined(at: 11).map(\.fingerprint) == [8])
        #expect(ledger.quarantined(at: 10 + PoisonLedger.span).isEmpty)
        // One further death does not bring it back: it starts from nothing.
        let answer6 = ledger.answered(instance: 2, fingerprints: [7], at: 20)
        #expect(answer6 == [])
    }

    @Test func answersNobodyWaitsForCountForNothing() {
        var ledger = Self.ledger(deaths: 1)
        let answer7 = ledger.answered(instance: 0, fingerprints: [1], at: 1)
        #expect(answer7 == [])
        let answer8 = ledger.answered(instance: 0, fingerprints: [1], at: 2)
        #expect(answer8 == [])
        let answer9 = ledger.answered(instance: 99, fingerprints: [1], at: 3)
        #expect(answer9 == [])
        #expect(ledger.quarantined(at: 3).isEmpty)
    }

    @Test func isBounded() {
        var ledger = Self.ledger(deaths: PoisonLedger.maximumDeaths + 5)
        #expect(ledger.open.count == PoisonLedger.maximumDeaths)
        #expect(ledger.open.first?.instance == 5)
        for death in ledger.open {
            let first = UInt64(death.instance) * 1000
            _ = ledger.answered(instance: death.instance, fingerprints: Array(first..<(first + 1000)), at: first)
        }
        // The newest are kept: one of them is still known.
        ledger.died(.upstream, instance: 500)
        let answer10 = ledger.answered(instance: 500, fingerprints: [68 * 1000, 5 * 1000], at: 70_000)
        #expect(answer10 == [68 * 1000])
    }
}
