internal import Domain
internal import IPC
internal import Limits
internal import Resilience

/// How the targets of one request stand, what its attempts have taken, and what became of them.
///
/// Lives with the request, on the worker's loop. Of each attempt that `take` has given, `ended` is to be called once, and before it
/// at most one of `answered` and `failed`; `failed` may follow `answered`.
final class RequestHealth: RequestPlaces {
    struct Place {
        var pool: KeyPool
        var target: TargetHealth
        var gate: ProviderGate
    }

    /// What an attempt has taken.
    struct Attempt {
        var number: UInt8
        var place: Int
        var key: UInt8
        /// Leaves to probe.
        var provider: BreakerWord.Leave?
        var target: BreakerWord.Leave?
        var keyOut: KeyOutWord.Leave?
        var keyAndModelOut: KeyOutWord.Leave?
        /// What is held at the table.
        var hold: (hold: LimitHold, owner: LimitOwner, demand: [LimitDemand.Entry])?
        /// Nanoseconds of the loop's clock.
        var tookAt: UInt64 = 0
        var wasAnswered = false
        var hasFailed = false
    }

    let health: SharedHealth
    let request: ProviderRequest
    private let set: ProviderSet
    private var firstPlace: Place?
    private var otherPlaces: [Place?] = []
    private var first: Attempt?
    private var others: [Attempt] = []
    /// Providers that were called.
    private var firstCalled: ProviderHealth?
    private var otherCalled: [ProviderHealth] = []
    /// The place of the last attempt.
    private var lastPlace = 0
    /// The next attempt is a hedge; the attempt that is one, until it is counted.
    private var hedgesNext = false
    private var hedge: UInt8?

    init(_ health: SharedHealth, _ request: ProviderRequest, _ set: ProviderSet) {
        self.health = health
        self.request = request
        self.set = set
    }

    /// Nil for what is not there.
    @inline(__always)
    func place(_ index: Int) -> Place? {
        if index == 0, let place = self.firstPlace { return place }
        return self.find(index)
    }

    private func find(_ index: Int) -> Place? {
        if index > 0, index < self.otherPlaces.count, let place = self.otherPlaces[index] { return place }
        guard index >= 0, index < self.request.calls.count else { return nil }
        let target = self.request.calls[index].target
        guard Int(target.provider) < self.set.pools.count else { return nil }
        let provider = self.set.pools[Int(target.provider)]
        let pool = provider.keyPool(self.health)
        let place = Place(
            pool: pool, target: pool.provider.target(target.model, self.health), gate: provider.gate(self.health))
        if index == 0 {
            self.firstPlace = place
        } else {
            if self.otherPlaces.isEmpty { self.otherPlaces = Array(repeating: nil, count: self.request.calls.count) }
            self.otherPlaces[index] = place
        }
        return place
    }

    func model(_ index: Int) -> [UInt8] { self.request.calls[index].target.model }

    /// The name of a key in the configuration, for records and logs; empty for `api_key`.
    func keyName(place: Int, key: UInt8) -> String { self.place(place)?.pool.name(key) ?? "" }

    // MARK: Attempts

    func attempt(_ number: UInt8) -> Attempt? {
        if let first = self.first, first.number == number { return first }
        return self.others.last { $0.number == number }
    }

    func update(_ attempt: Attempt) {
        if self.first?.number == attempt.number {
            self.first = attempt
        } else if let index = self.others.lastIndex(where: { $0.number == attempt.number }) {
            self.others[index] = attempt
        }
    }

    /// Forgets an attempt that is over.
    func remove(_ number: UInt8) {
        if self.first?.number == number {
            self.first = nil
        } else {
            self.others.removeAll { $0.number == number }
        }
    }

    private func add(_ attempt: Attempt) {
        if self.first == nil { self.first = attempt } else { self.others.append(attempt) }
    }

    // MARK: CallPlaces

    func standing(of place: Int, at now: UInt64) -> CallStanding {
        guard let target = self.place(place) else { return .keysOut }
        let now = self.health.milliseconds
        let wait = self.breakerWait(target, at: now)
        if wait > 0 { return .breakerOpen(wait &* 1_000_000) }
        let keys = target.pool.free(for: self.model(place), avoiding: KeySet(), at: now, self.health)
        guard keys.keys != 0 else { return keys.standing }
        return self.isBusy(target) ? .busy : .free
    }

    /// Milliseconds; 0 where no breaker is in the way.
    private func breakerWait(_ place: Place, at now: UInt64) -> UInt64 {
        guard place.pool.hasBreaker else { return 0 }
        let whole = self.health.load(place.pool.provider.whole.entry(self.health), HealthWords.Target.breaker)
        let model = self.health.load(place.target.entry(self.health), HealthWords.Target.breaker)
        if whole | model == 0 { return 0 }
        return max(BreakerWord(raw: whole).wait(at: now), BreakerWord(raw: model).wait(at: now))
    }

