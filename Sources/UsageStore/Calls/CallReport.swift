public import Domain

/// What provider calls have used, as far as a provider takes money for it, or may.
///
/// Of calls, not of requests: a request may have called two providers, and two requests may have shared one call.
public struct CallReport: Hashable, Sendable {
    /// What the calls of an entry have in common.
    public struct Group: Hashable, Sendable {
        /// The day in UTC on which they began, since 1970.
        public var day: Int64
        public var provider: [UInt8]
        /// As it was sent.
        public var model: [UInt8]
        /// `yes` or `unknown`: those that are not billed are left out.
        public var billed: Billed
        /// Whether the tokens are the provider's own numbers.
        public var source: UsageSource

        public init(day: Int64, provider: [UInt8], model: [UInt8], billed: Billed, source: UsageSource) {
            self.day = day
            self.provider = provider
            self.model = model
            self.billed = billed
            self.source = source
        }
    }

    /// Sums stay at what Int64 has.
    public struct Totals: Hashable, Sendable {
        public var calls: Int64 = 0
        public var usage = TokenUsage()
        /// Searches that the provider made.
        public var searches: Int64 = 0

        public init() {}

        mutating func add(_ detail: AttemptDetail) {
            self.calls = self.calls.addingClamped(1)
            self.usage = self.usage + detail.usage
            for unitClass in [UnitClass.query, .queryLow, .queryHigh] {
                self.searches = self.searches.addingClamped(max(0, detail.units?[unitClass] ?? 0))
            }
        }
    }

    public var groups: [Group: Totals] = [:]
    /// Where to go on; nil when everything was read.
    public var next: RecordID?
    /// Milliseconds since 1970 from which on no request was removed.
    public var keptFrom: UInt64 = 0

    public init() {}

    /// By day, provider and model; always in the same order.
    public var entries: [(group: Group, totals: Totals)] {
        self.groups.map { ($0.key, $0.value) }.sorted { Group.isBefore($0.group, $1.group) }
    }
}

extension CallReport.Group {
    fileprivate static func isBefore(_ a: Self, _ b: Self) -> Bool {
        if a.day != b.day { return a.day < b.day }
        if a.provider != b.provider { return a.provider.lexicographicallyPrecedes(b.provider) }
        if a.model != b.model { return a.model.lexicographicallyPrecedes(b.model) }
        return (a.billed.rawValue, a.source.rawValue) < (b.billed.rawValue, b.source.rawValue)
    }
}
