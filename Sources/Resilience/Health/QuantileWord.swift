/// In which time most calls have had their first token, in one word: estimates of the 50th, 90th, 95th and 99th percentile, 16 bits
/// each, as logarithms.
///
/// Each call moves each estimate a little: up by its percentage where it took longer, down by what is missing to 100 where it did
/// not. Where the two balance, so many percent are below.
public struct QuantileWord: Hashable, Sendable {
    public static let percents: [UInt8] = [50, 90, 95, 99]

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    /// Microseconds as a logarithm: 64 octaves of 1024 parts each.
    static func logarithm(_ microseconds: UInt64) -> UInt64 {
        let value = max(1, microseconds)
        let octave = UInt64(63 - value.leadingZeroBitCount)
        let part = octave >= 10 ? value >> (octave - 10) : value << (10 - octave)
        return octave << 10 | part & 1023
    }

    static func microseconds(_ logarithm: UInt64) -> UInt64 {
        let octave = logarithm >> 10 & 63
        let part = logarithm & 1023 | 1024
        return octave >= 10 ? part << (octave - 10) : part >> (10 - octave)
    }

    /// After a call whose first token took so long, or that was given up after that time. While there were few `calls` the
    /// estimates go down faster: the first call is often slow.
    public func counted(_ microseconds: UInt64, calls: UInt64) -> QuantileWord {
        let sample = Self.logarithm(microseconds)
        guard self.raw != 0 else {
            return QuantileWord(raw: sample | sample << 16 | sample << 32 | sample << 48)
        }
        let pace: UInt64 = calls < Self.fewCalls ? 8 : 1
        return QuantileWord(
            raw: self.moved(0, 50, sample, pace) | self.moved(16, 90, sample, pace)
                | self.moved(32, 95, sample, pace) | self.moved(48, 99, sample, pace))
    }

    private static let fewCalls: UInt64 = 64

    @inline(__always)
    private func moved(_ place: UInt64, _ percent: UInt64, _ sample: UInt64, _ pace: UInt64) -> UInt64 {
        let old = self.raw.field(at: place, bits: 16)
        // Whole steps, past the sample too: others would not balance.
        let new = sample > old ? min(old + percent, 0xFFFF) : old - min(old, (100 - percent) * pace)
        return new << place
    }

    /// Microseconds in which `percent` of the calls, or some more, have had their first token.
    public func time(percent: UInt8) -> UInt64? {
        guard self.raw != 0 else { return nil }
        let index = Self.percents.firstIndex { $0 >= percent } ?? Self.percents.count - 1
        // A lower percentile may be ahead of a higher one that still climbs.
        return (0...index).map { Self.microseconds(self.raw.field(at: UInt64($0) * 16, bits: 16)) }.max()
    }
}