    /// Whether this process alone has as many calls as there may be; what the others have is found out when a place is taken.
    private func isBusy(_ place: Place) -> Bool {
        guard place.gate.isFree else { return true }
        guard let most = place.pool.settings.concurrency else { return false }
        return place.pool.provider.whole.running >= most
    }

    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking {
        guard let target = self.place(place) else { return .refused(.keysOut) }
        if self.isBusy(target) { return .refused(.busy) }
        var attempt = Attempt(number: number, place: place, key: 0, tookAt: now)
        let now = self.health.milliseconds
        if let wait = self.takeLeaves(target, &attempt, at: now) {
            return .refused(.breakerOpen(max(1, wait) &* 1_000_000))
        }
        if let refusal = self.takeKey(target, &attempt, avoiding: keys, at: now) {
            self.releaseLeaves(attempt, target, at: now)
            return .refused(refusal)
        }
        let isFirst = self.isFirstCall(of: target.pool.provider)
        _ = target.gate.take()
        self.add(attempt)
        self.lastPlace = place
        if self.hedgesNext {
            self.hedgesNext = false
            self.hedge = number
        }
        target.target.began(self.health)
        target.pool.provider.whole.began(self.health)
        if isFirst {
            self.health.change(target.pool.provider.whole.entry(self.health), HealthWords.Target.traffic) {
                TrafficWord(raw: $0).counted(at: now).raw
            }
        }
        return .taken(key: attempt.key)
    }

    /// Whether no attempt before was at that provider; from now on there was one.
    private func isFirstCall(of provider: ProviderHealth) -> Bool {
        guard let first = self.firstCalled else {
            self.firstCalled = provider
            return true
        }
        if first === provider || self.otherCalled.contains(where: { $0 === provider }) { return false }
        self.otherCalled.append(provider)
        return true
    }

    /// Takes leave to probe where a breaker asks for that; milliseconds where it lets nobody through.
    private func takeLeaves(_ place: Place, _ attempt: inout Attempt, at now: UInt64) -> UInt64? {
        guard place.pool.hasBreaker else { return nil }
        let whole = place.pool.provider.whole.entry(self.health)
        switch self.takeLeave(whole, at: now) {
        case .success(let leave): attempt.provider = leave
        case .failure(let closed): return closed.wait
        }
        switch self.takeLeave(place.target.entry(self.health), at: now) {
        case .success(let leave): attempt.target = leave
        case .failure(let closed):
            self.release(whole, attempt.provider, at: now)
            return closed.wait
        }
        return nil
    }

    private struct NoLeave: Error {
        var wait: UInt64
    }

    private func takeLeave(_ entry: Int?, at now: UInt64) -> Result<BreakerWord.Leave?, NoLeave> {
        if BreakerWord(raw: self.health.load(entry, HealthWords.Target.breaker)).isClosed { return .success(nil) }
        var leave: BreakerWord.Leave?
        var wait: UInt64 = 0
        self.health.change(entry, HealthWords.Target.breaker) { raw in
            let word = BreakerWord(raw: raw)
            let probed = word.probed(at: now)
            leave = probed?.leave
            wait = word.isClosed ? 0 : max(1, word.wait(at: now))
            return probed?.word.raw
        }
        return leave != nil || wait == 0 ? .success(leave) : .failure(NoLeave(wait: wait))
    }

    private func takeKey(
        _ place: Place, _ attempt: inout Attempt, avoiding: KeySet, at now: UInt64
    ) -> CallStanding? {
        let pool = place.pool
        let model = self.model(attempt.place)
        var (free, standing) = pool.free(for: model, avoiding: avoiding, at: now, self.health)
        var wait: UInt64?
        while free != 0 {
            let isOnly = free & (free &- 1) == 0
            let random = isOnly ? 0 : self.health.random()
            guard let key = KeyChoice.pick(pool.weights, free: free, random: random) else { break }
            free &= ~(1 << UInt64(key))
            attempt.key = key
            guard self.takeKeyLeaves(pool, &attempt, model, at: now) else {
                standing = .keysCooling(0)
                continue
            }
            switch self.admit(pool, key, attempt.place, at: now) {
            case .none: return nil
            case .some(.admitted(let hold, _)):
                guard let owner = self.health.owner else { return nil }
                attempt.hold = (hold, owner, pool.demands[Int(key)])
                return nil
            case .some(.full):
                self.releaseKey(pool, attempt, model, at: now)
                return .busy
            case .some(.refused(let refusal, _)):
                self.releaseKey(pool, attempt, model, at: now)
                // The provider's own bound is the same with every key.
                if refusal.scope == .global { return .busy }
                // What is held may come back at any time.
                wait = min(wait ?? .max, refusal.retryAfter ?? 100)
            }
        }
        return wait.map { .keysLimited(max(1, $0) &* 1_000_000) } ?? standing
    }

