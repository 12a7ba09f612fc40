public import Domain

/// Which of a request's places is called, and when: order, failover, retries, hedges, waiting. Without any I/O: it is told what
/// happened with the time it happened at (monotonic nanoseconds) and random bits, and answers what is to be done.
///
/// It does not make calls, keep time, or know what a reply is; it does not give back what it has taken for an attempt, which
/// the caller does when that attempt is over. Whoever drives it obeys one order after the other; while calls run it says how
/// they fare, and tells the time at `deadline`.
///
/// Invariants: at most `maximumAttempts` numbers; further attempts beyond the policy's retries only for another key of the
/// same place, a dead connection, or the one hedge; at most two calls at the same time; nothing after content, and nothing
/// after `.giveUp` or `.refuse`; no place before the time its provider has named.
///
/// States: `ready` → (`paused`: for a time) → (`queued`: for a place) → `calling` → … → `answered` or `over`; beside them an
/// attempt may be asked for.
public struct DispatchMachine: Sendable {
    /// Most attempts of one request, whatever they are for.
    public static let maximumAttempts: UInt8 = 9
    /// Most times a dead connection is made up for.
    static let maximumResends: UInt8 = 2
    /// Most times something is waited for.
    static let maximumPauses: UInt8 = 16
    /// Nanoseconds that places which are left alone are waited for, where nothing else can be called: 4 · `retryDelay`, at most
    /// this.
    static let longestPatience: UInt64 = 2_000_000_000
    /// Whoever says "soon" is not asked again before.
    static let shortestPause: UInt64 = 1_000_000

    enum State {
        case ready
        /// Until then, for that place.
        case paused(until: UInt64, since: UInt64, place: Int)
        case queued(place: Int, since: UInt64)
        case calling
        /// One call has content: nothing more is decided.
        case answered
        case over
    }

    let policy: RoutePolicy
    let timeLimit: UInt64
    var order: PlaceOrder
    var state = State.ready
    /// When the request has to be over.
    var end: UInt64 = .max
    /// Attempts for which all that is needed was taken.
    var number: UInt8 = 0
    /// Calls that run: the first of them, and the one beside it.
    var first: DispatchOrder.Attempt?
    var second: DispatchOrder.Attempt?
    var question: (attempt: DispatchOrder.Attempt, reason: DispatchOrder.Reason)?
    /// When the running call gets another one beside it.
    var hedgeDue: UInt64 = .max
    /// The hedge was made, or is out of the question.
    var hedgeIsDone = false
    /// Empty until something has failed.
    var facts: [PlaceFacts] = []
    var firstPlace = 0
    /// Attempts that the policy's retries are counted against.
    var retries: UInt8 = 0
    /// Attempts at places that had failed, after a pause.
    var repetitions: UInt8 = 0
    var resends: UInt8 = 0
    var pauses: UInt8 = 0
    /// Until when places that are left alone are waited for; 0 before the first such wait.
    var patientUntil: UInt64 = 0
    /// What was failed by can be tried nowhere.
    var isFinal = false
    var resendPlace: Int?
    /// Whose key was refused last.
    var keyPlace: Int?
    var backoffUntil: UInt64 = 0
    /// Taken from the budget and not used yet; refused by it.
    var hasPaid = false
    var budgetIsSpent = false
    /// Attempts that are over and may be billed, and those the edge has allowed (the first one with the request).
    var billable: UInt8 = 0
    var granted: UInt8 = 1
    var random: UInt64 = 0
    var steps = DispatchTrail()

    /// `places`: how many calls (targets) the request has, at most 64. `timeLimit`: nanoseconds the whole request may take; no
    /// wait is begun that ends later.
    public init(places: Int, policy: RoutePolicy, timeLimit: UInt64) {
        self.policy = policy
        self.timeLimit = timeLimit
        self.order = PlaceOrder(count: max(0, min(places, 64)))
    }

    // MARK: What there is

    /// When `timePassed` is wanted; `.max` for never.
    public var deadline: UInt64 {
        switch self.state {
        case .ready, .answered, .over: .max
        case .paused(let until, _, _): until
        case .queued: self.end
        case .calling: self.question == nil ? self.hedgeDue : .max
        }
    }

    /// At most two.
    public var running: [DispatchOrder.Attempt] {
        guard let first else { return [] }
        guard let second else { return [first] }
        return [first, second]
    }

    /// What the edge was asked for and has not answered.
    public var asked: DispatchOrder.Attempt? { self.question?.attempt }

    /// What led to the answer; empty where the first call was all there was. At most `TrailStep.maximumCount` steps.
    public var trail: [TrailStep] { self.steps.steps }

    /// Nothing is called any more.
    public var isOver: Bool {
        if case .over = self.state { true } else { false }
    }

    // MARK: What happens

    /// The request is ready to be sent. To be called once.
    public mutating func begin(at now: UInt64, random: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        guard case .ready = self.state, self.number == 0 else { return .wait }
        self.random = random
        self.steps.begin(at: now)
        self.end = Self.sum(now, self.timeLimit)
        if self.order.count > 1 {
            self.order = PlaceOrder(count: self.order.count, strategy: self.policy.strategy, places)
        }
        return self.chooseFirst(at: now, places)
    }

