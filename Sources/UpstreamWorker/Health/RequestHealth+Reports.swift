internal import Domain
internal import EventLog
internal import Limits
internal import Resilience

/// What became of a request's attempts.
extension RequestHealth {
    /// The attempt has content, or a whole reply, `firstContent` nanoseconds after it began.
    func answered(_ number: UInt8, firstContent: UInt64) {
        guard var attempt = self.attempt(number), !attempt.wasAnswered, !attempt.hasFailed,
            let place = self.place(attempt.place)
        else { return }
        attempt.wasAnswered = true
        self.countHedge(answered: number)
        let now = self.health.milliseconds
        let entry = place.target.entered(self.health)
        self.succeeded(attempt, place, entry, at: now)
        self.keySucceeded(attempt, place, at: now)
        self.countLatency(entry, firstContent, at: now)
        // The provider's own is for operators.
        self.countLatency(place.pool.provider.whole.entry(self.health), firstContent, at: now)
        self.countQuantiles(entry, firstContent)
        (attempt.provider, attempt.target, attempt.keyOut, attempt.keyAndModelOut) = (nil, nil, nil, nil)
        self.update(attempt)
    }

    /// The attempt has failed, before or after it had content.
    func failed(_ number: UInt8, _ failure: CallFailure) {
        guard var attempt = self.attempt(number), !attempt.hasFailed, let place = self.place(attempt.place) else {
            return
        }
        attempt.hasFailed = true
        let now = self.health.milliseconds
        if failure.saysBroken {
            self.broke(attempt, place, at: now)
            (attempt.provider, attempt.target) = (nil, nil)
        } else if case .status = failure.kind, !attempt.wasAnswered {
            // Whoever refuses works; that there is such a model is not said.
            self.succeeded(attempt, place, place.target.entry(self.health), at: now)
            (attempt.provider, attempt.target) = (nil, nil)
        }
        // Leaves to probe that this says nothing of are given back at the end.
        if case .status(let status) = failure.kind, !failure.blamesRequest {
            self.keyFailed(attempt, place, status, failure.advice, at: now)
        }
        self.update(attempt)
    }

    /// The provider says that its key has nothing left for so many nanoseconds: it is not used until then.
    func keyRests(_ number: UInt8, for nanoseconds: UInt64) {
        guard let attempt = self.attempt(number), let place = self.place(attempt.place), nanoseconds > 0 else { return }
        let now = self.health.milliseconds
        let wait = nanoseconds / 1_000_000 + 1
        let changed = self.health.change(place.pool.entry(attempt.key, self.health), HealthWords.Key.cooldown) {
            CooldownWord(raw: $0).resting(for: wait, at: now).raw
        }
        if let changed { self.countCooled(changed, attempt, place, at: now) }
    }

    /// Another attempt was faster after this one had run for so many nanoseconds without content. Before `ended`.
    func outrun(_ number: UInt8, after nanoseconds: UInt64) {
        guard let attempt = self.attempt(number), !attempt.wasAnswered, let place = self.place(attempt.place) else {
            return
        }
        self.countQuantiles(place.target.entry(self.health), nanoseconds)
    }

    @inline(__always)
    private func countLatency(_ entry: Int?, _ nanoseconds: UInt64, at now: UInt64) {
        self.health.change(entry, HealthWords.Target.latency) {
            LatencyWord(raw: $0).counted(nanoseconds / 1_000, at: now).raw
        }
    }

    private func countQuantiles(_ entry: Int?, _ nanoseconds: UInt64) {
        let calls = LatencyWord(raw: self.health.load(entry, HealthWords.Target.latency)).calls
        self.health.change(entry, HealthWords.Target.quantiles) {
            QuantileWord(raw: $0).counted(nanoseconds / 1_000, calls: calls).raw
        }
    }

    /// The attempt is over: what it has taken is given back. `tokens` are those it has used; nil where nobody knows. `time`: nanoseconds of the loop's clock.
    func ended(_ number: UInt8, tokens: Int64?, at time: UInt64) {
        guard let attempt = self.attempt(number), let place = self.place(attempt.place) else { return }
        let now = self.health.milliseconds
        self.releaseLeaves(attempt, place, at: now)
        self.releaseKey(place.pool, attempt, self.model(attempt.place), at: now, tokens: tokens)
        place.target.ended(self.health)
        place.pool.provider.whole.ended(self.health)
        self.remove(number)
        self.countHedge(answered: nil)
        place.gate.giveBack(after: time > attempt.tookAt ? time - attempt.tookAt : 0)
    }

