import Database
import Domain

/// What a row of sums says: it can be added to and taken away from, and what was added and taken away leaves nothing behind.
///
/// In the table: `columns`, of which `latency` and `first_byte` are microseconds, and `detail` with all that is rare (see `packed`). Numbers
/// wrap around instead of stopping the program; before that a request counts for no more than `most` of anything.
struct RollupSums: Hashable {
    /// Of tokens, or of nano-USD (a million dollars): what a broken or malicious provider says one request took.
    static let most: Int64 = 1_000_000_000_000_000

    static let columns: [SQL] = [
        "requests", "client_errors", "provider_errors", "gateway_errors", "input", "cache_read", "output", "reasoning",
        "cost", "latency", "first_byte",
    ]
    /// The classes of tokens without a column.
    static let rareClasses = TokenClass.allCases.filter { !$0.hasColumn }

    var requests: Int64 = 0
    var clientErrors: Int64 = 0
    var providerErrors: Int64 = 0
    var gatewayErrors: Int64 = 0
    var refused: Int64 = 0
    var disconnected: Int64 = 0
    var recovered: Int64 = 0
    var estimated: Int64 = 0
    var unknownPrice: Int64 = 0
    var cacheHits: Int64 = 0
    var usage = TokenUsage()
    var cost: Int64 = 0
    var latency = DurationSketch()
    var firstByte = DurationSketch()

    /// The numbers that are rarely anything but 0.
    static let rareCounts: [any WritableKeyPath<RollupSums, Int64> & Sendable] = [
        \.refused, \.disconnected, \.recovered, \.estimated, \.unknownPrice, \.cacheHits,
    ]

    /// Of nothing: every request that was added was taken away again.
    var isEmpty: Bool {
        self.requests == 0 && self.clientErrors == 0 && self.providerErrors == 0 && self.gatewayErrors == 0
            && self.refused == 0 && self.disconnected == 0 && self.recovered == 0 && self.estimated == 0
            && self.unknownPrice == 0 && self.cacheHits == 0 && self.usage == TokenUsage() && self.cost == 0
            && self.latency.isEmpty && self.firstByte.isEmpty
    }

    /// Adds other sums, or takes them away with -1.
    mutating func add(_ other: RollupSums, _ times: Int64 = 1) {
        self.requests &+= other.requests &* times
        self.clientErrors &+= other.clientErrors &* times
        self.providerErrors &+= other.providerErrors &* times
        self.gatewayErrors &+= other.gatewayErrors &* times
        self.refused &+= other.refused &* times
        self.disconnected &+= other.disconnected &* times
        self.recovered &+= other.recovered &* times
        self.estimated &+= other.estimated &* times
        self.unknownPrice &+= other.unknownPrice &* times
        self.cacheHits &+= other.cacheHits &* times
        self.usage.input &+= other.usage.input &* times
        self.usage.cacheRead &+= other.usage.cacheRead &* times
        self.usage.output &+= other.usage.output &* times
        self.usage.reasoning &+= other.usage.reasoning &* times
        if other.usage.hasRareClasses {
            for tokenClass in Self.rareClasses { self.usage[tokenClass] &+= other.usage[tokenClass] &* times }
        }
        self.cost &+= other.cost &* times
        self.latency.add(other.latency, times)
        self.firstByte.add(other.firstByte, times)
    }

    /// What is told of it.
    var totals: RollupTotals {
        var totals = RollupTotals()
        totals.requests = self.requests
        totals.clientErrors = self.clientErrors
        totals.providerErrors = self.providerErrors
        totals.gatewayErrors = self.gatewayErrors
        totals.refused = self.refused
        totals.disconnected = self.disconnected
        totals.recovered = self.recovered
        totals.estimated = self.estimated
        totals.unknownPrice = self.unknownPrice
        totals.cacheHits = self.cacheHits
        totals.usage = self.usage
        totals.cost = self.cost
        totals.latency = self.latency.summary
        totals.firstByte = self.firstByte.summary
        return totals
    }

    // MARK: As a row

    /// In the order of `columns`.
    var numbers: [Int64] {
        [
            self.requests, self.clientErrors, self.providerErrors, self.gatewayErrors, self.usage.input,
            self.usage.cacheRead, self.usage.output, self.usage.reasoning, self.cost, self.latency.sum,
            self.firstByte.sum,
        ]
    }

    init() {}

    /// Reads `columns` and `detail` from the given column on.
    init(_ statement: any DatabaseStatement, from column: Int) {
        self.init(columnsOf: statement, from: column)
        self.unpack(statement.bytes(column + Self.columns.count))
    }

    /// Reads `columns` only: what `detail` has is missing until it is unpacked.
    init(columnsOf statement: any DatabaseStatement, from column: Int) {
        self.requests = statement.integer(column)
        self.clientErrors = statement.integer(column + 1)
        self.providerErrors = statement.integer(column + 2)
        self.gatewayErrors = statement.integer(column + 3)
        self.usage.input = statement.integer(column + 4)
        self.usage.cacheRead = statement.integer(column + 5)
        self.usage.output = statement.integer(column + 6)
        self.usage.reasoning = statement.integer(column + 7)
        self.cost = statement.integer(column + 8)
        self.latency.sum = statement.integer(column + 9)
        self.firstByte.sum = statement.integer(column + 10)
    }
}
