internal import Metrics

/// Counts what becomes of breakers, keys, retries and hedges. Lives on the worker's loop.
final class ResilienceCounters {
    /// How a hedge ended.
    enum HedgeOutcome: String {
        /// The second call had content first.
        case won
        /// The first call did.
        case lost
        /// Neither had any.
        case failed
    }

    /// Models that are counted by name; the others count as `other`.
    private static let maximumModels = 512

    let page: MetricPage

    init(_ page: MetricPage) {
        self.page = page
    }

    /// A breaker was opened by this process. `model` is empty for that of the provider as a whole.
    func breakerOpened(_ provider: String, model: [UInt8]) {
        let provider = Array(provider.utf8)
        let counter =
            self.page.counter(MetricCatalogue.breakersOpened, [provider, model], limit: Self.maximumModels)
            ?? self.page.counter(MetricCatalogue.breakersOpened, [provider, Array("other".utf8)])
        counter.add()
    }

    /// The provider has refused a key.
    func keyWentOut(_ provider: String, key: String) {
        self.page.counter(MetricCatalogue.keysOut, provider, key).add()
    }

    /// The provider has said that a key calls too often.
    func keyCooled(_ provider: String, key: String) {
        self.page.counter(MetricCatalogue.keysCooled, provider, key).add()
    }

    /// A further call at a provider, because one before failed.
    func retried(_ provider: String) {
        self.page.counter(MetricCatalogue.retries, provider).add()
    }

    func hedged(_ outcome: HedgeOutcome) {
        self.page.counter(MetricCatalogue.hedges, outcome.rawValue).add()
    }
}
