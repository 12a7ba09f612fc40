internal import Domain

/// Which place is next.
extension DispatchMachine {
    /// What keeps a request from being sent now.
    private struct Obstacles {
        /// The first place that has no room, and all that have none, a bit for each.
        var busy: Int?
        var busyPlaces: UInt64 = 0
        /// The place that is free again first, in how many nanoseconds, and whether only its keys' limits are in the way.
        var soonest: (place: Int, time: UInt64, isLimited: Bool)?

        mutating func note(_ place: Int, _ standing: CallStanding) {
            switch standing {
            case .free: self.note(place, in: DispatchMachine.shortestPause)
            case .busy:
                self.busy = self.busy ?? place
                self.busyPlaces |= 1 << UInt64(place)
            case .breakerOpen(let time): self.note(place, in: time)
            case .keysCooling(let time), .keysLimited(let time): self.note(place, in: time, isLimited: true)
            case .keysOut: break
            }
        }

        private mutating func note(_ place: Int, in time: UInt64, isLimited: Bool = false) {
            if let soonest = self.soonest, soonest.time <= time { return }
            self.soonest = (place, time, isLimited)
        }
    }

    /// Whether a place that is left alone is waited for, where no provider has asked for it: all such waits together last no longer
    /// than the patience, from the first of them after a failure (or the beginning) on.
    private mutating func isPatient(for time: UInt64, at now: UInt64) -> Bool {
        var until = self.patientUntil
        if until == 0 {
            let delay = min(self.policy.retryDelay, Self.longestPatience)
            until = Self.sum(now, min(delay &* 4_000_000, Self.longestPatience))
        }
        guard Self.sum(now, time) <= until else { return false }
        self.patientUntil = until
        return true
    }

    // MARK: Before anything was called

    mutating func chooseFirst(at now: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        var obstacles = Obstacles()
        for index in 0..<self.order.count {
            let place = self.order[index]
            switch places.take(place, attempt: 1, avoiding: KeySet(), at: now) {
            case .taken(let key): return self.start(place, key, nil, at: now, places)
            case .refused(let standing):
                self.steps.passOver(place, standing, at: now)
                obstacles.note(place, standing)
            }
        }
        if let busy = obstacles.busy { return self.enterQueue(of: busy, at: now) }
        guard let soonest = obstacles.soonest else {
            self.state = .over
            return .refuse(self.order.count == 0 ? .unavailable(retryAfter: 0) : .keysRefused)
        }
        if self.isPatient(for: soonest.time, at: now),
            self.pause(until: Self.sum(now, soonest.time), for: soonest.place, at: now)
        {
            return .wait
        }
        self.state = .over
        return .refuse(soonest.isLimited ? .limited(retryAfter: soonest.time) : .unavailable(retryAfter: soonest.time))
    }

    // MARK: After a failure

    mutating func chooseFurther(at now: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        guard !self.isFinal, self.number < Self.maximumAttempts, now < self.end else { return self.giveUp() }
        if let place = self.resendPlace.take(), self.facts[place].notBefore <= now,
            case .taken(let key) = self.take(place, at: now, places)
        {
            self.resends &+= 1
            return self.start(place, key, .resend, at: now, places)
        }
        // A hedge at the same place may have brought advice.
        if let place = self.keyPlace.take(), self.facts[place].notBefore <= now {
            if case .taken(let key) = self.take(place, at: now, places) {
                // Only another key: neither a retry nor another target.
                return self.start(place, key, .retry, counts: false, at: now, places)
            }
            self.facts[place].isBarred = true
        }
        guard self.retries < self.policy.retries else { return self.giveUp() }
        var obstacles = Obstacles()
        if let order = self.tryOthers(&obstacles, at: now, places) { return order }
        if let order = self.tryOtherKeys(at: now, places) { return order }
        if let order = self.repeatDue(&obstacles, at: now, places) { return order }
        return self.waitFurther(obstacles, at: now, places)
    }

    /// The first place that was not tried, at once.
    private mutating func tryOthers(
        _ obstacles: inout Obstacles, at now: UInt64, _ places: some CallPlaces
    ) -> DispatchOrder? {
        for index in 0..<self.order.count {
            let place = self.order[index]
            guard self.facts[place].tries == 0, !self.facts[place].isBarred else { continue }
            if self.providerHasFailed(place, places) {
                let standing = places.standing(of: place, at: now)
                guard standing == .free else {
                    self.steps.passOver(place, standing, at: now)
                    obstacles.note(place, standing)
                    continue
                }
                guard self.pay(for: place, at: now, places) else { continue }
            }
            switch self.take(place, at: now, places) {
            case .taken(let key): return self.start(place, key, .otherTarget, at: now, places)
            case .refused(let standing):
                self.steps.passOver(place, standing, at: now)
                obstacles.note(place, standing)
            }
        }
        return nil
    }

    /// Another key of a place that has only said that one of them calls too often, at once.
    private mutating func tryOtherKeys(at now: UInt64, _ places: some CallPlaces) -> DispatchOrder? {
        for index in 0..<self.order.count {
            let place = self.order[index]
            guard self.facts[place].mayHaveOtherKey, !self.facts[place].isBarred, now >= self.facts[place].notBefore
            else { continue }
            // The limited key cools down by now: free is only who has another. What is paid is not paid for nothing.
            if places.standing(of: place, at: now) == .free {
                guard self.pay(for: place, at: now, places) else { return nil }
                let keys = self.facts[place].limited
                if case .taken(let key) = places.take(place, attempt: self.number &+ 1, avoiding: keys, at: now) {
                    self.facts[place].mayHaveOtherKey = false
                    return self.start(place, key, .retry, at: now, places)
                }
            }
            self.facts[place].mayHaveOtherKey = false
            self.facts[place].notBefore = max(self.facts[place].notBefore, self.facts[place].limitedUntil)
        }
        return nil
    }

