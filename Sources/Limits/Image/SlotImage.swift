import Domain

/// All that is counted for one key, as words in this process's own memory: a copy of a cell, which is changed and then swapped for
/// the cell.
///
/// The words may be anything: amounts are taken as at least 0, sums stop at the largest number, places are bounded. Two amounts that
/// belong together are changed in the same image, so that all of it counts or none.
// SAFETY: `words` has room for `fixedWords` and `places` × `placeWords`, for as long as its owner lives; places are checked against
// `places` before they are touched, and all other indexes are constants.
@safe struct SlotImage {
    static let fixedWords = 38
    static let placeWords = 4

    enum Word {
        static let keyHigh = 0
        static let keyLow = 1
        /// {time of the last use 44 | places with something in them 12 | scope 8}.
        static let meta = 2
        /// Windows of requests: {index}, {counted in it 32 | in the one before 32}.
        static let requestsMinute = 3
        static let requestsHour = 5
        static let requestsDay = 7
        /// Windows of tokens: {index}, {counted in it}, {in the one before}.
        static let tokensMinute = 9
        static let tokensDay = 12
        /// Periods used last: {ids, of the first, second and third 20 each}, {tokens}, {cost} of the first, second and third.
        static let day = 15
        static let week = 22
        static let month = 29
        static let totalTokens = 36
        static let totalCost = 37
    }

    /// Words of a place, from its first one.
    enum PlaceWord {
        /// {instance 32 | requests at this time 32}.
        static let owner = 0
        static let tokens = 1
        static let cost = 2
        /// The last settle that was applied.
        static let sequence = 3
    }

    let words: UnsafeMutablePointer<UInt64>
    let places: Int

    @inline(always)
    init(words: UnsafeMutablePointer<UInt64>, places: Int) {
        unsafe self.words = words
        self.places = places
    }

    @inline(always)
    subscript(_ word: Int) -> UInt64 {
        get { unsafe self.words[word] }
        nonmutating set { unsafe self.words[word] = newValue }
    }

    /// Makes it the image of a key for which nothing has been counted.
    func reset(_ key: LimitKey, _ scope: LimitScope) {
        for word in 0..<Self.fixedWords { self[word] = 0 }
        self[Word.keyHigh] = key.high
        self[Word.keyLow] = key.low
        self[Word.meta] = UInt64(scope.rawValue)
    }

    @inline(always)
    func isOf(_ key: LimitKey) -> Bool { self.isOf((key.high, key.low)) }

    @inline(always)
    func isOf(_ key: (high: UInt64, low: UInt64)) -> Bool {
        self[Word.keyHigh] == key.high && self[Word.keyLow] == key.low
    }

    // MARK: Meta

    /// Milliseconds of the table's clock, 44 bits of them.
    @inline(always)
    var lastUse: UInt64 { self[Word.meta] >> 20 }

    @inline(always)
    func touch(_ now: UInt64) {
        let last = self.lastUse
        if now > last { self[Word.meta] = now << 20 | self[Word.meta] & 0xF_FFFF }
    }

    /// Places behind these have nothing in them, and no words.
    @inline(always)
    var usedPlaces: Int { Int(self[Word.meta] >> 8 & 0xFFF) }

    @inline(always)
    private func setUsedPlaces(_ count: Int) {
        self[Word.meta] = self[Word.meta] & ~0xF_FF00 | UInt64(count) << 8
    }

    /// Corrects a number of places that cannot be.
    @inline(always)
    func boundPlaces() {
        if self.usedPlaces > self.places { self.setUsedPlaces(self.places) }
    }

    /// The first word of a place, which has words from now on.
    @inline(always)
    func start(of place: Int) -> Int {
        let place = min(max(0, place), self.places - 1)
        if place >= self.usedPlaces {
            let from = Self.fixedWords + self.usedPlaces * Self.placeWords
            let to = Self.fixedWords + (place + 1) * Self.placeWords
            for word in from..<to { self[word] = 0 }
            self.setUsedPlaces(place + 1)
        }
        return Self.fixedWords + place * Self.placeWords
    }

    // MARK: Windows and periods

    @inline(always)
    func requests(_ word: Int) -> SlidingWindow {
        let counts = self[word + 1]
        return SlidingWindow(
            index: self[word], current: Int64(counts & 0xFFFF_FFFF), previous: Int64(counts >> 32))
    }

    @inline(always)
    func setRequests(_ word: Int, _ window: SlidingWindow) {
        self[word] = window.index
        let most: Int64 = 0xFFFF_FFFF
        self[word + 1] = UInt64(min(window.previous, most)) << 32 | UInt64(min(window.current, most))
    }