    /// A running attempt is over without an answer. Failures of other attempts (losers) change nothing.
    public mutating func failed(
        _ number: UInt8, _ failure: CallFailure, at now: UInt64, random: UInt64, _ places: some CallPlaces
    ) -> DispatchOrder {
        guard let attempt = self.removeRunning(number) else { return .wait }
        self.random = random
        self.hedgeDue = .max
        self.noteFailure(of: attempt, failure, at: now, places)
        if case .answered = self.state { return self.giveUp() }
        guard !failure.hadContent else { return self.giveUp() }
        // What runs, or may run soon, is waited for.
        guard self.first == nil else { return .wait }
        if self.isFinal { return self.giveUp() }
        guard self.question == nil else { return .wait }
        return self.chooseFurther(at: now, places)
    }

    /// A running attempt has content: it is the answer. Returns the numbers of the other running ones, which are to be ended.
    public mutating func hasContent(_ number: UInt8, at now: UInt64) -> [UInt8] {
        guard case .calling = self.state, let winner = self.running(number) else { return [] }
        let other = self.first?.number == number ? self.second : self.first
        self.state = .answered
        self.hedgeDue = .max
        self.first = winner
        self.second = nil
        guard let other else { return [] }
        self.steps.add(.hedgeLost, other.place, UInt32(other.number), at: now)
        return [other.number]
    }

    /// The edge has answered what was asked.
    public mutating func granted(_ isAllowed: Bool, at now: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        guard let (attempt, reason) = self.question.take() else { return .wait }
        guard case .calling = self.state else { return .wait }
        if isAllowed { self.granted &+= 1 } else { self.steps.add(.grantRefused, attempt.place, at: now) }
        guard reason == .hedge else {
            return isAllowed ? self.call(attempt, reason, at: now, places) : self.giveUp()
        }
        // Meanwhile the other call may have failed, and its provider may have said what forbids this one.
        guard isAllowed, self.first != nil || self.mayCall(attempt, at: now) else {
            if !self.facts.isEmpty { self.facts[attempt.place].tries &-= 1 }
            return self.first == nil ? self.chooseFurther(at: now, places) : .wait
        }
        return self.call(attempt, reason, at: now, places)
    }

    /// The queue has a place for the request.
    public mutating func turn(at now: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        guard case .queued(let place, let since) = self.state else { return .wait }
        switch places.take(place, attempt: self.number &+ 1, avoiding: self.avoided(place, at: now), at: now) {
        case .taken(let key):
            self.steps.add(.queued, place, nanoseconds: now > since ? now - since : 0, at: now)
            return self.start(place, key, self.number == 0 ? nil : self.reason(place), at: now, places)
        case .refused(.busy), .refused(.free):
            // Others were faster.
            return now < self.end ? .queue(place) : self.endQueue(0)
        case .refused(let standing):
            self.steps.add(.queued, place, nanoseconds: now > since ? now - since : 0, at: now)
            self.steps.passOver(place, standing, at: now)
            self.state = .ready
            return self.number == 0 ? self.chooseFirst(at: now, places) : self.chooseFurther(at: now, places)
        }
    }

    /// The queue does not take the request, or has no place for it in time. `retryAfter`: nanoseconds after which there may be one.
    public mutating func queueRefused(retryAfter: UInt64, at now: UInt64) -> DispatchOrder {
        guard case .queued(let place, _) = self.state else { return .wait }
        self.steps.add(.queueFull, place, nanoseconds: retryAfter, at: now)
        return self.endQueue(retryAfter)
    }

    /// To be called at `deadline`; harmless at any other time.
    public mutating func timePassed(at now: UInt64, random: UInt64, _ places: some CallPlaces) -> DispatchOrder {
        guard now >= self.deadline else { return .wait }
        self.random = random
        switch self.state {
        case .ready, .answered, .over: return .wait
        case .queued: return self.endQueue(0)
        case .calling: return self.hedge(at: now, places)
        case .paused(_, let since, let place):
            self.steps.add(.waited, place, nanoseconds: now > since ? now - since : 0, at: now)
            self.state = .ready
            return self.number == 0 ? self.chooseFirst(at: now, places) : self.chooseFurther(at: now, places)
        }
    }

    // MARK: Parts

    private func running(_ number: UInt8) -> DispatchOrder.Attempt? {
        if self.first?.number == number { return self.first }
        return self.second?.number == number ? self.second : nil
    }

    private mutating func removeRunning(_ number: UInt8) -> DispatchOrder.Attempt? {
        guard let attempt = self.running(number) else { return nil }
        if self.first?.number == number { self.first = self.second }
        self.second = nil
        return attempt
    }

    private mutating func endQueue(_ retryAfter: UInt64) -> DispatchOrder {
        guard self.number == 0 else { return self.giveUp() }
        self.state = .over
        return .refuse(.overloaded(retryAfter: retryAfter))
    }

    mutating func giveUp() -> DispatchOrder {
        self.state = .over
        self.hedgeDue = .max
        return .giveUp
    }

    /// The largest number where the sum is none.
    static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
