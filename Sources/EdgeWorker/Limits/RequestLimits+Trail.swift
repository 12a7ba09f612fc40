import Domain
import Limits

/// What a request's record says of limits.
extension RequestLimits {
    /// Notes what has just been decided: `ledger` still knows by which figures. Of what was admitted they are taken where its record
    /// will have them: where there is a choice of targets, and where a budget is above its soft limit. They cost a third of the
    /// decision.
    mutating func take(
        _ verdict: LimitVerdict, _ amounts: CallAmounts, _ ledger: any LimitLedger, _ time: LimitTime,
        softPercent: UInt8, hasChoice: Bool
    ) {
        self.wanted = amounts
        self.checked.removeAll(keepingCapacity: true)
        let isLimited = self.entries.contains { !$0.limits.isEmpty }
        switch verdict {
        case .full: self.verdict = .notAsked
        case .admitted(_, let standing):
            self.verdict = isLimited ? .admitted : .unlimited
            guard isLimited, hasChoice || standing.isWarning(softPercent) else { return }
            self.check(ledger, time, softPercent)
        case .refused(let refusal, _):
            self.verdict = .refused
            self.check(ledger, time, softPercent)
            let found = self.checked.firstIndex { $0.scope == refusal.scope && $0.kind == refusal.kind }
            if let found { self.checked.remove(at: found) }
            self.checked.insert(CheckedLimit(refusal, .refused), at: 0)
        }
    }

    /// The request is over, and it did not go as it should: takes the figures that were not taken when it was admitted.
    mutating func completeFigures(_ time: (any LimitLedger) -> LimitTime, softPercent: UInt8) {
        guard self.verdict == .admitted, self.checked.isEmpty, let ledger = self.ledger else { return }
        let time = time(ledger)
        ledger.checkNow(self.entries, at: time, into: &self.checked)
        self.note(time, softPercent)
    }

    private mutating func check(_ ledger: any LimitLedger, _ time: LimitTime, _ softPercent: UInt8) {
        ledger.check(self.entries, at: time, into: &self.checked)
        self.note(time, softPercent)
    }

    private mutating func note(_ time: LimitTime, _ softPercent: UInt8) {
        self.askedAt = time.wall
        for place in self.checked.indices where self.checked[place].kind.isBudget {
            let percent = ReplyLimits.percent(of: self.checked[place].limit, used: self.checked[place].used)
            if percent >= softPercent { self.checked[place].word = .warned }
        }
    }

    /// How it was let in. The limits are there where something is worth it: `isRemarkable`, or one of them had more to say than that it
    /// passed. `rules` are the time zones by which the periods of a scope are counted.
    func admission(
        isRemarkable: Bool, rules: (LimitScope) -> TimeZoneRules
    ) -> AdmissionTrail {
        var trail = AdmissionTrail(verdict: self.verdict)
        guard isRemarkable || self.verdict == .refused || self.checked.contains(where: { $0.word != .passed }) else {
            return trail
        }
        trail.tokens = self.wanted.tokens
        trail.cost = self.wanted.cost
        trail.limits = self.checked
        if let refusal = self.attemptRefusal { trail.limits.insert(CheckedLimit(refusal, .refusedAttempt), at: 0) }
        for place in trail.limits.indices where trail.limits[place].reset == nil {
            guard let period = trail.limits[place].kind.period else { continue }
            let end = CalendarPeriods.end(of: period, at: self.askedAt, in: rules(trail.limits[place].scope))
            trail.limits[place].reset = UInt32(clamping: max(1, end - self.askedAt))
        }
        return trail
    }
}

extension CheckedLimit {
    fileprivate init(_ refusal: LimitRefusal, _ word: Word) {
        let held = max(0, min(refusal.held, refusal.used))
        let seconds = refusal.retryAfter.map { $0 / 1000 + ($0 % 1000 > 0 ? 1 : 0) }
        self.init(
            scope: refusal.scope, kind: refusal.kind, word: word, limit: refusal.limit, used: refusal.used - held,
            held: held, reset: seconds.map { UInt32(clamping: max(1, $0)) })
    }
}
