internal import Domain
internal import IPC
internal import Journal
internal import Platform

/// One request's books: admits each provider call in the journal before it is made, and when it is over works out its
/// tokens and cost, records that, and says it to the edge.
///
/// Lives on the worker's loop, in its `Exchange`. Invariant: each attempt that was admitted is ended once.
struct AttemptLedger {
    private let services: UpstreamServices
    private let request: ProviderRequest
    private let set: ProviderSet
    private let pool: ProviderPool
    private let target: Target
    private let beganAt: UInt64
    /// Bytes of the body as it is sent.
    var bodyBytes: UInt64 = 0
    /// Nobody is left to settle the request: the link to its edge is lost.
    var isOrphaned = false
    private var running: JournalWriter.Admission?
    private var reports: [AttemptReport] = []

    init(
        _ request: ProviderRequest, _ target: Target, _ set: ProviderSet, _ pool: ProviderPool,
        _ services: UpstreamServices
    ) {
        self.services = services
        self.request = request
        self.set = set
        self.pool = pool
        self.target = target
        self.beganAt = services.loop.now
    }

    /// Records that the call of that number is about to be made, those before being settled; false when it must not be.
    mutating func admit(_ number: UInt8) -> Bool {
        let record = AttemptRecord(
            record: self.request.record, number: number, provider: self.pool.nameBytes, model: self.target.model,
            price: self.set.priceID(self.target.price), startedAt: Clocks.wallMilliseconds())
        let admission = self.services.journal?.attempt(record) ?? .refused
        guard admission != .refused else { return false }
        self.running = admission
        return true
    }

    /// The running call is over.
    mutating func settle(_ outcome: AttemptOutcome) -> AttemptReport {
        let evidence = outcome.evidence
        let (usage, source) = self.usage(outcome)
        // Nobody takes money for counting.
        let billed = self.request.endpoint == .countTokens ? Billed.no : evidence.billed
        let report = AttemptReport(
            call: 0, number: outcome.number, status: evidence.status, billed: billed, usageSource: source,
            usage: usage, cost: self.cost(usage), firstContent: outcome.firstContent,
            total: outcome.total, error: outcome.error ?? "")
        self.reports.append(report)
        if let admission = self.running {
            let record = AttemptEndRecord(
                record: self.request.record, number: outcome.number, status: evidence.status, billed: report.billed,
                usageSource: source, usage: usage ?? TokenUsage(), cost: report.cost, finish: evidence.finish,
                error: Array(report.error.utf8), connected: outcome.connected, firstContent: outcome.firstContent,
                total: outcome.total, replyBytes: outcome.replyBytes)
            let orphan = self.isOrphaned ? self.orphan(evidence) : nil
            self.services.journal?.attemptEnd(record, admission, orphan: orphan)
        }
        self.running = nil
        self.pool.attempts.count(Self.label(outcome), report.billed)
        return report
    }

    // MARK: Tokens and money

    private var model: UsageEstimator.Model {
        UsageEstimator.Model(provider: self.pool.settings.name, name: self.target.model)
    }

    /// The tokens of so many bytes of a prompt, where nobody has counted them.
    func promptTokens(bytes: Int) -> Int64 {
        self.services.estimator.estimate(
            self.model, bodyBytes: UInt64(clamping: bytes), replyBytes: 0, isStream: false
        ).input
    }

    private func usage(_ outcome: AttemptOutcome) -> (TokenUsage?, UsageSource) {
        let evidence = outcome.evidence
        guard self.request.endpoint != .countTokens else { return (nil, .none) }
        if let usage = evidence.usage, evidence.billed == .yes {
            // Only a whole reply says how many bytes its tokens take.
            if outcome.error == nil, !evidence.saysError {
                let error = self.services.estimator.learn(
                    self.model, usage, bodyBytes: self.bodyBytes, replyBytes: outcome.replyBytes,
                    isStream: evidence.isStream)
                if let error { self.pool.attempts.estimateErrors.record(percent: error) }
            }
            return (usage, .provider)
        }
        guard evidence.wantsEstimate else { return (nil, .none) }
        var usage = self.services.estimator.estimate(
            self.model, bodyBytes: self.bodyBytes, replyBytes: evidence.hasContent ? outcome.replyBytes : 0,
            isStream: evidence.isStream)
        // The provider's own count of the prompt is better than any estimate; of the output it is none.
        if var counted = evidence.promptUsage {
            counted.output = usage.output
            usage = counted
        }
        // Embeddings, verdicts and images are no tokens of output.
        if !self.request.endpoint.generatesText { usage.output = 0 }
        return (usage, .estimated)
    }

    /// What has no tokens costs nothing at any price; else an unknown price makes an unknown cost.
    private func cost(_ usage: TokenUsage?) -> Int64? {
        guard let usage else { return 0 }
        return self.set.price(self.target.price)?.cost(of: usage)
    }

    /// The request's end, for an edge that died before it could say it.
    private func orphan(_ evidence: AttemptEvidence) -> SettleRecord {
        let totals = AttemptTotals(self.reports)
        return SettleRecord(
            record: self.request.record, rank: .upstream, status: evidence.status, outcome: .unknown,
            finish: evidence.finish, isStream: self.request.isStream, provider: self.pool.nameBytes,
            modelSent: self.target.model, usage: totals.usage ?? TokenUsage(), usageSource: totals.source,
            cost: totals.cost,
            attempts: UInt8(clamping: self.reports.count), total: (self.services.loop.now &- self.beganAt) / 1000)
    }

    /// What the attempt counts as: nil for one that went well.
    private static func label(_ outcome: AttemptOutcome) -> String? {
        if let error = outcome.error { return error }
        return outcome.evidence.status >= 400 ? "status_\(outcome.evidence.status)" : nil
    }
}
