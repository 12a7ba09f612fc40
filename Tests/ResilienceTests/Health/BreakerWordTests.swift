import Domain
import TestSupport
import Testing

@testable import Resilience

@Suite struct BreakerWordTests {
    private let settings = BreakerSettings(failures: 3, errorRate: 50, open: 1_000, longestOpen: 4_000)

    /// Some time of day, and one just before the words' clock wraps around.
    static let times: [UInt64] = [1_800_000_000_000, (1 << 42) - 1_500, 0]

    private func opened(at now: UInt64) -> BreakerWord {
        var word = BreakerWord()
        for _ in 0..<3 { word = word.failed(nil, isTooMany: false, at: now, self.settings) }
        return word
    }

    @Test(arguments: times)
    func failuresInARowOpenIt(_ now: UInt64) {
        var word = BreakerWord()
        #expect(word.standing(at: now) == .closed && word.probed(at: now) == nil)
        for _ in 0..<2 { word = word.failed(nil, isTooMany: false, at: now, self.settings) }
        #expect(word.isClosed && word.failuresInARow == 2)
        #expect(word.succeeded(nil) == BreakerWord())
        word = word.failed(nil, isTooMany: false, at: now, self.settings)
        #expect(word.standing(at: now) == .open(1_000))
        #expect(word.wait(at: now &+ 999) == 1 && word.probed(at: now &+ 999) == nil)
        #expect(word.standing(at: now &+ 1_000) == .due)
        // What had begun before changes nothing.
        #expect(word.succeeded(nil) == word)
        #expect(word.failed(nil, isTooMany: true, at: now, self.settings) == word)
    }

    @Test func aRateOpensItAtOnce() {
        let word = BreakerWord().failed(nil, isTooMany: true, at: 5, self.settings)
        #expect(word.standing(at: 5) == .open(1_000))
    }

    @Test(arguments: times)
    func oneProbes(_ now: UInt64) throws {
        let word = self.opened(at: now)
        let then = now &+ 1_000
        let (probing, leave) = try #require(word.probed(at: then))
        #expect(probing.probed(at: then) == nil)
        #expect(probing.standing(at: then) == .probing(BreakerWord.probeTime))
        // Whoever waits for the result looks again soon.
        #expect(probing.wait(at: then) == BreakerWord.probeResult)
        #expect(probing.wait(at: then &+ BreakerWord.probeTime - 7) == 7)
        #expect(probing.succeeded(leave) == BreakerWord())
        #expect(probing.succeeded(nil) == probing)
        let again = probing.failed(leave, isTooMany: false, at: then, self.settings)
        #expect(again.standing(at: then) == .open(2_000))
        #expect(probing.failed(nil, isTooMany: true, at: then, self.settings) == probing)
        #expect(probing.released(leave, at: then).standing(at: then) == .due)
        #expect(probing.released(nil, at: then) == probing)
    }

    @Test func itsTimeDoublesUpToTheLongest() throws {
        var (word, now) = (self.opened(at: 0), UInt64(1_000))
        for expected: UInt64 in [2_000, 4_000, 4_000, 4_000] {
            let (probing, leave) = try #require(word.probed(at: now))
            word = probing.failed(leave, isTooMany: false, at: now, self.settings)
            #expect(word.standing(at: now) == .open(expected))
            now += expected
        }
        // Once it was closed it begins anew.
        let (probing, leave) = try #require(word.probed(at: now))
        #expect(probing.succeeded(leave).raw == 0)
    }

    @Test(arguments: times)
    func theLeaveOfWhoIsGoneLapses(_ now: UInt64) throws {
        let (first, lost) = try #require(self.opened(at: now).probed(at: now &+ 1_000))
        let later = now &+ 1_000 &+ BreakerWord.probeTime
        #expect(first.probed(at: later &- 1) == nil)
        let (second, leave) = try #require(first.probed(at: later))
        // He was only slow: his result is not that of the probe that runs now.
        #expect(second.succeeded(lost) == second)
        #expect(second.failed(lost, isTooMany: false, at: later, self.settings) == second)
        #expect(second.succeeded(leave).isClosed)
    }

    @Test func whatIsSwitchedOffNeverOpens() {
        var word = BreakerWord()
        for _ in 0..<10_000 { word = word.failed(nil, isTooMany: false, at: 1, .off) }
        #expect(word.isClosed)
    }

    /// Words that nobody has written, and clocks that go back: nothing traps, and nobody waits for more than a day.
    @Test func anyWordIsHarmless() {
        var random = SplitMix(seed: 11)
        for _ in 0..<100_000 {
            let (word, now) = (BreakerWord(raw: random.next()), random.next())
            let wait = word.wait(at: now)
            let probed = word.probed(at: now)
            var isGood = wait <= 86_400_000 && (probed != nil) == (!word.isClosed && wait == 0)
            for leave in [probed?.leave, nil] {
                for next in [
                    word.succeeded(leave), word.released(leave, at: now),
                    word.failed(leave, isTooMany: random.next() & 1 == 0, at: now, self.settings),
                ] {
                    if next.wait(at: now) > 86_400_000 { isGood = false }
                }
            }
            if !isGood { Issue.record("\(word.raw) at \(now)") }
        }
    }

    /// Many callers at one word: no call while it is open and not over, one probe at a time, at most one leave each 30 s where
    /// probers vanish, and a provider that works again is always found out.
    @Test func randomRuns() {
        var random = SplitMix(seed: 12)
        for run in 0..<100_000 {
            var word = BreakerWord()
            var now = random.next() & (1 << 43 - 1)
            var probe: (leave: BreakerWord.Leave, since: UInt64)?
            var openUntil: UInt64?
            var others = 0
            for _ in 0..<24 {
                now &+= random.next() % 700
                switch random.next() % 8 {
                case 0, 1, 2:
                    if let taken = word.probed(at: now) {
                        if let openUntil, now < openUntil { Issue.record("run \(run): too early") }
                        if let probe, now - probe.since < BreakerWord.probeTime {
                            Issue.record("run \(run): two probes")
                        }
                        probe = (taken.leave, now)
                        word = taken.word
                    } else if word.isClosed {
                        others += 1
                    }
                case 3 where others > 0, 4 where others > 0:
                    others -= 1
                    let before = word
                    word = word.failed(nil, isTooMany: random.next() % 16 == 0, at: now, self.settings)
                    if !before.isClosed, word != before { Issue.record("run \(run): a late failure") }
                    if before.isClosed, case .open(let wait) = word.standing(at: now) { openUntil = now &+ wait }
                case 5:
                    guard let (leave, _) = probe else { continue }
                    probe = nil
                    word = word.failed(leave, isTooMany: false, at: now, self.settings)
                    if case .open(let wait) = word.standing(at: now) { openUntil = now &+ wait }
                case 6:
                    guard let (leave, _) = probe else { continue }
                    probe = nil
                    let before = word
                    word = word.succeeded(leave)
                    if !before.isClosed, !word.isClosed, before.standing(at: now) != .due {
                        // His leave had lapsed, and another probes.
                        if case .probing = before.standing(at: now) {} else { Issue.record("run \(run): still open") }
                    }
                    openUntil = nil
                default:
                    now &+= random.next() % 5_000
                }
                if word.isClosed { openUntil = nil }
            }
        }
    }
}