    // MARK: Breakers

    /// `target` is the entry of the place's model, where it has one.
    private func succeeded(_ attempt: Attempt, _ place: Place, _ target: Int?, at now: UInt64) {
        guard place.pool.hasBreaker else { return }
        let whole = place.pool.provider.whole.entry(self.health)
        self.succeeded(whole, attempt.provider, place, model: [], at: now)
        self.succeeded(target, attempt.target, place, model: self.model(attempt.place), at: now)
    }

    /// `model` is empty for the provider as a whole.
    private func succeeded(
        _ entry: Int?, _ leave: BreakerWord.Leave?, _ place: Place, model: [UInt8], at now: UInt64
    ) {
        let settings = place.pool.settings.breaker
        let changed = self.health.change(entry, HealthWords.Target.breaker) { raw in
            raw == 0 ? nil : BreakerWord(raw: raw).succeeded(leave).raw
        }
        if let changed, !BreakerWord(raw: changed.before).isClosed {
            // What failed before it was closed is not counted once more.
            self.health.change(entry, HealthWords.Target.window) { _ in 0 }
            self.health.log?.info(
                "provider works again",
                ["provider": .string(place.pool.provider.name), "model": .string(Self.text(model))])
        }
        guard settings.errorRate > 0 else { return }
        self.health.change(entry, HealthWords.Target.window) {
            CallWindowWord(raw: $0).counted(calls: 1, failed: 0, at: now, settings).raw
        }
    }

    private func broke(_ attempt: Attempt, _ place: Place, at now: UInt64) {
        guard place.pool.hasBreaker else { return }
        let whole = place.pool.provider.whole.entry(self.health)
        self.broke(whole, attempt.provider, attempt, place, model: [], at: now)
        let target = place.target.entered(self.health)
        self.broke(target, attempt.target, attempt, place, model: self.model(attempt.place), at: now)
    }

    private func broke(
        _ entry: Int?, _ leave: BreakerWord.Leave?, _ attempt: Attempt, _ place: Place, model: [UInt8],
        at now: UInt64
    ) {
        let settings = place.pool.settings.breaker
        var isTooMany = false
        if settings.errorRate > 0 {
            self.health.change(entry, HealthWords.Target.window) {
                CallWindowWord(raw: $0).counted(calls: attempt.wasAnswered ? 0 : 1, failed: 1, at: now, settings).raw
            }
            isTooMany = CallWindowWord(raw: self.health.load(entry, HealthWords.Target.window))
                .isTooMany(at: now, settings)
        }
        let changed = self.health.change(entry, HealthWords.Target.breaker) {
            BreakerWord(raw: $0).failed(leave, isTooMany: isTooMany, at: now, settings).raw
        }
        guard let changed, case .open(let wait) = BreakerWord(raw: changed.after).standing(at: now) else { return }
        if case .open = BreakerWord(raw: changed.before).standing(at: now) { return }
        self.health.counters.breakerOpened(place.pool.provider.name, model: model)
        self.health.log?.warning(
            "provider left alone",
            [
                "provider": .string(place.pool.provider.name), "model": .string(Self.text(model)),
                "milliseconds": .unsigned(wait),
            ])
    }

    private static func text(_ model: [UInt8]) -> String { String(decoding: model.prefix(256), as: UTF8.self) }

    func releaseLeaves(_ attempt: Attempt, _ place: Place, at now: UInt64) {
        self.release(place.pool.provider.whole.entry(self.health), attempt.provider, at: now)
        self.release(place.target.entry(self.health), attempt.target, at: now)
    }

    func release(_ entry: Int?, _ leave: BreakerWord.Leave?, at now: UInt64) {
        guard let leave else { return }
        self.health.change(entry, HealthWords.Target.breaker) { BreakerWord(raw: $0).released(leave, at: now).raw }
    }

    // MARK: Keys

