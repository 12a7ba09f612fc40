import Domain
import Metrics

/// What the requests of one model and provider have used.
struct Consumption {
    /// Those of which there is a series before they were seen.
    private static let common: Set<TokenClass> = [.input, .cacheRead, .output, .reasoning]
    private static let classes = TokenClass.allCases

    private let labels: [[UInt8]]
    private let cost: MetricCounter
    /// By class.
    private var tokens: [MetricCounter?]

    /// `labels`: the model's and the provider's. Nil where there are as many as there may be.
    init?(_ page: MetricPage, _ labels: [[UInt8]], limit: Int) {
        guard let cost = page.counter(MetricCatalogue.cost, labels, limit: limit) else { return nil }
        self.labels = labels
        self.cost = cost
        self.tokens = Self.classes.map { tokenClass in
            Self.common.contains(tokenClass) ? Self.counter(page, labels, tokenClass) : nil
        }
    }

    /// `cost` is in nano-USD; nil where a price is unknown.
    mutating func add(_ usage: TokenUsage, cost: Int64?, _ page: MetricPage) {
        if let cost { self.cost.add(UInt64(clamping: cost)) }
        for place in self.tokens.indices {
            let count = usage[Self.classes[place]]
            guard count > 0 else { continue }
            if self.tokens[place] == nil { self.tokens[place] = Self.counter(page, self.labels, Self.classes[place]) }
            self.tokens[place]?.add(UInt64(clamping: count))
        }
    }

    private static func counter(_ page: MetricPage, _ labels: [[UInt8]], _ tokenClass: TokenClass) -> MetricCounter {
        page.counter(MetricCatalogue.tokens, labels + [Array(tokenClass.label.utf8)])
    }
}
