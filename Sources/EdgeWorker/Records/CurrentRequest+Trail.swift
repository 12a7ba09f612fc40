import Domain
import IPC
import Routing

/// How a request was let in, and how it came to its answer, for its record.
extension CurrentRequest {
    /// There was a choice of targets, or it did not go well: how its limits stood is in its record.
    func isRemarkable(isGone: Bool) -> Bool {
        self.hasChoice || isGone || self.failure != nil || self.status >= 400
    }

    private var hasChoice: Bool {
        self.calls.count > 1 || !self.leftOut.isEmpty || !(self.end?.trail ?? []).isEmpty
    }

    /// The trail as bytes. Most requests have nothing in it but times.
    func packedTrail(_ settlement: Settlement, isRemarkable: Bool) -> [UInt8] {
        guard self.limits.checked.isEmpty, self.limits.verdict != .refused, !isRemarkable else {
            return self.trail(settlement, isRemarkable: isRemarkable).packed()
        }
        var admission = AdmissionTrail(verdict: self.limits.verdict)
        self.time(&admission)
        return DecisionTrail.packed(plain: admission, planning: self.planning)
    }

    /// How each limit stood, and how it was routed, is in it where there was a choice, or where it did not go well.
    private func trail(_ settlement: Settlement, isRemarkable: Bool) -> DecisionTrail {
        let policy = self.settings.limitPolicy
        var admission = self.limits.admission(isRemarkable: isRemarkable) { scope in
            self.caller?.rules(of: scope) ?? policy.timeZone
        }
        self.time(&admission)
        var trail = DecisionTrail(admission: admission, planning: self.planning)
        guard self.hasChoice || admission.verdict == .refused else { return trail }
        let policies = self.settings.policies
        let place = Int(self.policy)
        trail.alias = self.alias.map { self.settings.router.aliasName($0) } ?? []
        trail.strategy = place < policies.count ? policies[place].strategy : .ordered
        trail.tier = self.tier
        let targets = self.calls.isEmpty ? self.limits.refusedTargets : self.calls.map(\.target)
        trail.targets = targets.map { self.place($0, settlement.usage) }
        trail.leftOut = self.leftOut.map {
            DecisionTrail.LeftOut(self.place($0.target, settlement.usage), $0.reason)
        }
        trail.steps = self.end?.trail ?? []
        return trail
    }

    private func time(_ admission: inout AdmissionTrail) {
        admission.authenticated = UInt32(clamping: self.microseconds(self.authenticatedAt))
        admission.isCallerKnown = self.isCallerKnown
        if admission.verdict != .notAsked, let planned = self.plannedAt, let reply = self.limits.reply {
            admission.duration = Self.microseconds(from: planned, to: reply.taken)
        }
    }

    private var planning: UInt32 {
        guard let received = self.receivedAt, let planned = self.plannedAt else { return 0 }
        return Self.microseconds(from: received, to: planned)
    }

    /// `usage` is what its price is to be worked out for; nil where nothing is known to have been used.
    private func place(_ target: Target, _ usage: TokenUsage?) -> DecisionTrail.Place {
        let price = self.settings.price(of: target).map { price in
            DecisionTrail.Price(
                input: price.rates.input, output: price.rates.output, cost: usage.map { price.cost(of: $0) })
        }
        return DecisionTrail.Place(
            provider: self.settings.providerName(target.provider) ?? [], model: target.model, price: price)
    }

    private static func microseconds(from start: UInt64, to end: UInt64) -> UInt32 {
        end > start ? UInt32(clamping: (end - start) / 1000) : 0
    }
}
