/// How long a key is not to be used because the provider said so, in one word: {until 42 | refusals in a row 4}.
///
/// A shorter time never replaces a longer one. Pure; milliseconds of the table's clock.
public struct CooldownWord: Hashable, Sendable {
    /// After a 429 that says nothing of when: doubled while they follow each other.
    public static let first: UInt64 = 1_000
    public static let longestUnsaid: UInt64 = 60_000

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private var until: UInt64 { self.raw.field(at: 0, bits: 42) }
    private var row: UInt64 { self.raw.field(at: 42, bits: 4) }

    /// Milliseconds for which the key is not to be used; 0 where it may be.
    @inline(__always)
    public func wait(at now: UInt64) -> UInt64 {
        self.raw == 0 ? 0 : WordTime.rest(until: self.until, at: now)
    }

    /// After a 429. `said` is for how long, where the provider said it.
    public func limited(for said: UInt64?, at now: UInt64) -> CooldownWord {
        var word = self
        // Several calls may get the same answer: they are one refusal.
        if self.wait(at: now) == 0 {
            word.raw = WordTime.moment(0, after: now).with(self.row + 1, at: 42, bits: 4)
        }
        let unsaid = WordTime.doubled(Self.first, steps: max(1, word.row) - 1, longest: Self.longestUnsaid)
        return word.resting(for: said.flatMap { $0 > 0 ? $0 : nil } ?? unsaid, at: now)
    }

    /// After a reply that says that there is nothing left for so long.
    public func resting(for wait: UInt64, at now: UInt64) -> CooldownWord {
        guard min(wait, WordTime.longest) > self.wait(at: now) else { return self }
        return CooldownWord(raw: self.raw.with(WordTime.moment(wait, after: now), at: 0, bits: 42))
    }

    /// After a call that went well.
    @inline(__always)
    public func succeeded(at now: UInt64) -> CooldownWord {
        self.raw == 0 || self.wait(at: now) > 0 ? self : CooldownWord()
    }
}