    private func keySucceeded(_ attempt: Attempt, _ place: Place, at now: UInt64) {
        let entry = place.pool.entry(attempt.key, self.health)
        self.health.change(entry, HealthWords.Key.cooldown) { CooldownWord(raw: $0).succeeded(at: now).raw }
        self.keyWorks(attempt, place)
        if let leave = attempt.keyAndModelOut {
            let entry = place.pool.entry(attempt.key, model: self.model(attempt.place), self.health)
            self.health.change(entry, HealthWords.Key.out) { KeyOutWord(raw: $0).succeeded(leave).raw }
        }
    }

    /// What the status says of the key.
    private func keyFailed(
        _ attempt: Attempt, _ place: Place, _ status: UInt16, _ advice: RetryAdvice, at now: UInt64
    ) {
        let entry = place.pool.entry(attempt.key, self.health)
        switch status {
        case 429:
            let changed = self.health.change(entry, HealthWords.Key.cooldown) {
                CooldownWord(raw: $0).limited(for: advice.after.map { ($0 &+ 999_999) / 1_000_000 }, at: now).raw
            }
            if let changed { self.countCooled(changed, attempt, place, at: now) }
            // A key that calls too often is not refused.
            self.keyWorks(attempt, place)
        case 401, 402:
            self.refuse(entry, attempt.keyOut, attempt, place, status, at: now)
        case 403:
            self.refuse(
                place.pool.enteredEntry(attempt.key, model: self.model(attempt.place), self.health),
                attempt.keyAndModelOut, attempt, place, status, at: now)
        default: break
        }
    }

    /// A call that probed the key was not refused.
    private func keyWorks(_ attempt: Attempt, _ place: Place) {
        guard let leave = attempt.keyOut else { return }
        self.health.change(place.pool.entry(attempt.key, self.health), HealthWords.Key.out) {
            KeyOutWord(raw: $0).succeeded(leave).raw
        }
    }

    private func refuse(
        _ entry: Int?, _ leave: KeyOutWord.Leave?, _ attempt: Attempt, _ place: Place, _ status: UInt16,
        at now: UInt64
    ) {
        self.health.change(entry, HealthWords.Key.status) { _ in UInt64(status) }
        let version = self.health.version
        let changed = self.health.change(entry, HealthWords.Key.out) {
            KeyOutWord(raw: $0).refused(leave, version, at: now).raw
        }
        guard let changed, KeyOutWord(raw: changed.before).standing(version, at: now) == .usable else { return }
        let (provider, key) = (place.pool.provider.name, place.pool.name(attempt.key))
        self.health.counters.keyWentOut(provider, key: key)
        self.health.log?.warning(
            "provider refuses a key",
            ["provider": .string(provider), "key": .string(key), "status": .int(Int(status))])
    }

    private func countCooled(
        _ changed: (before: UInt64, after: UInt64), _ attempt: Attempt, _ place: Place, at now: UInt64
    ) {
        guard CooldownWord(raw: changed.before).wait(at: now) == 0 else { return }
        self.health.counters.keyCooled(place.pool.provider.name, key: place.pool.name(attempt.key))
    }

    /// Gives back leaves and what is held.
    func releaseKey(
        _ pool: KeyPool, _ attempt: Attempt, _ model: [UInt8], at now: UInt64, tokens: Int64? = 0
    ) {
        self.releaseKey(pool.entry(attempt.key, self.health), attempt.keyOut, at: now)
        if let leave = attempt.keyAndModelOut {
            self.releaseKey(pool.entry(attempt.key, model: model, self.health), leave, at: now)
        }
        guard let held = attempt.hold else { return }
        let used =
            tokens ?? pool.tokens(attempt.key) { self.health.expectedTokens(self.request, attempt.place) }
        held.owner.settle(
            held.hold, held.demand, tokens: max(0, used), cost: 0, softPercent: 0,
            at: LimitTime(window: held.owner.windowTime(), wall: 0))
    }

    func releaseKey(_ entry: Int?, _ leave: KeyOutWord.Leave?, at now: UInt64) {
        guard let leave else { return }
        let version = self.health.version
        self.health.change(entry, HealthWords.Key.out) { KeyOutWord(raw: $0).released(leave, version, at: now).raw }
    }
}

extension CallFailure {
    /// Whether it counts for the circuit breaker.
    var saysBroken: Bool {
        switch self.kind {
        case .connect, .reset, .firstToken, .stalled, .badReply: true
        case .status(let status): status >= 500
        case .own: false
        }
    }
}
