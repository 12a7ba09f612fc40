/// How many further calls were made to a provider of late, in one word: {slot of 5 s 12 | retries 13 | hedges 13}, and 26 bits of the
/// slot before. What the traffic pays for is bounded by it.
public struct FurtherCallsWord: Hashable, Sendable {
    /// What may be taken in about 10 s however little traffic there is.
    public static let leastRetries: UInt64 = 10
    public static let leastHedges: UInt64 = 5
    /// Of the calls of the same time.
    static let retryPercent: UInt64 = 20
    static let hedgePercent: UInt64 = 10

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private static let slotMask: UInt64 = 1 << 12 - 1

    private func rolled(to slot: UInt64) -> FurtherCallsWord {
        let mine = self.raw.field(at: 52, bits: 12)
        if mine == slot || mine == (slot &+ 1) & Self.slotMask { return self }
        guard (mine &+ 1) & Self.slotMask == slot else { return FurtherCallsWord(raw: slot << 52) }
        return FurtherCallsWord(raw: slot << 52 | self.raw.field(at: 26, bits: 26))
    }

    private func taken(_ place: UInt64, _ most: UInt64, at now: UInt64) -> FurtherCallsWord? {
        let word = self.rolled(to: now / TrafficWord.slot & Self.slotMask)
        let count = word.raw.field(at: place + 26, bits: 13)
        guard count < 1 << 13 - 1, count + word.raw.field(at: place, bits: 13) < most else { return nil }
        return FurtherCallsWord(raw: word.raw.with(count + 1, at: place + 26, bits: 13))
    }

    /// After one more retry; nil where the traffic does not pay for it.
    public func retried(_ traffic: TrafficWord, at now: UInt64) -> FurtherCallsWord? {
        self.taken(13, max(Self.leastRetries, traffic.calls(at: now) * Self.retryPercent / 100), at: now)
    }

    /// After one more hedge; nil where the traffic does not pay for it.
    public func hedged(_ traffic: TrafficWord, at now: UInt64) -> FurtherCallsWord? {
        self.taken(0, max(Self.leastHedges, traffic.calls(at: now) * Self.hedgePercent / 100), at: now)
    }
}
