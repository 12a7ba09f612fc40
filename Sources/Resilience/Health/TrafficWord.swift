/// How many requests have called a provider of late, in one word: {slot of 5 s 16 | in it 24 | in the one before 24}.
public struct TrafficWord: Hashable, Sendable {
    static let slot: UInt64 = 5_000

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private func rolled(to slot: UInt64) -> TrafficWord {
        let mine = self.raw.field(at: 48, bits: 16)
        if mine == slot || mine == (slot &+ 1) & 0xFFFF { return self }
        guard (mine &+ 1) & 0xFFFF == slot else { return TrafficWord(raw: slot << 48) }
        return TrafficWord(raw: slot << 48 | self.raw.field(at: 24, bits: 24))
    }

    /// After one more.
    public func counted(at now: UInt64) -> TrafficWord {
        let word = self.rolled(to: now / Self.slot & 0xFFFF)
        return TrafficWord(raw: word.raw.with(word.raw.field(at: 24, bits: 24) + 1, at: 24, bits: 24))
    }

    /// Requests of the last 5 to 10 seconds.
    public func calls(at now: UInt64) -> UInt64 {
        let word = self.rolled(to: now / Self.slot & 0xFFFF)
        return word.raw.field(at: 24, bits: 24) + word.raw.field(at: 0, bits: 24)
    }
}
