/// The time to the first token of late, in one word: {mean in µs 32 | second of the last 24 | calls 8}.
///
/// An exponential mean of which each call is an eighth. What nobody has called for a minute is not known any more.
public struct LatencyWord: Hashable, Sendable {
    /// Milliseconds after which it is forgotten.
    public static let memory: UInt64 = 60_000

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private var microseconds: UInt64 { self.raw.field(at: 0, bits: 32) }

    /// Calls that were counted, at most 255.
    public var calls: UInt64 { self.raw.field(at: 56, bits: 8) }

    private func isKnown(at now: UInt64) -> Bool {
        let age = (now / 1_000 &- self.raw.field(at: 32, bits: 24)) & (1 << 24 - 1)
        // A second ahead is another process's.
        return self.calls > 0 && (age <= Self.memory / 1_000 || age == 1 << 24 - 1)
    }

    /// Microseconds; nil where nothing is known.
    public func mean(at now: UInt64) -> UInt64? { self.isKnown(at: now) ? self.microseconds : nil }

    /// After a call whose first token took so long.
    public func counted(_ microseconds: UInt64, at now: UInt64) -> LatencyWord {
        let sample = min(microseconds, 1 << 32 - 1)
        let old = self.microseconds
        let isKnown = self.isKnown(at: now)
        var mean = sample
        if isKnown { mean = sample >= old ? old + (sample - old + 4) / 8 : old - (old - sample + 4) / 8 }
        return LatencyWord(
            raw: (now / 1_000 & (1 << 24 - 1)) << 32 | mean | min(isKnown ? self.calls + 1 : 1, 255) << 56)
    }
}
