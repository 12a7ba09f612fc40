internal import Domain

/// Attempts as they begin and fail.
extension DispatchMachine {
    /// Everything for a call was taken. `reason` is nil for the request's first attempt.
    mutating func start(
        _ place: Int, _ key: UInt8, _ reason: DispatchOrder.Reason?, counts: Bool = true, at now: UInt64,
        _ places: some CallPlaces
    ) -> DispatchOrder {
        self.number &+= 1
        let attempt = DispatchOrder.Attempt(number: self.number, place: place, key: key)
        self.state = .calling
        guard let reason else {
            self.firstPlace = place
            self.steps.firstCall(place, number: attempt.number, at: now)
            self.first = attempt
            self.armHedge(place, at: now, places)
            return .call(attempt)
        }
        if counts, reason == .retry || reason == .otherTarget {
            self.retries &+= 1
            if reason == .retry { self.repetitions &+= 1 }
            if self.hasPaid, self.providerHasFailed(place, places) { self.hasPaid = false }
        }
        if !self.facts.isEmpty { self.facts[place].tries &+= 1 }
        guard reason == .hedge || self.billable >= self.granted else {
            return self.call(attempt, reason, at: now, places)
        }
        self.question = (attempt, reason)
        return .ask(attempt, reason)
    }

    /// The call goes out.
    mutating func call(
        _ attempt: DispatchOrder.Attempt, _ reason: DispatchOrder.Reason, at now: UInt64, _ places: some CallPlaces
    ) -> DispatchOrder {
        self.state = .calling
        self.steps.add(reason == .hedge ? .hedged : .called, attempt.place, UInt32(attempt.number), at: now)
        if self.first == nil {
            self.first = attempt
            self.armHedge(attempt.place, at: now, places)
        } else {
            self.second = attempt
        }
        return .call(attempt)
    }

    /// Why a further attempt at the place would be made.
    func reason(_ place: Int) -> DispatchOrder.Reason {
        !self.facts.isEmpty && self.facts[place].tries > 0 ? .retry : .otherTarget
    }

    // MARK: Failures

    /// What a failure means for what is tried next.
    mutating func noteFailure(
        of attempt: DispatchOrder.Attempt, _ failure: CallFailure, at now: UInt64, _ places: some CallPlaces
    ) {
        let place = attempt.place
        if self.facts.isEmpty { self.openFacts(attempt) }
        var status: UInt16 = 0
        if case .status(let value) = failure.kind { status = value }
        self.steps.add(.failed, place, UInt32(status), at: now)
        if failure.billed != .no { self.billable &+= 1 }
        self.facts[place].hasFailed = true
        self.budgetIsSpent = false
        self.patientUntil = 0
        self.resendPlace = nil
        self.keyPlace = nil
        let verdict = RetryRule.verdict(failure)
        switch verdict {
        // That the gateway cannot make a further call says nothing of what the others are told, or can be told.
        case .never where failure.kind == .own && attempt.number > 1: self.facts[place].isBarred = true
        case .never: self.isFinal = true
        case .elsewhere: self.facts[place].isBarred = true
        case .otherKey:
            self.refuse(attempt, status, places)
            self.keyPlace = place
        case .anywhere:
            if failure.metDeadConnection, self.resends < Self.maximumResends { self.resendPlace = place }
        }
        if verdict != .otherKey { self.noteAdvice(failure.advice, status, attempt, at: now) }
        self.backoffUntil = Self.sum(now, self.backoff())
    }

    /// The first failure. Until now there was the first attempt, and perhaps a hedge, which failed now, runs, or is asked for.
    private mutating func openFacts(_ failed: DispatchOrder.Attempt) {
        self.facts = Array(repeating: PlaceFacts(), count: self.order.count)
        self.facts[self.firstPlace].tries = 1
        for attempt in [failed, self.first, self.question?.attempt] {
            if let attempt, attempt.number > 1 { self.facts[attempt.place].tries &+= 1 }
        }
    }

    /// The key is refused: for the provider, or with 403 for this place's model.
    private mutating func refuse(_ attempt: DispatchOrder.Attempt, _ status: UInt16, _ places: some CallPlaces) {
        let provider = places.provider(of: attempt.place)
        for place in self.facts.indices {
            guard place == attempt.place || (status != 403 && places.provider(of: place) == provider) else { continue }
            self.facts[place].refusedKeys.insert(attempt.key)
        }
    }

    /// A 429 is about the key, anything else about the place.
    private mutating func noteAdvice(
        _ advice: RetryAdvice, _ status: UInt16, _ attempt: DispatchOrder.Attempt, at now: UInt64
    ) {
        let until = Self.sum(now, advice.after ?? 0)
        let place = attempt.place
        guard status == 429 else {
            if advice.after != nil { self.facts[place].notBefore = max(self.facts[place].notBefore, until) }
            return
        }
        self.facts[place].limitedKeys.insert(attempt.key)
        self.facts[place].limitedUntil = max(self.facts[place].limitedUntil, until)
        self.facts[place].mayHaveOtherKey = true
    }

    private mutating func backoff() -> UInt64 {
        let (base, overflow) = self.policy.retryDelay.multipliedReportingOverflow(by: 1_000_000)
        return Backoff.delay(
            base: overflow ? .max : base, repetition: self.repetitions, random: self.random)
    }

    // MARK: The second call

    private mutating func armHedge(_ place: Int, at now: UInt64, _ places: some CallPlaces) {
        guard let hedgeAfter = self.policy.hedgeAfter, !self.hedgeIsDone else { return }
        guard let delay = HedgeRule.delay(hedgeAfter, of: place, places) else { return }
        self.hedgeDue = Self.sum(now, delay)
    }

    /// The running call has had no content for too long.
    mutating func hedge(at now: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        self.hedgeDue = .max
        guard let slow = self.first, self.second == nil, !self.hedgeIsDone, self.number < Self.maximumAttempts else {
            return .wait
        }
        self.hedgeIsDone = true
        var hasPaid = false
        for index in 0...self.order.count {
            // Last, the same place again.
            let place = index < self.order.count ? self.order[index] : slow.place
            if index < self.order.count {
                guard place != slow.place, self.facts.isEmpty || self.facts[place].tries == 0 else { continue }
            }
            guard self.facts.isEmpty || (!self.facts[place].isBarred && self.facts[place].notBefore <= now) else {
                continue
            }
            let standing = places.standing(of: place, at: now)
            guard standing == .free else {
                self.steps.passOver(place, standing, at: now)
                continue
            }
            if !hasPaid {
                guard places.takeHedge(at: now) else {
                    self.steps.add(.hedgeBudgetSpent, slow.place, at: now)
                    return .wait
                }
                hasPaid = true
            }
            let keys = self.avoided(place, at: now)
            switch places.take(place, attempt: self.number &+ 1, avoiding: keys, at: now) {
            case .taken(let key): return self.start(place, key, .hedge, at: now, places)
            case .refused(let standing): self.steps.passOver(place, standing, at: now)
            }
        }
        return .wait
    }

    /// Whether a hedge may still go out after the call it was to run beside has failed.
    func mayCall(_ attempt: DispatchOrder.Attempt, at now: UInt64) -> Bool {
        guard !self.facts.isEmpty else { return true }
        let facts = self.facts[attempt.place]
        return !facts.isBarred && facts.notBefore <= now && !facts.avoided(at: now).contains(attempt.key)
    }
}
