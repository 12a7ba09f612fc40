internal import Domain
internal import IPC
internal import Journal
internal import Platform
internal import Resilience

/// One request's books: admits each provider call in the journal before it is made, and when it is over works out its
/// tokens and cost, records that, and says it to the edge.
///
/// Lives on the worker's loop, in its `Exchange`. Invariant: each attempt that was admitted is ended once.
struct AttemptLedger {
    private let services: UpstreamServices
    private let request: ProviderRequest
    private let set: ProviderSet
    private let beganAt: UInt64
    /// Nobody is left to settle the request: the link to its edge is lost.
    var isOrphaned = false
    /// Others still want the reply: a call that does not bring it is perhaps not the last.
    var goesOn = false
    private var reports: [AttemptReport] = []
    private var running = 0

    /// All providers of the request's calls are in `set`.
    init(_ request: ProviderRequest, _ set: ProviderSet, _ services: UpstreamServices) {
        self.services = services
        self.request = request
        self.set = set
        self.beganAt = services.loop.now
    }

    /// Records that the call is about to be made; nil when it must not be.
    mutating func admit(_ attempt: DispatchOrder.Attempt) -> JournalWriter.Admission? {
        let target = self.request.calls[attempt.place].target
        let pool = self.pool(target)
        let record = AttemptRecord(
            record: self.request.record, number: attempt.number, provider: pool.nameBytes, model: target.model,
            keyName: pool.keyName(attempt.key), price: self.set.priceID(target.price),
            startedAt: Clocks.wallMilliseconds())
        let admission = self.services.journal?.attempt(record) ?? .refused
        guard admission != .refused else { return nil }
        self.running += 1
        return admission
    }

    /// The call is over that was admitted so; `bodyBytes` is what it has sent.
    mutating func settle(
        _ outcome: AttemptOutcome, place: Int, _ admission: JournalWriter.Admission?, bodyBytes: UInt64
    ) -> AttemptReport {
        let evidence = outcome.evidence
        let target = self.request.calls[place].target
        let pool = self.pool(target)
        let (usage, source) = self.usage(outcome, target, bodyBytes)
        // Nobody takes money for counting.
        let billed = self.request.endpoint == .countTokens ? Billed.no : evidence.billed
        let terms = billed == .no ? UsageTerms() : evidence.terms
        let report = AttemptReport(
            call: UInt8(clamping: place), number: outcome.number, status: evidence.status, billed: billed,
            usageSource: source, usage: usage, cost: self.cost(usage, terms, billed, target),
            firstContent: outcome.firstContent,
            total: outcome.total, error: outcome.error ?? "")
        self.reports.append(report)
        if let admission {
            let record = AttemptEndRecord(
                record: self.request.record, number: outcome.number, status: evidence.status, billed: report.billed,
                usageSource: source, usage: usage ?? TokenUsage(), service: terms.service ?? .standard,
                units: terms.units,
                cost: report.cost, finish: evidence.finish,
                error: Array(report.error.utf8), connected: outcome.connected, firstContent: outcome.firstContent,
                total: outcome.total, replyBytes: outcome.replyBytes)
            self.running -= 1
            // Said once: where it cannot be known that no call follows, the attempts alone say what they have cost.
            let isLast = self.running == 0 && (!self.goesOn || Self.isAnswer(outcome))
            let orphan = self.isOrphaned && isLast ? self.orphan(evidence, pool, target) : nil
            self.services.journal?.attemptEnd(record, admission, orphan: orphan)
        }
        pool.attempts.count(Self.label(outcome), report.billed)
        return report
    }

    private func pool(_ target: Target) -> ProviderPool { self.set.pools[Int(target.provider)] }

    // MARK: Tokens and money

    private func model(_ target: Target) -> UsageEstimator.Model {
        UsageEstimator.Model(provider: self.pool(target).settings.name, name: target.model)
    }

    /// The tokens of so many bytes of a prompt for one of the request's calls, where nobody has counted them.
    func promptTokens(bytes: Int, place: Int) -> Int64 {
        self.services.estimator.estimate(
            self.model(self.request.calls[place].target), bodyBytes: UInt64(clamping: bytes), replyBytes: 0,
            isStream: false
        ).input
    }

    private func usage(
        _ outcome: AttemptOutcome, _ target: Target, _ bodyBytes: UInt64
    ) -> (TokenUsage?, UsageSource) {
        let evidence = outcome.evidence
        guard self.request.endpoint != .countTokens else { return (nil, .none) }
        if let usage = evidence.usage, evidence.billed == .yes {
            // Only a whole reply says how many bytes its tokens take.
            if outcome.error == nil, !evidence.saysError {
                let error = self.services.estimator.learn(
                    self.model(target), usage, bodyBytes: bodyBytes, replyBytes: outcome.replyBytes,
                    isStream: evidence.isStream)
                if let error { self.pool(target).attempts.estimateErrors.record(percent: error) }
            }
            return (usage, .provider)
        }
        guard evidence.wantsEstimate else { return (nil, .none) }
        var usage = self.services.estimator.estimate(
            self.model(target), bodyBytes: bodyBytes, replyBytes: evidence.hasContent ? outcome.replyBytes : 0,
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

    /// By how the provider says it has served the call. What has neither tokens nor units costs no more than a request does, and
    /// nothing where the price is unknown or nobody takes money; else an unknown price makes an unknown cost.
    private func cost(_ usage: TokenUsage?, _ terms: UsageTerms, _ billed: Billed, _ target: Target) -> Int64? {
        let price = self.set.price(target.price)
        guard usage != nil || terms.units != nil else {
            return billed == .yes ? price?.cost(of: TokenUsage()) ?? 0 : 0
        }
        return price?.cost(
            of: usage ?? TokenUsage(), units: terms.units, service: terms.service ?? .standard)
    }

    /// The request's end, for an edge that died before it could say it.
    private func orphan(_ evidence: AttemptEvidence, _ pool: ProviderPool, _ target: Target) -> SettleRecord {
        let totals = AttemptTotals(self.reports)
        return SettleRecord(
            record: self.request.record, rank: .upstream, status: evidence.status, outcome: .unknown,
            finish: evidence.finish, isStream: self.request.isStream, provider: pool.nameBytes,
            modelSent: target.model, usage: totals.usage ?? TokenUsage(), usageSource: totals.source,
            cost: totals.cost,
            attempts: UInt8(clamping: self.reports.count), total: (self.services.loop.now &- self.beganAt) / 1000)
    }

    private static func isAnswer(_ outcome: AttemptOutcome) -> Bool {
        outcome.error == nil && outcome.evidence.status < 400 && !outcome.evidence.saysError
    }

    /// What the attempt counts as: nil for one that went well.
    private static func label(_ outcome: AttemptOutcome) -> String? {
        if let error = outcome.error { return error }
        return outcome.evidence.status >= 400 ? "status_\(outcome.evidence.status)" : nil
    }
}