    /// A place that was tried and whose time has come: the one tried least.
    private mutating func repeatDue(
        _ obstacles: inout Obstacles, at now: UInt64, _ places: some CallPlaces
    ) -> DispatchOrder? {
        // Each place that refuses is either barred or put off, or has no room, so that each is asked once.
        var asked: UInt64 = 0
        while let place = self.candidate({ asked & 1 << UInt64($0) == 0 }), self.readyAt(place) <= now {
            asked |= 1 << UInt64(place)
            guard self.pay(for: place, at: now, places) else { return nil }
            switch self.take(place, at: now, places) {
            case .taken(let key):
                return self.start(place, key, .retry, at: now, places)
            case .refused(let standing):
                self.steps.passOver(place, standing, at: now)
                switch standing {
                case .free: self.putOff(place, by: Self.shortestPause, at: now)
                case .busy: obstacles.note(place, standing)
                // Its own word: as good as advice.
                case .keysCooling(let time): self.putOff(place, by: time, at: now)
                case .breakerOpen(let time), .keysLimited(let time):
                    if !self.isPatient(for: time, at: now) { self.facts[place].isBarred = true }
                    self.putOff(place, by: time, at: now)
                case .keysOut: self.facts[place].isBarred = true
                }
            }
        }
        return nil
    }

    /// Nothing can be called now.
    private mutating func waitFurther(
        _ obstacles: Obstacles, at now: UInt64, _ places: some CallPlaces
    ) -> DispatchOrder {
        var wake: (place: Int, time: UInt64)?
        if let soonest = obstacles.soonest, self.isPatient(for: soonest.time, at: now) {
            wake = (soonest.place, Self.sum(now, soonest.time))
        }
        if let place = self.candidate({ obstacles.busyPlaces & 1 << UInt64($0) == 0 }) {
            let time = max(now, self.readyAt(place))
            if time - now <= Backoff.longest, time <= self.end, time < wake?.time ?? .max,
                self.pay(for: place, at: now, places)
            {
                wake = (place, time)
            }
        }
        // What comes soon is better than a queue.
        if let busy = obstacles.busy, wake.map({ $0.time > Self.sum(now, Self.longestPatience) }) ?? true {
            guard !self.providerHasFailed(busy, places) || self.pay(for: busy, at: now, places) else {
                return self.giveUp()
            }
            return self.enterQueue(of: busy, at: now)
        }
        guard let wake, self.pause(until: wake.time, for: wake.place, at: now) else { return self.giveUp() }
        return .wait
    }

    /// The place that may be repeated first: the soonest, then the one tried least, then the first.
    private func candidate(_ isWanted: (Int) -> Bool) -> Int? {
        guard !self.budgetIsSpent else { return nil }
        var best: Int?
        for index in 0..<self.order.count {
            let place = self.order[index]
            guard self.facts[place].tries > 0, !self.facts[place].isBarred, isWanted(place) else { continue }
            if let best {
                let isSooner =
                    (self.readyAt(place), self.facts[place].tries) < (self.readyAt(best), self.facts[best].tries)
                guard isSooner else { continue }
            }
            best = place
        }
        return best
    }

    /// When a place that was tried may be called again.
    private func readyAt(_ place: Int) -> UInt64 { max(self.backoffUntil, self.facts[place].notBefore) }

    private mutating func putOff(_ place: Int, by time: UInt64, at now: UInt64) {
        let until = Self.sum(now, max(time, Self.shortestPause))
        self.facts[place].notBefore = max(self.facts[place].notBefore, until)
    }

    // MARK: Parts

    /// Takes what a call needs, with none of the keys that have failed this request.
    private func take(_ place: Int, at now: UInt64, _ places: some CallPlaces) -> CallTaking {
        places.take(place, attempt: self.number &+ 1, avoiding: self.avoided(place, at: now), at: now)
    }

    func avoided(_ place: Int, at now: UInt64) -> KeySet {
        self.facts.isEmpty ? KeySet() : self.facts[place].avoided(at: now)
    }

    /// Asks the budget, once for each attempt at a provider that has failed this request. Another key instead of a refused one
    /// and a dead connection are not its business: the provider has not been burdened.
    private mutating func pay(for place: Int, at now: UInt64, _ places: some CallPlaces) -> Bool {
        guard !self.hasPaid else { return true }
        guard !self.budgetIsSpent else { return false }
        self.hasPaid = places.takeRetry(of: place, at: now)
        guard !self.hasPaid else { return true }
        self.budgetIsSpent = true
        self.steps.add(.retryBudgetSpent, place, at: now)
        return false
    }

    func providerHasFailed(_ place: Int, _ places: some CallPlaces) -> Bool {
        let provider = places.provider(of: place)
        return self.facts.indices.contains { self.facts[$0].hasFailed && places.provider(of: $0) == provider }
    }

    private mutating func enterQueue(of place: Int, at now: UInt64) -> DispatchOrder {
        self.state = .queued(place: place, since: now)
        return .queue(place)
    }

    /// False where it is not waited any more.
    private mutating func pause(until time: UInt64, for place: Int, at now: UInt64) -> Bool {
        guard time <= self.end, self.pauses < Self.maximumPauses else { return false }
        self.pauses &+= 1
        self.state = .paused(until: max(time, Self.sum(now, Self.shortestPause)), since: now, place: place)
        return true
    }
}
