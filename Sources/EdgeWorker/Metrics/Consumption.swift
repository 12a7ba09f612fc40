import Domain
import Metrics

/// What the requests of one model and provider have used.
struct Consumption {
    private let labels: [[UInt8]]
    private let cost: MetricCounter
    /// Those of which there is a series before they were seen.
    private let input: MetricCounter
    private let cacheRead: MetricCounter
    private let output: MetricCounter
    private let reasoning: MetricCounter

    /// `labels`: the model's and the provider's. Nil where there are as many as there may be.
    init?(_ page: MetricPage, _ labels: [[UInt8]], limit: Int) {
        guard let cost = page.counter(MetricCatalogue.cost, labels, limit: limit) else { return nil }
        self.labels = labels
        self.cost = cost
        self.input = Self.counter(page, labels, .input)
        self.cacheRead = Self.counter(page, labels, .cacheRead)
        self.output = Self.counter(page, labels, .output)
        self.reasoning = Self.counter(page, labels, .reasoning)
    }

    /// `cost` is in nano-USD; nil where a price is unknown.
    func add(_ usage: TokenUsage, cost: Int64?, _ page: MetricPage) {
        if let cost { self.cost.add(UInt64(clamping: cost)) }
        self.input.add(UInt64(clamping: usage.input))
        self.cacheRead.add(UInt64(clamping: usage.cacheRead))
        self.output.add(UInt64(clamping: usage.output))
        self.reasoning.add(UInt64(clamping: usage.reasoning))
        if usage.hasRareClasses { self.addRare(usage, page) }
    }

    private func addRare(_ usage: TokenUsage, _ page: MetricPage) {
        for tokenClass in TokenClass.allCases {
            switch tokenClass {
            case .input, .cacheRead, .output, .reasoning: continue
            default: break
            }
            guard usage[tokenClass] > 0 else { continue }
            Self.counter(page, self.labels, tokenClass).add(UInt64(clamping: usage[tokenClass]))
        }
    }

    private static func counter(_ page: MetricPage, _ labels: [[UInt8]], _ tokenClass: TokenClass) -> MetricCounter {
        page.counter(MetricCatalogue.tokens, labels + [Array(tokenClass.label.utf8)])
    }
}
