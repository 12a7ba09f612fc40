/// Whether the provider has refused a key, in one word: {next probe 42 | failed probes 4 | snapshot 14 | probing 1 | out 1}. 0 is a
/// key that was never refused.
///
/// A key that is out is tried again by one real request after a minute, then after twice as long …; and by all requests of another
/// version of the configuration. Pure; milliseconds of the table's clock.
public struct KeyOutWord: Hashable, Sendable {
    public static let firstProbe: UInt64 = 60_000
    public static let longestProbe: UInt64 = 900_000

    public enum Standing: Hashable, Sendable {
        case usable
        /// Not used until a probe, in so many milliseconds.
        case out(UInt64)
        /// The next call with it probes.
        case due
    }

    /// A probe's leave: what its result is told with.
    public struct Leave: Hashable, Sendable {
        let until: UInt64
    }

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private var until: UInt64 { self.raw.field(at: 0, bits: 42) }
    private var steps: UInt64 { self.raw.field(at: 42, bits: 4) }
    private var isProbing: Bool { self.raw.field(at: 60, bits: 1) == 1 }
    private var isOut: Bool { self.raw.field(at: 61, bits: 1) == 1 }

    private static func short(_ version: UInt64) -> UInt64 { version & (1 << 14 - 1) }

    private init(until: UInt64, steps: UInt64, version: UInt64, isProbing: Bool) {
        self.raw = (until & WordTime.mask | 1 << 61 | (isProbing ? 1 << 60 : 0))
            .with(steps, at: 42, bits: 4).with(Self.short(version), at: 46, bits: 14)
    }

    private func isOut(_ version: UInt64) -> Bool {
        self.isOut && self.raw.field(at: 46, bits: 14) == Self.short(version)
    }

    /// `version` is that of the configuration in force.
    @inline(__always)
    public func standing(_ version: UInt64, at now: UInt64) -> Standing {
        guard self.raw != 0, self.isOut(version) else { return .usable }
        let rest = WordTime.rest(until: self.until, at: now)
        return rest == 0 ? .due : .out(rest)
    }

    /// The word after a call takes leave to probe; nil where none needs or gets one.
    public func probed(_ version: UInt64, at now: UInt64) -> (word: KeyOutWord, leave: Leave)? {
        guard self.standing(version, at: now) == .due else { return nil }
        let until = WordTime.moment(BreakerWord.probeTime, after: now)
        return (
            KeyOutWord(until: until, steps: self.steps, version: version, isProbing: true), Leave(until: until)
        )
    }

    private func has(_ leave: Leave?) -> Bool { self.isOut && self.isProbing && leave?.until == self.until }

    /// After the provider refused the key.
    public func refused(_ leave: Leave?, _ version: UInt64, at now: UInt64) -> KeyOutWord {
        var steps: UInt64 = 0
        if self.isOut(version) {
            guard self.has(leave) else { return self }
            steps = min(self.steps + 1, 15)
        }
        let wait = WordTime.doubled(Self.firstProbe, steps: steps, longest: Self.longestProbe)
        return KeyOutWord(
            until: WordTime.moment(wait, after: now), steps: steps, version: version, isProbing: false)
    }

    /// After a call that the provider took the key for.
    @inline(__always)
    public func succeeded(_ leave: Leave?) -> KeyOutWord {
        leave != nil && self.has(leave) ? KeyOutWord() : self
    }

    /// After a probe that showed nothing: another may begin at once.
    public func released(_ leave: Leave?, _ version: UInt64, at now: UInt64) -> KeyOutWord {
        guard self.has(leave) else { return self }
        return KeyOutWord(
            until: WordTime.moment(0, after: now), steps: self.steps, version: version, isProbing: false)
    }
}
