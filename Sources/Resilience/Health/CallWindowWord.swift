public import Domain

/// How many calls of late there were and how many of them failed, in one word: {half 20 | calls 11 | failed 11}, and 22 bits of the
/// half window before.
///
/// The window slides by halves. Numbers that grow too large are halved together, which leaves their ratio.
public struct CallWindowWord: Hashable, Sendable {
    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private static let most: UInt64 = 1 << 11 - 1
    /// More calls than the word can count are not waited for.
    private static let mostRequired: UInt64 = 2_000

    private init(half: UInt64, calls: UInt64, failed: UInt64, callsBefore: UInt64, failedBefore: UInt64) {
        self.raw = half << 44 | calls << 33 | failed << 22 | callsBefore << 11 | failedBefore
    }

    private var calls: UInt64 { self.raw.field(at: 33, bits: 11) }
    private var failed: UInt64 { self.raw.field(at: 22, bits: 11) }
    private var callsBefore: UInt64 { self.raw.field(at: 11, bits: 11) }
    private var failedBefore: UInt64 { self.raw.field(at: 0, bits: 11) }

    private static func half(_ now: UInt64, _ settings: BreakerSettings) -> UInt64 {
        now / max(1, settings.window / 2) & (1 << 20 - 1)
    }

    /// The same counts as they are at a moment.
    private func rolled(to half: UInt64) -> CallWindowWord {
        let mine = self.raw.field(at: 44, bits: 20)
        // Another process may be a moment ahead.
        if mine == half || mine == (half &+ 1) & (1 << 20 - 1) { return self }
        guard (mine &+ 1) & (1 << 20 - 1) == half else {
            return CallWindowWord(half: half, calls: 0, failed: 0, callsBefore: 0, failedBefore: 0)
        }
        return CallWindowWord(
            half: half, calls: 0, failed: 0, callsBefore: self.calls, failedBefore: self.failed)
    }

    /// After `calls` more, of which `failed` failed; a call that was counted already may fail later (0, 1).
    public func counted(
        calls: UInt64, failed: UInt64, at now: UInt64, _ settings: BreakerSettings
    ) -> CallWindowWord {
        let word = self.rolled(to: Self.half(now, settings))
        var (all, bad) = (word.calls &+ min(calls, 1), word.failed &+ min(failed, 1))
        if all > Self.most || bad > Self.most { (all, bad) = (all / 2, bad / 2) }
        return CallWindowWord(
            half: word.raw.field(at: 44, bits: 20), calls: all, failed: bad, callsBefore: word.callsBefore,
            failedBefore: word.failedBefore)
    }

    /// The calls of the window, and how many of them failed.
    public func counts(at now: UInt64, _ settings: BreakerSettings) -> (calls: UInt64, failed: UInt64) {
        let word = self.rolled(to: Self.half(now, settings))
        return (word.calls &+ word.callsBefore, word.failed &+ word.failedBefore)
    }

    /// Whether so many failed that a breaker opens.
    public func isTooMany(at now: UInt64, _ settings: BreakerSettings) -> Bool {
        guard settings.errorRate > 0 else { return false }
        let (calls, failed) = self.counts(at: now, settings)
        return calls > 0 && calls >= min(UInt64(settings.requests), Self.mostRequired)
            && failed &* 100 >= UInt64(settings.errorRate) &* calls
    }
}
