internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC
internal import JSON
internal import Metrics
internal import EventLog
internal import Platform

/// What all exchanges of the worker share. Lives on its loop.
final class UpstreamServices {
    /// Bytes of request bodies, and of replies that are translated, in memory above which no more are taken.
    static let defaultBodyBudget = 1 << 30

    /// Tokens of output that are expected of a model that nothing is known of.
    private static let shortOutput: Int64 = 256

    let loop: EpollLoop
    let client: HTTPClient
    /// Reads requests that are translated, and replies.
    let reader: DialectReader
    /// Replies whose bytes pass.
    let openAIReplies: ReplyDialect
    /// Of providers that moderate.
    let moderatedReplies: ReplyDialect
    let anthropicReplies: ReplyDialect
    /// Fetches images for providers that do not.
    let images: any ImageSource
    /// Reads requests, for the simulated provider.
    let requests = JSONReader()
    var log: Log {
        didSet { self.health.log = self.log }
    }
    var providers: ProviderHistory
    /// What all upstreams know of the providers' health.
    let health: SharedHealth
    /// nil before it is open: until then no call is made.
    var journal: (any AttemptJournal)?
    var estimator = UsageEstimator()
    let sharedCalls: SharedCalls
    private var metrics: UpstreamMetrics
    var linkCounters: LinkCounters.Table
    private(set) var isDraining = false
    /// Requests being worked on, by link.
    private(set) var active = 0
    /// Called when the last request has ended while draining.
    var drained: () -> Void = {}
    private var bodyBudget: Int

    init(
        loop: EpollLoop, client: HTTPClient, log: Log, images: (any ImageSource)? = nil,
        page: MetricPage = MetricPage(), bodyBudget: Int = UpstreamServices.defaultBodyBudget
    ) {
        self.providers = ProviderHistory(page)
        self.health = SharedHealth(page: page)
        self.sharedCalls = SharedCalls(page)
        self.metrics = UpstreamMetrics(page)
        self.linkCounters = LinkCounters.Table(page, role: .upstream)
        let reader = DialectReader()
        self.reader = reader
        self.openAIReplies = ReplyDialect(passing: .openAI, reader: reader)
        self.moderatedReplies = ReplyDialect(passing: .openAI, moderates: true, reader: reader)
        self.anthropicReplies = ReplyDialect(passing: .anthropic, reader: reader)
        self.images = images ?? ImageFetcher(loop: loop, client: client)
        self.loop = loop
        self.client = client
        self.log = log
        self.bodyBudget = bodyBudget
        self.health.log = log
        self.health.expectedTokens = { [unowned self] in self.expectedTokens(of: $0, call: $1) }
    }

    /// Of the prompt and, where nothing is known of the model, a short output.
    private func expectedTokens(of request: ProviderRequest, call: Int) -> Int64 {
        guard call < request.calls.count, let set = self.providers.providers(of: request.snapshot) else { return 0 }
        let target = request.calls[call].target
        guard Int(target.provider) < set.pools.count else { return 0 }
        let model = UsageEstimator.Model(provider: set.pools[Int(target.provider)].settings.name, name: target.model)
        let prompt = self.estimator.estimate(model, bodyBytes: request.bodyLength, replyBytes: 0, isStream: false).input
        guard request.endpoint.generatesText else { return prompt }
        return prompt + (self.estimator.usualOutput(model) ?? Self.shortOutput)
    }

    /// Takes memory for a body of `length` bytes, or says no.
    func takeBodyBudget(_ length: Int) -> Bool {
        guard length <= self.bodyBudget else { return false }
        self.bodyBudget -= length
        return true
    }

    func returnBodyBudget(_ length: Int) {
        self.bodyBudget += length
    }

    /// How the places of one request stand; all providers of its calls are in `set`.
    func places(of request: ProviderRequest, in set: ProviderSet) -> any RequestPlaces {
        self.health.health(of: request, in: set)
    }

    /// Brings the metric page up to date.
    func count() {
        self.metrics.update(self)
    }

    func exchangeBegan() {
        self.active += 1
    }

    func exchangeEnded() {
        self.active -= 1
        if self.isDraining && self.active == 0 { self.drained() }
    }

    func drain() {
        self.isDraining = true
        if self.active == 0 { self.drained() }
    }
}
