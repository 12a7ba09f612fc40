import Domain

/// What happens to a slot: each of these is one exchange of its word.
extension SlotImage {
    /// Counts requests in the windows.
    @inline(always)
    func count(_ requests: Int64, _ moment: WindowMoment) {
        self.touch(moment.now)
        self.count(requests, Word.requestsMinute, moment.minute)
        self.count(requests, Word.requestsHour, moment.hour)
        self.count(requests, Word.requestsDay, moment.day)
    }

    @inline(always)
    private func count(_ requests: Int64, _ word: Int, _ place: WindowMoment.Place) {
        var window = self.requests(word)
        window.roll(to: place)
        window.current = Amount.sum(window.current, requests)
        self.setRequests(word, window)
    }

    /// Holds for the owner of `place`, who is `instance`.
    @inline(always)
    func hold(_ want: Want, place: Int, instance: UInt32) {
        let start = self.own(place, instance)
        if want.isOneMore, self[start] & 0xFFFF_FFFF != 0xFFFF_FFFF { self[start] += 1 }
        let (tokens, cost) = (start + PlaceWord.tokens, start + PlaceWord.cost)
        self[tokens] = UInt64(bitPattern: Amount.sum(Amount.of(self[tokens]), want.tokens))
        self[cost] = UInt64(bitPattern: Amount.sum(Amount.of(self[cost]), want.cost))
    }

    /// Holds that much less for the owner of `place`.
    @inline(always)
    func release(_ want: Want, place: Int, instance: UInt32) {
        let start = self.own(place, instance)
        if want.isOneMore, self[start] & 0xFFFF_FFFF != 0 { self[start] -= 1 }
        let (tokens, cost) = (start + PlaceWord.tokens, start + PlaceWord.cost)
        self[tokens] = UInt64(bitPattern: Amount.rest(Amount.of(self[tokens]), want.tokens))
        self[cost] = UInt64(bitPattern: Amount.rest(Amount.of(self[cost]), want.cost))
    }

    /// The place's first word; whatever another instance has left there is gone.
    @inline(always)
    private func own(_ place: Int, _ instance: UInt32) -> Int {
        let start = self.start(of: place)
        if UInt32(truncatingIfNeeded: self[start] >> 32) != instance {
            self[start + PlaceWord.owner] = UInt64(instance) << 32
            self[start + PlaceWord.tokens] = 0
            self[start + PlaceWord.cost] = 0
            self[start + PlaceWord.sequence] = 0
        }
        return start
    }

    /// Takes back requests that were counted in an image whose windows were those of `counted`.
    func uncount(_ requests: Int64, countedIn counted: SlotImage) {
        for word in [Word.requestsMinute, Word.requestsHour, Word.requestsDay] {
            var window = self.requests(word)
            window.take(requests, countedIn: counted[word])
            self.setRequests(word, window)
        }
    }

    /// Counts what was used, in the windows of now and in the periods that are given.
    @inline(always)
    func use(_ use: LimitUse, _ moment: WindowMoment, _ periods: CalendarPeriods) {
        self.touch(moment.now)
        let (tokens, cost) = (max(0, use.tokens), max(0, use.cost))
        self.add(tokens, Word.tokensMinute, moment.minute)
        self.add(tokens, Word.tokensDay, moment.day)
        self.add(tokens, cost, Word.day, periods.day)
        self.add(tokens, cost, Word.week, periods.week)
        self.add(tokens, cost, Word.month, periods.month)
        self[Word.totalTokens] = UInt64(bitPattern: Amount.sum(Amount.of(self[Word.totalTokens]), tokens))
        self[Word.totalCost] = UInt64(bitPattern: Amount.sum(Amount.of(self[Word.totalCost]), cost))
    }

    @inline(always)
    private func add(_ tokens: Int64, _ word: Int, _ place: WindowMoment.Place) {
        var window = self.tokens(word)
        window.roll(to: place)
        window.current = Amount.sum(window.current, tokens)
        self.setTokens(word, window)
    }

    @inline(always)
    private func add(_ tokens: Int64, _ cost: Int64, _ word: Int, _ id: UInt32) {
        if self[word] & RecentPeriods.idBits == UInt64(id) {
            // As a rule: only the first one changes.
            self[word + 1] = UInt64(bitPattern: Amount.sum(Amount.of(self[word + 1]), tokens))
            self[word + 2] = UInt64(bitPattern: Amount.sum(Amount.of(self[word + 2]), cost))
            return
        }
        var periods = self.periods(word)
        periods.add(id, tokens: tokens, cost: cost)
        self.setPeriods(word, periods)
    }

    /// Notes the last settle that was applied for the owner of `place`.
    @inline(always)
    func setSequence(_ sequence: UInt64, place: Int) {
        self[self.start(of: place) + PlaceWord.sequence] = sequence
    }

    /// Whether it is as if nothing had ever been counted: windows over, nothing held, no budget that is not over. Leaks are cleared
    /// before.
    func isIdle(_ moment: WindowMoment, _ periods: CalendarPeriods) -> Bool {
        guard self[Word.totalTokens] == 0, self[Word.totalCost] == 0, self.held.isNothing else { return false }
        for kind in [
            LimitKind.requestsPerMinute, .requestsPerHour, .requestsPerDay, .tokensPerMinute, .tokensPerDay,
        ] {
            guard let (window, _) = self.window(kind, moment) else { continue }
            if window.current != 0 || window.previous != 0 { return false }
        }
        return !self.periods(Word.day).isCurrent(periods.day) && !self.periods(Word.week).isCurrent(periods.week)
            && !self.periods(Word.month).isCurrent(periods.month)
    }
}
