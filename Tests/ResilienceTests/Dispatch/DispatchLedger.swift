import Domain
import Resilience
import TestSupport

/// The books of a random run: places as they are, what became of the request at each, and each breach of a rule. Reckons from the
/// rules as they are written, not as the machine does.
final class DispatchLedger {
    private struct Book {
        var provider: Int
        var keys: [UInt8]
        var standing = CallStanding.free
        var isUntried = true
        var isBarred = false
        var hasFailed = false
        var refusedKeys = KeySet()
        /// Until when the provider wants no call: with a key (429), or at all.
        var keyUntil: [UInt64] = [0, 0, 0]
        var until: UInt64 = 0
        /// When `take` was last refused although the place was free.
        var overtakenAt: UInt64?
    }

    struct Asked {
        var attempt: DispatchOrder.Attempt
        var reason: DispatchOrder.Reason
    }

    private(set) var breaches: [String] = []
    private(set) var story: [String] = []
    var now: UInt64 = 0
    var isQueued = false
    /// The queue gives its place, whichever else has become free.
    var hasTurn = false
    private(set) var running: [DispatchOrder.Attempt] = []
    private(set) var asked: Asked?
    private(set) var isAnswered = false
    /// Calls that went out, by what they were.
    private(set) var calls = 0
    private(set) var counted = 0
    private(set) var resends = 0
    private(set) var otherKeys = 0
    private(set) var hedges = 0

    private var books: [Book]
    private let policy: RoutePolicy
    private let start: UInt64
    private let end: UInt64
    private var random: SplitMix
    private let tellsStory: Bool
    /// Taken and not given back, by number; the one taken last is to be used by the next order.
    private var taken: [UInt8: DispatchOrder.Attempt] = [:]
    private var justTaken: UInt8?
    private var highest: UInt8 = 0
    private var runningSince: UInt64 = 0
    private var grants = 1
    private var billed = 0
    private var paid = 0
    private var repeated = 0
    private var hedgesPaid = 0
    private var isFinal = false
    private var isPlain = true
    private var last: (attempt: DispatchOrder.Attempt, failure: CallFailure)?

    var count: Int { self.books.count }

    init(places: Int, policy: RoutePolicy, start: UInt64, timeLimit: UInt64, random: UInt64, tellsStory: Bool) {
        var source = SplitMix(seed: random)
        self.policy = policy
        self.start = start
        let (end, overflow) = start.addingReportingOverflow(timeLimit)
        self.end = overflow ? .max : end
        self.books = (0..<places).map { _ in
            Book(provider: Int(source.next() % 4), keys: [[0], [0, 1], [2, 0, 1]][Int(source.next() % 3)])
        }
        self.random = source
        self.tellsStory = tellsStory
    }

    func breach(_ text: String) { self.breaches.append(text) }

    func tell(_ text: @autoclosure () -> String) {
        if self.tellsStory { self.story.append("\((self.now &- self.start) / 1_000) µs: \(text())") }
    }

    func set(_ standing: CallStanding, of place: Int) { self.books[place].standing = standing }

    // MARK: What happened

    func answered(_ isAllowed: Bool) {
        if isAllowed { self.grants += 1 }
        // A hedge that content has overtaken leaves nothing behind.
        if !self.isAnswered { self.isPlain = false }
    }

    func givenBack(_ attempt: DispatchOrder.Attempt) {
        self.taken[attempt.number] = nil
        self.asked = nil
    }

    func hasContent(_ attempt: DispatchOrder.Attempt, _ losers: [UInt8]) {
        self.tell("content \(attempt.number)")
        if losers != self.running.map(\.number).filter({ $0 != attempt.number }) { self.breach("losers \(losers)") }
        self.isAnswered = true
        self.running = [attempt]
    }

