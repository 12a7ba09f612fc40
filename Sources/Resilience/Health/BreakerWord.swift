public import Domain

/// A circuit breaker in one word: {until 42 | failed probes 5 | failures in a row 13 | state 2}. 0 is one that never had a failure.
///
/// Closed lets all calls through; open none, until its time is over; then one call at a time may probe. The probe's leave lapses
/// after `probeTime`, so that one who was killed with it blocks nobody. A probe that succeeds closes, one that fails opens for twice
/// as long. Results of calls that began before it opened change nothing.
///
/// Pure: each transition gives the word after it, for one exchange. Times are milliseconds of the table's clock.
public struct BreakerWord: Hashable, Sendable {
    public enum Standing: Hashable, Sendable {
        case closed
        /// For so many milliseconds.
        case open(UInt64)
        /// A call probes; its leave lapses in so many milliseconds.
        case probing(UInt64)
        /// The next call probes.
        case due
    }

    /// How long one call may probe before another may.
    public static let probeTime: UInt64 = 30_000

    public var raw: UInt64

    public init(raw: UInt64 = 0) { self.raw = raw }

    private static let closed: UInt64 = 0
    private static let open: UInt64 = 1
    private static let probing: UInt64 = 2
    /// Milliseconds after which one who waits for a probe's result looks again.
    public static let probeResult: UInt64 = 500

    private var until: UInt64 {
        get { self.raw.field(at: 0, bits: 42) }
        set { self.raw = self.raw.with(newValue, at: 0, bits: 42) }
    }
    private var steps: UInt64 {
        get { self.raw.field(at: 42, bits: 5) }
        set { self.raw = self.raw.with(newValue, at: 42, bits: 5) }
    }
    private var row: UInt64 {
        get { self.raw.field(at: 47, bits: 13) }
        set { self.raw = self.raw.with(newValue, at: 47, bits: 13) }
    }
    private var state: UInt64 {
        get { self.raw.field(at: 60, bits: 2) }
        set { self.raw = self.raw.with(newValue, at: 60, bits: 2) }
    }

    /// Whether calls pass without being asked about the time. A state that there is not counts as this one.
    @inlinable public var isClosed: Bool { self.raw >> 60 & 3 == 0 || self.raw >> 60 & 3 == 3 }

    public var failuresInARow: UInt64 { self.row }

    public func standing(at now: UInt64) -> Standing {
        guard !self.isClosed else { return .closed }
        let rest = WordTime.rest(until: self.until, at: now)
        guard rest > 0 else { return .due }
        return self.state == Self.open ? .open(rest) : .probing(rest)
    }

    /// Milliseconds after which to ask again; 0 where a call is let through now. While one probes, its result may come at any time.
    public func wait(at now: UInt64) -> UInt64 {
        guard !self.isClosed else { return 0 }
        let rest = WordTime.rest(until: self.until, at: now)
        return self.state == Self.probing ? min(rest, Self.probeResult) : rest
    }

    /// A probe's leave: what its result is told with.
    public struct Leave: Hashable, Sendable {
        let until: UInt64
    }

    /// The word after a call takes leave to probe; nil where none needs one (closed) or gets one (open, or another probes).
    public func probed(at now: UInt64) -> (word: BreakerWord, leave: Leave)? {
        guard !self.isClosed, WordTime.rest(until: self.until, at: now) == 0 else { return nil }
        var word = self
        word.state = Self.probing
        word.until = WordTime.moment(Self.probeTime, after: now)
        return (word, Leave(until: word.until))
    }

    private func has(_ leave: Leave?) -> Bool { self.state == Self.probing && leave?.until == self.until }

    /// After a call that went well.
    public func succeeded(_ leave: Leave?) -> BreakerWord {
        if self.isClosed { return BreakerWord() }
        return self.has(leave) ? BreakerWord() : self
    }

    /// After a call that failed. `isTooMany`: of the last calls so many did that it opens at once.
    public func failed(
        _ leave: Leave?, isTooMany: Bool, at now: UInt64, _ settings: BreakerSettings
    ) -> BreakerWord {
        var word = self
        if self.isClosed {
            word = BreakerWord()
            word.row = self.state == Self.closed ? self.row + 1 : 1
            let enough = UInt64(min(settings.failures, 8_191))
            guard isTooMany || enough > 0 && word.row >= enough else { return word }
            word.state = Self.open
            word.until = WordTime.moment(min(settings.open, settings.longestOpen), after: now)
            return word
        }
        guard self.has(leave) else { return self }
        word.steps += 1
        word.state = Self.open
        word.until = WordTime.moment(
            WordTime.doubled(settings.open, steps: word.steps, longest: settings.longestOpen), after: now)
        return word
    }

    /// After a probe that showed nothing: another may begin at once.
    public func released(_ leave: Leave?, at now: UInt64) -> BreakerWord {
        guard self.has(leave) else { return self }
        var word = self
        word.state = Self.open
        word.until = WordTime.moment(0, after: now)
        return word
    }
}