    @inline(always)
    func tokens(_ word: Int) -> SlidingWindow {
        SlidingWindow(
            index: self[word], current: Amount.of(self[word + 1]), previous: Amount.of(self[word + 2]))
    }

    @inline(always)
    func setTokens(_ word: Int, _ window: SlidingWindow) {
        self[word] = window.index
        self[word + 1] = UInt64(bitPattern: window.current)
        self[word + 2] = UInt64(bitPattern: window.previous)
    }

    @inline(always)
    func periods(_ word: Int) -> RecentPeriods {
        let ids = self[word]
        func period(_ number: Int) -> RecentPeriods.Period {
            .init(
                id: UInt32(ids >> UInt64(20 * number) & RecentPeriods.idBits),
                tokens: Amount.of(self[word + 1 + 2 * number]), cost: Amount.of(self[word + 2 + 2 * number]))
        }
        return RecentPeriods(first: period(0), second: period(1), third: period(2))
    }

    /// What was used in the period `id` of those at `word`.
    @inline(always)
    func used(_ word: Int, _ id: UInt32) -> (tokens: Int64, cost: Int64) {
        if self[word] & RecentPeriods.idBits == UInt64(id) {
            // As a rule it is the first one.
            return (Amount.of(self[word + 1]), Amount.of(self[word + 2]))
        }
        return self.usedEarlier(word, id)
    }

    @inline(never)
    private func usedEarlier(_ word: Int, _ id: UInt32) -> (tokens: Int64, cost: Int64) {
        let period = self.periods(word).used(id)
        return (period.tokens, period.cost)
    }

    @inline(always)
    func setPeriods(_ word: Int, _ periods: RecentPeriods) {
        func bits(_ id: UInt32) -> UInt64 { UInt64(id) & RecentPeriods.idBits }
        self[word] = bits(periods.first.id) | bits(periods.second.id) << 20 | bits(periods.third.id) << 40
        self[word + 1] = UInt64(bitPattern: periods.first.tokens)
        self[word + 2] = UInt64(bitPattern: periods.first.cost)
        self[word + 3] = UInt64(bitPattern: periods.second.tokens)
        self[word + 4] = UInt64(bitPattern: periods.second.cost)
        self[word + 5] = UInt64(bitPattern: periods.third.tokens)
        self[word + 6] = UInt64(bitPattern: periods.third.cost)
    }

    // MARK: What is held

    /// What is held, by all places together.
    struct Held: Hashable {
        var requests: Int64 = 0
        var tokens: Int64 = 0
        var cost: Int64 = 0

        var isNothing: Bool { self.requests == 0 && self.tokens == 0 && self.cost == 0 }
    }

    /// Forgets what somebody holds who is not the owner of his place any more. `owner` says who is, as of after the image was read.
    @inline(always)
    func clearLeaks(_ owner: (Int) -> UInt32) {
        for place in 0..<self.usedPlaces {
            let start = Self.fixedWords + place * Self.placeWords
            let instance = UInt32(truncatingIfNeeded: self[start] >> 32)
            guard instance != 0 || self[start] != 0 || self[start + 1] != 0 || self[start + 2] != 0 else { continue }
            if instance != owner(place) { self.clear(at: start) }
        }
    }

    @inline(always)
    private func clear(at start: Int) {
        self[start + PlaceWord.owner] = 0
        self[start + PlaceWord.tokens] = 0
        self[start + PlaceWord.cost] = 0
        self[start + PlaceWord.sequence] = 0
    }

    @inline(always)
    var held: Held {
        var held = Held()
        for place in 0..<self.usedPlaces {
            let start = Self.fixedWords + place * Self.placeWords
            held.requests += Int64(self[start] & 0xFFFF_FFFF)
            held.tokens = Amount.sum(held.tokens, Amount.of(self[start + PlaceWord.tokens]))
            held.cost = Amount.sum(held.cost, Amount.of(self[start + PlaceWord.cost]))
        }
        return held
    }

    /// Whose what is held in a place is; 0 for nobody.
    func instance(at place: Int) -> UInt32 {
        guard place >= 0, place < self.usedPlaces else { return 0 }
        return UInt32(truncatingIfNeeded: self[Self.fixedWords + place * Self.placeWords] >> 32)
    }

    /// The last settle of the place's owner that was applied here.
    func sequence(at place: Int) -> UInt64 {
        guard place >= 0, place < self.usedPlaces else { return 0 }
        return self[Self.fixedWords + place * Self.placeWords + PlaceWord.sequence]
    }

    /// Empties a place.
    func clear(place: Int) {
        guard place >= 0, place < self.usedPlaces else { return }
        self.clear(at: Self.fixedWords + place * Self.placeWords)
    }
}