    func failed(_ attempt: DispatchOrder.Attempt, _ failure: CallFailure) {
        self.tell("\(failure)")
        self.isPlain = false
        self.running.removeAll { $0 == attempt }
        if failure.billed != .no { self.billed += 1 }
        self.last = (attempt, failure)
        let place = attempt.place
        self.books[place].hasFailed = true
        var isOfKey = false
        var bars = failure.advice.shouldRetry == false
        if failure.hadContent || failure.kind == .own && attempt.number == 1 { self.isFinal = true }
        if failure.kind == .own, attempt.number > 1 { bars = true }
        if case .status(let status) = failure.kind, failure.advice.shouldRetry != true {
            if status == 400 { self.isFinal = true }
            isOfKey = (401...403).contains(status)
            if isOfKey {
                bars = false
                for other in self.books.indices where other == place || (status != 403 && self.isSame(other, place)) {
                    self.books[other].refusedKeys.insert(attempt.key)
                }
            }
        }
        if bars { self.books[place].isBarred = true }
        guard let after = failure.advice.after, !isOfKey else { return }
        let (sum, overflow) = self.now.addingReportingOverflow(after)
        let until = overflow ? .max : sum
        if failure.kind == .status(429) {
            let key = Int(attempt.key)
            self.books[place].keyUntil[key] = max(self.books[place].keyUntil[key], until)
        } else {
            self.books[place].until = max(self.books[place].until, until)
        }
    }

    private func isSame(_ a: Int, _ b: Int) -> Bool { self.books[a].provider == self.books[b].provider }

    // MARK: What is ordered

    func ordered(_ order: DispatchOrder, _ machine: DispatchMachine) {
        let justTaken = self.justTaken.take()
        switch order {
        case .call(let attempt), .ask(let attempt, _):
            if self.taken[attempt.number] != attempt { self.breach("\(attempt) was not taken") }
            if let justTaken, justTaken != attempt.number { self.breach("\(justTaken) was taken for nothing") }
            if self.isAnswered || self.isFinal { self.breach("\(order) after the end") }
        case .wait, .queue, .giveUp, .refuse:
            if let justTaken { self.breach("\(justTaken) was taken for nothing") }
        }
        switch order {
        case .call(let attempt):
            if self.asked?.attempt == attempt {
                self.asked = nil
            } else {
                if self.calls > 0, self.billed + self.running.count >= self.grants { self.breach("unasked \(attempt)") }
                self.begun(attempt, nil)
            }
            self.called(attempt)
        case .ask(let attempt, let reason):
            if reason != .hedge, self.billed + self.running.count < self.grants { self.breach("needless \(attempt)") }
            self.begun(attempt, reason)
            self.asked = Asked(attempt: attempt, reason: reason)
        case .queue(let place):
            if !self.running.isEmpty || place < 0 || place >= self.count { self.breach("queues at \(place)") }
            self.isQueued = true
            self.isPlain = false
        case .wait: if self.running.isEmpty, self.asked == nil { self.waits(machine.deadline) }
        case .giveUp: if self.calls == 0 { self.breach("gives up without a call") }
        case .refuse: if self.calls > 0 { self.breach("refuses after a call") }
        }
    }

    private func waits(_ deadline: UInt64) {
        self.isPlain = false
        // At the clock's end all times are one.
        guard self.now < .max - 60_000_000_000 else { return }
        if deadline == .max { return self.breach("waits for nothing") }
        guard deadline > self.now else { return self.breach("waits for what is over") }
        let time = deadline - self.now
        if deadline > self.end, time > 1_000_000 { self.breach("waits beyond the end") }
        let patience = self.policy.retryDelay > 500 ? 2_000_000_000 : self.policy.retryDelay * 4_000_000
        if time > max(1_000_000, self.calls == 0 ? patience : 10_000_000_000) { self.breach("waits for \(time)") }
    }

    /// An attempt was taken for; `reason` where it was said.
    private func begun(_ attempt: DispatchOrder.Attempt, _ reason: DispatchOrder.Reason?) {
        let book = self.books[attempt.place]
        guard let last, reason != .hedge else {
            if reason == .hedge { self.hedgeBegun() }
            return
        }
        if !self.running.isEmpty { return self.breach("\(attempt) beside another") }
        let isSamePlace = attempt.place == last.attempt.place
        if isSamePlace, RetryRule.verdict(last.failure) == .otherKey {
            self.otherKeys += 1
            return
        }
        if isSamePlace, last.failure.metDeadConnection, self.resends < 2 {
            self.resends += 1
            return
        }
        self.counted += 1
        if self.books.indices.contains(where: { self.books[$0].hasFailed && self.isSame($0, attempt.place) }) {
            self.repeated += 1
        }
        if book.isBarred { self.breach("\(attempt) where it is forbidden") }
        guard !book.isUntried, !self.hasTurn else { return }
        for other in self.books.indices {
            let other = self.books[other]
            guard other.isUntried, other.standing == .free, other.overtakenAt != self.now else { continue }
            guard other.keys.contains(where: { !other.refusedKeys.contains($0) }) else { continue }
            return self.breach("\(attempt) before one not tried")
        }
    }

