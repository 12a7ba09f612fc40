import Domain
import Foundation
import Synchronization
import Testing

@testable import Limits

/// Several owners, each with a mapping of its own, at the same keys at the same time.
@Suite(.serialized) struct ConcurrencyTests {
    /// Runs `body` on `count` threads with an owner each, all at once.
    private static func race(
        _ fixture: LimitFixture, _ count: Int, _ body: @escaping @Sendable (LimitOwner, Int) -> Void
    ) {
        let path = fixture.path
        let waiting = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: count) { number in
            guard let table = try? LimitTable.open(path, .writing, boot: LimitFixture.boot) else { return }
            let owner = LimitOwner(table)
            guard owner.join(UInt32(100 + number)) != nil else { return }
            // The machine may run fewer threads than these at a time; nobody waits for all of them for ever.
            waiting.add(1, ordering: .relaxed)
            var spins = 0
            while waiting.load(ordering: .relaxed) < count, spins < 1_000_000 { spins += 1 }
            body(owner, number)
        }
    }

    @Test func exactlyTheLimitIsAdmittedInEachRound() throws {
        let fixture = try LimitFixture(places: 9)
        for round in 0..<40 {
            let admitted = Atomic<Int>(0)
            let time = fixture.time
            let entries = [
                fixture.entry(.project, UInt64(round), [.requestsPerMinute: 1_000]),
                fixture.entry(.key, UInt64(round), [.requestsPerHour: 100]),
            ]
            Self.race(fixture, 8) { owner, number in
                for request in 0..<50 {
                    let verdict = owner.admit(
                        LimitDemand(entries: entries, tokens: 10, cost: 10),
                        record: RecordID(high: UInt64(number), low: UInt64(request)), at: time)
                    guard let hold = verdict.hold else { continue }
                    admitted.add(1, ordering: .relaxed)
                    owner.settle(hold, entries, tokens: 7, cost: 3, softPercent: 80, at: time)
                }
                owner.leave()
            }
            #expect(admitted.load(ordering: .relaxed) == 100, "round \(round)")
            for entry in entries {
                #expect(fixture.line(entry, .requestsPerMinute)?.used == 100)
                #expect(fixture.line(entry, .totalTokens)?.used == 700)
                #expect(fixture.line(entry, .totalCost)?.used == 300)
                #expect(fixture.line(entry, .concurrency)?.held == 0)
                #expect(fixture.line(entry, .totalTokens)?.held == 0)
            }
        }
        #expect(fixture.reader.room().usedPlaces == 1)
    }

    @Test func twoLimitsThatBindTogetherAreNeverOver() throws {
        let fixture = try LimitFixture(places: 9)
        var under = 0
        for round in 0..<40 {
            let admitted = Atomic<Int>(0)
            let time = fixture.time
            let entries = [
                fixture.entry(.project, UInt64(round), [.requestsPerMinute: 50, .totalCost: 500]),
                fixture.entry(.key, UInt64(round), [.requestsPerHour: 50]),
            ]
            Self.race(fixture, 8) { owner, number in
                // Half of them in the other order.
                let mine = number % 2 == 0 ? entries : entries.reversed()
                for request in 0..<20 {
                    let verdict = owner.admit(
                        LimitDemand(entries: mine, cost: 10),
                        record: RecordID(high: UInt64(number), low: UInt64(request)), at: time)
                    guard let hold = verdict.hold else { continue }
                    admitted.add(1, ordering: .relaxed)
                    owner.settle(hold, mine, tokens: 0, cost: 10, softPercent: 0, at: time)
                }
                owner.leave()
            }
            let count = admitted.load(ordering: .relaxed)
            #expect(count <= 50 && count >= 49, "round \(round): \(count)")
            under += 50 - count
            for entry in entries {
                #expect(fixture.line(entry, .requestsPerMinute)?.used == Int64(count), "what was undone is gone")
                #expect(fixture.line(entry, .totalCost)?.used == Int64(count * 10))
                #expect(fixture.line(entry, .concurrency)?.held == 0)
            }
        }
        #expect(under < 40)
    }

    @Test func aKeyThatAllEnterAtOnceIsEnteredOnce() throws {
        // All slots hold idle keys, so each new key takes another's slot, and one that is wanted by all may find several.
        let fixture = try LimitFixture(slots: 256, places: 9)
        for number in 1...600 { _ = fixture.request([fixture.entry(.user, UInt64(number))]) }
        #expect(fixture.reader.room().usedSlots == 192)
        for round in 0..<30 {
            fixture.now += 3 * WindowMoment.day
            let time = fixture.time
            let entry = fixture.entry(.key, UInt64(round))
            let admitted = Atomic<Int64>(0)
            Self.race(fixture, 8) { owner, number in
                for request in 0..<18 {
                    let own = EntityID(high: UInt64(number + 1) << 32, low: UInt64(round * 20 + request))
                    let other = LimitDemand.Entry(
                        key: LimitKey(.user, own), scope: .user, limits: LimitSet(), periods: LimitFixture.periods)
                    let all = request % 2 == 0 ? [other, entry] : [entry, other]
                    let verdict = owner.admit(
                        LimitDemand(entries: all), record: RecordID(high: 1, low: 1), at: time)
                    guard let hold = verdict.hold else { continue }
                    admitted.add(1, ordering: .relaxed)
                    owner.settle(hold, all, tokens: 0, cost: 0, softPercent: 0, at: time)
                }
                owner.leave()
            }
            let count = admitted.load(ordering: .relaxed)
            #expect(count > 50)
            #expect(fixture.line(entry, .requestsPerMinute)?.used == count, "round \(round)")
            let image = fixture.owner.store.image(0)
            let found = (0..<256).count { index in
                let word = fixture.table.mapping.slot(index)
                return word.isEstablished && fixture.table.mapping.read(cell: word.cell, into: image)
                    && image.isOf(entry.key)
            }
            #expect(found == 1)
        }
    }
}
