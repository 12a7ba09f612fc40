public import Domain

/// What was going on in the last minute or so.
///
/// A request counts as begun when it came and for all else when it was over: the tokens of a stream that has run for three minutes count in
/// the minute in which they are known.
public struct ActivityReport: Sendable {
    /// Some of the requests that were over, by what they have in common.
    public struct Group: Hashable, Sendable {
        public var requests: Int64 = 0
        public var errors: Int64 = 0
        /// Of all classes.
        public var tokens: Int64 = 0
        /// Nano-USD.
        public var cost: Int64 = 0
    }

    /// How long requests took, in microseconds; nil where there was none.
    public struct Durations: Hashable, Sendable {
        public var median: Int64?
        public var p95: Int64?

        /// Sorts.
        init(_ times: [Int64]) {
            guard !times.isEmpty else { return }
            let sorted = times.sorted()
            self.median = sorted[(sorted.count - 1) / 2]
            self.p95 = sorted[(sorted.count - 1) * 95 / 100]
        }
    }

    /// Milliseconds that the sums are of: fewer than asked for where there are too many requests in them.
    public var period: UInt64
    /// Milliseconds before which requests began that were not looked at: what has run for longer is not in the sums.
    public var lookedBack: UInt64
    /// The newest request there is.
    public var newest: RecordID?
    /// Requests that are not over; as many are counted as there is room for.
    public var running: Int64 = 0
    public var begun: Int64 = 0
    public var ended: Int64 = 0
    /// Of those that were over.
    public var streams: Int64 = 0
    public var errors: Int64 = 0
    public var disconnected: Int64 = 0
    /// Refused with 429 without a call of a provider, by the code of the error.
    public var refused: [[UInt8]: Int64] = [:]
    public var usage = TokenUsage()
    /// Nano-USD.
    public var cost: Int64 = 0
    /// Those with tokens whose price is unknown.
    public var unknownPrice: Int64 = 0
    public var durations = Durations([])
    public var firstBytes = Durations([])
    /// Those that took longest, and those that have run for longest.
    public var slowest: [RequestRow] = []
    public var oldest: [RequestRow] = []
    /// Those with most requests; by the model asked for, who has answered, and the key.
    public var models: [(name: [UInt8], totals: Group)] = []
    public var providers: [(name: [UInt8], totals: Group)] = []
    public var keys: [(key: EntityID, totals: Group)] = []

    /// Of nothing, in so many milliseconds.
    public init(period: UInt64, lookedBack: UInt64 = 0) {
        self.period = period
        self.lookedBack = lookedBack
    }
}
