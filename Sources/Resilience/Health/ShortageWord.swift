/// Whether a process has requests waiting for a provider and fewer than its part of the places there, in one word: {until 42}. It is
/// said again as long as it is so.
///
/// Pure; milliseconds of the table's clock.
public struct ShortageWord: Hashable, Sendable {
    /// Milliseconds for which it holds: three tries of who is short.
    public static let duration: UInt64 = 15

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    public func holds(at now: UInt64) -> Bool {
        guard self.raw != 0 else { return false }
        let rest = WordTime.rest(until: self.raw.field(at: 0, bits: WordTime.bits), at: now)
        // Longer was written by somebody else, or before the clock was set back.
        return rest > 0 && rest <= Self.duration
    }

    public static func said(at now: UInt64) -> ShortageWord {
        ShortageWord(raw: max(1, WordTime.moment(self.duration, after: now)))
    }
}