    private func hedgeBegun() {
        self.hedges += 1
        if self.running.count != 1 || self.hedgesPaid == 0 { self.breach("a hedge") }
        if case .time(let milliseconds) = self.policy.hedgeAfter {
            if self.now - self.runningSince < milliseconds * 1_000_000 { self.breach("an early hedge") }
        } else if self.policy.hedgeAfter == nil {
            self.breach("an unwanted hedge")
        }
    }

    private func called(_ attempt: DispatchOrder.Attempt) {
        self.calls += 1
        if self.running.isEmpty { self.runningSince = self.now }
        self.running.append(attempt)
        self.books[attempt.place].isUntried = false
        let book = self.books[attempt.place]
        if self.now < book.until || self.now < book.keyUntil[Int(attempt.key)] { self.breach("\(attempt) is early") }
        if book.refusedKeys.contains(attempt.key) { self.breach("\(attempt) with a refused key") }
    }

    // MARK: What always holds

    func check(_ machine: DispatchMachine) {
        if self.running.count > 2 || self.hedges > 1 { self.breach("\(self.running.count) run, \(self.hedges) hedges") }
        if machine.trail.count > TrailStep.maximumCount { self.breach("a long trail") }
        if machine.trail.isEmpty != self.isPlain { self.breach(self.isPlain ? "a trail of a plain call" : "no trail") }
        if !machine.isOver, machine.running != self.running { self.breach("runs \(machine.running)") }
        if self.counted > Int(self.policy.retries) { self.breach("\(self.counted) retries") }
        if self.repeated > self.paid { self.breach("\(self.repeated) repetitions, \(self.paid) paid for") }
        if self.highest > DispatchMachine.maximumAttempts || self.hedgesPaid > 1 { self.breach("too many") }
    }
}

extension DispatchLedger: CallPlaces {
    func standing(of place: Int, at now: UInt64) -> CallStanding {
        if self.books[place].standing != .free { self.isPlain = false }
        return self.books[place].standing
    }

    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking {
        guard self.books.indices.contains(place) else {
            self.breach("place \(place)")
            return .refused(.keysOut)
        }
        let book = self.books[place]
        if book.standing == .free, self.random.next() % 16 == 0 {
            self.books[place].overtakenAt = now
            self.isPlain = false
            return .refused([.busy, .free, .breakerOpen(5), .keysLimited(1 << 30)][Int(self.random.next() % 4)])
        }
        guard book.standing == .free else {
            self.isPlain = false
            return .refused(book.standing)
        }
        guard let key = book.keys.first(where: { !keys.contains($0) }) else { return .refused(.keysOut) }
        if self.justTaken != nil || number <= self.highest { self.breach("\(number) is taken twice") }
        self.highest = number
        self.justTaken = number
        self.taken[number] = DispatchOrder.Attempt(number: number, place: place, key: key)
        return .taken(key: key)
    }

    func latency(of place: Int) -> UInt64? { place % 3 == 0 ? nil : UInt64(100 - place) }
    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64? { place % 3 == 0 ? nil : 200_000_000 }
    func load(of place: Int) -> UInt32 { UInt32(place * 7 % 5) }
    func provider(of place: Int) -> Int { self.books[place].provider }

    func takeRetry(of place: Int, at now: UInt64) -> Bool {
        guard self.random.next() % 8 > 0 else { return false }
        self.paid += 1
        return true
    }

    func takeHedge(at now: UInt64) -> Bool {
        guard self.random.next() % 8 > 0 else {
            self.isPlain = false
            return false
        }
        self.hedgesPaid += 1
        return true
    }
}