    /// Nil where nothing is limited.
    private func admit(_ pool: KeyPool, _ key: UInt8, _ place: Int, at now: UInt64) -> LimitVerdict? {
        let demand = pool.demands[Int(key)]
        guard !demand.isEmpty, let owner = self.health.owner else { return nil }
        let tokens = pool.tokens(key) { self.health.expectedTokens(self.request, place) }
        return owner.admit(
            LimitDemand(entries: demand, tokens: tokens), record: self.request.record,
            at: LimitTime(window: now, wall: 0))
    }

    /// Takes leave to probe a key that is out; false where another call probes it.
    private func takeKeyLeaves(
        _ pool: KeyPool, _ attempt: inout Attempt, _ model: [UInt8], at now: UInt64
    ) -> Bool {
        let own = pool.entry(attempt.key, self.health)
        let forModel = pool.entry(attempt.key, model: model, self.health)
        guard let leave = self.takeKeyLeave(own, at: now) else { return false }
        guard let modelLeave = self.takeKeyLeave(forModel, at: now) else {
            self.releaseKey(own, leave, at: now)
            return false
        }
        attempt.keyOut = leave
        attempt.keyAndModelOut = modelLeave
        return true
    }

    /// Nil: not to be used. Otherwise the leave, where one was needed.
    private func takeKeyLeave(_ entry: Int?, at now: UInt64) -> KeyOutWord.Leave?? {
        if KeyOutWord(raw: self.health.load(entry, HealthWords.Key.out)).standing(self.health.version, at: now)
            == .usable
        {
            return .some(nil)
        }
        var leave: KeyOutWord.Leave?
        var isUsable = false
        self.health.change(entry, HealthWords.Key.out) { raw in
            let word = KeyOutWord(raw: raw)
            let probed = word.probed(self.health.version, at: now)
            leave = probed?.leave
            isUsable = word.standing(self.health.version, at: now) == .usable
            return probed?.word.raw
        }
        return leave != nil || isUsable ? .some(leave) : nil
    }

    func latency(of place: Int) -> UInt64? {
        let entry = self.place(place)?.target.entry(self.health)
        return LatencyWord(raw: self.health.load(entry, HealthWords.Target.latency))
            .mean(at: self.health.milliseconds).map { $0 &* 1_000 }
    }

    /// Below so many calls too little is known.
    private static let leastCalls: UInt64 = 20

    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64? {
        guard let entry = self.place(place)?.target.entry(self.health) else { return nil }
        let latency = LatencyWord(raw: self.health.load(entry, HealthWords.Target.latency))
        guard latency.calls >= Self.leastCalls else { return nil }
        return QuantileWord(raw: self.health.load(entry, HealthWords.Target.quantiles)).time(percent: percent)
            .map { min($0, 1 << 40) &* 1_000 }
    }

    func provider(of place: Int) -> Int {
        place < self.request.calls.count ? Int(self.request.calls[place].target.provider) : place
    }

    func load(of place: Int) -> UInt32 { self.place(place)?.target.load(self.health) ?? 0 }

    func takeRetry(of place: Int, at now: UInt64) -> Bool {
        guard self.takeFurther(place, { FurtherCallsWord(raw: $0).retried($1, at: $2) }) else { return false }
        if let provider = self.place(place)?.pool.provider { self.health.counters.retried(provider.name) }
        return true
    }

    func takeHedge(at now: UInt64) -> Bool {
        self.hedgesNext = self.takeFurther(self.lastPlace) { FurtherCallsWord(raw: $0).hedged($1, at: $2) }
        return self.hedgesNext
    }

    /// An attempt was answered, or all are over (nil): a hedge is counted by that.
    func countHedge(answered number: UInt8?) {
        guard let hedge = self.hedge else { return }
        if number == nil, self.first != nil || !self.others.isEmpty { return }
        self.hedge = nil
        self.health.counters.hedged(number == nil ? .failed : number == hedge ? .won : .lost)
    }

    /// Of the place's provider.
    private func takeFurther(
        _ place: Int, _ further: (UInt64, TrafficWord, UInt64) -> FurtherCallsWord?
    ) -> Bool {
        guard let provider = self.place(place)?.pool.provider else { return false }
        // Without a table nobody counts.
        guard let entry = provider.whole.entry(self.health) else { return self.health.board == nil }
        let traffic = TrafficWord(raw: self.health.load(entry, HealthWords.Target.traffic))
        let now = self.health.milliseconds
        return self.health.change(entry, HealthWords.Target.furtherCalls) { further($0, traffic, now)?.raw } != nil
    }
}
