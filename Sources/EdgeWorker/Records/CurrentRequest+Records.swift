import Domain
import IPC
import Journal
import Routing

/// What the journal is told at a request's end.
extension CurrentRequest {
    /// BEGIN is written and SETTLE is not.
    var isRecorded: Bool {
        if case .begun = self.recording { return true }
        return false
    }

    /// What the upstream has said, else an estimate from what has passed, else nothing.
    func settlement(with estimator: UsageEstimator) -> Settlement {
        if let end = self.end { return Settlement(end) }
        guard self.isRecorded, self.dispatchedAt != nil, self.replyBytes > 0, self.status < 300 else {
            return Settlement()
        }
        guard let target = self.target(self.call), case .provider(let endpoint) = self.route, endpoint.takesTokens
        else {
            return Settlement()
        }
        var usage = estimator.estimate(
            self.settings.estimatorModel(target), bodyBytes: self.receivedBody, replyBytes: self.replyBytes,
            isStream: self.isStream)
        // Embeddings are numbers, not tokens, and of images nobody knows.
        if !endpoint.generatesText { usage.output = 0 }
        let price = self.settings.price(of: target)
        return Settlement(estimated: usage, cost: price.map { $0.cost(of: usage) })
    }

    /// Whether `settlement` says what a whole reply took, by the provider's own numbers.
    func teaches(_ settlement: Settlement) -> Target? {
        guard settlement.source == .provider, settlement.attempts == 1, self.status == 200, self.failure == nil,
            self.end?.failure == nil, self.replyBytes > 0
        else { return nil }
        return self.target(self.call)
    }

    /// The record of the request's end.
    func settleRecord(_ settlement: Settlement, isGone: Bool, isRemarkable: Bool) -> SettleRecord {
        // A request that was handed to an upstream which says nothing counts for the target that was planned first.
        let isSent = self.dispatchedAt != nil && (self.end == nil || settlement.call != nil || self.hasReplyOfPeer)
        // Of a hedge's two calls the last one need not be the one that has answered.
        let call = self.hasReplyOfPeer ? self.call : settlement.call ?? self.call
        let target = isSent ? self.target(call) : nil
        let failure = isGone ? nil : self.failure
        return SettleRecord(
            record: self.record, rank: .edge, status: self.status,
            outcome: isGone ? .disconnected : failure == nil ? .complete : .error, finish: settlement.finish,
            isStream: self.isStream,
            isCacheHit: self.end?.shared != nil && !isGone && failure == nil && self.status < 400,
            // What the provider has said itself is passed on without a failure.
            fault: failure?.source ?? (self.status < 400 ? nil : GatewayError.Source(ofProviderStatus: self.status)),
            model: self.model ?? [],
            provider: target.flatMap { self.settings.providerName($0.provider) } ?? [],
            modelSent: target?.model ?? [], usage: settlement.usage ?? TokenUsage(), usageSource: settlement.source,
            cost: settlement.cost, attempts: settlement.attempts,
            error: failure.map { Array($0.code.utf8) } ?? [],
            replyBytes: self.replyBytes &+ self.errorBytes,
            received: self.microseconds(self.receivedAt), dispatched: self.microseconds(self.dispatchedAt),
            firstByte: self.microseconds(self.firstContent ?? (self.errorBytes > 0 ? self.endedAt : nil)),
            total: self.microseconds(self.endedAt),
            trail: self.packedTrail(settlement, isRemarkable: isRemarkable))
    }

    private func target(_ call: UInt8) -> Target? {
        Int(call) < self.calls.count ? self.calls[Int(call)].target : nil
    }
}
