import Domain
import Resilience
import TestSupport

/// Drives a machine at random over places that change at random; a `DispatchLedger` keeps books of what may be done.
final class DispatchModel {
    let ledger: DispatchLedger
    private var random: SplitMix
    private var machine: DispatchMachine
    private var now: UInt64
    private var isOver = false
    /// Of 8: how often a place is free, and of 32: how often a call has content.
    private let luck: UInt64

    init(seed: UInt64, tellsStory: Bool = false) {
        var random = SplitMix(seed: seed)
        let count = random.next() % 64 == 0 ? 64 : [1, 1, 2, 2, 3, 3, 4, 8][Int(random.next() % 8)]
        let hedges: [RoutePolicy.HedgeDelay?] = [nil, nil, .time(random.next() % 3_000), .percentile(90)]
        let policy = RoutePolicy(
            strategy: RoutePolicy.Strategy.allCases[Int(random.next() % 5)], retries: UInt8(random.next() % 9),
            retryDelay: [0, 1, 500, 500, 20_000, .max][Int(random.next() % 6)],
            hedgeAfter: hedges[Int(random.next() % 4)])
        let timeLimit: UInt64 = [10_000_000, 3_000_000_000, 600_000_000_000, .max][Int(random.next() % 4)]
        self.luck = random.next() % 8
        // A clock near its end shows arithmetic that wraps.
        self.now = random.next() % 16 == 0 ? .max - random.next() % 10_000_000_000 : random.next() % (1 << 50)
        self.machine = DispatchMachine(places: count, policy: policy, timeLimit: timeLimit)
        self.ledger = DispatchLedger(
            places: count, policy: policy, start: self.now, timeLimit: timeLimit, random: random.next(),
            tellsStory: tellsStory)
        self.random = random
    }

    func run() {
        for place in 0..<self.ledger.count { self.ledger.set(self.randomStanding(), of: place) }
        self.ledger.now = self.now
        self.obey("begin", self.machine.begin(at: self.now, random: self.random.next(), self.ledger))
        var steps = 0
        while !self.isOver {
            steps += 1
            guard steps < 1_000 else { return self.ledger.breach("it does not end") }
            self.step()
            self.ledger.check(self.machine)
        }
        self.afterTheEnd()
    }

    private func chance(_ eighths: UInt64) -> Bool { self.random.next() % 8 < eighths }

    private func wait(_ time: UInt64) {
        let (sum, overflow) = self.now.addingReportingOverflow(time)
        self.now = overflow ? .max : sum
        self.ledger.now = self.now
    }

    private func step() {
        if self.chance(3) {
            self.ledger.set(self.randomStanding(), of: Int(self.random.next() % UInt64(self.ledger.count)))
        }
        let running = self.ledger.running
        if let asked = self.ledger.asked {
            // A running call may end before the edge answers.
            if !running.isEmpty, self.chance(3) { return self.callEvent(running) }
            let isAllowed = self.chance(6)
            self.ledger.answered(isAllowed)
            let order = self.machine.granted(isAllowed, at: self.now, self.ledger)
            if order != .call(asked.attempt) { self.ledger.givenBack(asked.attempt) }
            return self.obey("granted \(isAllowed)", order)
        }
        if self.ledger.isQueued {
            self.wait(self.random.next() % 2_000_000_000)
            if self.now < self.machine.deadline {
                self.ledger.isQueued = false
                guard self.chance(1) else {
                    self.ledger.hasTurn = true
                    self.obey("turn", self.machine.turn(at: self.now, self.ledger))
                    self.ledger.hasTurn = false
                    return
                }
                return self.obey(
                    "queue refused", self.machine.queueRefused(retryAfter: self.random.next(), at: self.now))
            }
        }
        if running.isEmpty || (self.machine.deadline != .max && self.chance(4)) { return self.passTime() }
        self.callEvent(running)
    }

    private func passTime() {
        let deadline = self.machine.deadline
        if deadline > self.now, self.chance(2) {
            self.wait(self.random.next() % (deadline - self.now))
            let order = self.machine.timePassed(at: self.now, random: self.random.next(), self.ledger)
            if order != .wait { self.ledger.breach("\(order) before the time") }
            return
        }
        if deadline > self.now { self.wait(deadline - self.now) }
        self.ledger.isQueued = false
        self.obey(
            "time passed", self.machine.timePassed(at: self.now, random: self.random.next(), self.ledger))
    }

    private func callEvent(_ running: [DispatchOrder.Attempt]) {
        let attempt = running[Int(self.random.next() % UInt64(running.count))]
        let time = self.random.next() % 400_000_000
        self.wait(min(time, self.machine.deadline > self.now ? self.machine.deadline - self.now : 0))
        if !self.ledger.isAnswered, self.random.next() % 32 < self.luck {
            let losers = self.machine.hasContent(attempt.number, at: self.now)
            self.ledger.hasContent(attempt, losers)
            for number in losers {
                let order = self.machine.failed(number, CallFailure(.own), at: self.now, random: 0, self.ledger)
                if order != .wait { self.ledger.breach("\(order) after a loser's end") }
            }
            // Most often it ends whole.
            self.isOver = self.chance(6)
            return
        }
        var failure = self.randomFailure()
        if self.ledger.isAnswered { failure.hadContent = self.chance(4) }
        self.ledger.failed(attempt, failure)
        self.obey(
            "failed \(attempt.number)",
            self.machine.failed(attempt.number, failure, at: self.now, random: self.random.next(), self.ledger))
    }

    private func obey(_ event: @autoclosure () -> String, _ order: DispatchOrder) {
        self.ledger.tell("\(event()) → \(order)")
        self.ledger.ordered(order, self.machine)
        switch order {
        case .giveUp, .refuse: self.isOver = true
        case .wait, .call, .ask, .queue: break
        }
    }

    /// Nothing comes after an end, whatever is said. (After a whole answer the machine only knows that there was content.)
    private func afterTheEnd() {
        var orders = [
            self.machine.granted(true, at: self.now, self.ledger), self.machine.turn(at: self.now, self.ledger),
            self.machine.queueRefused(retryAfter: 0, at: self.now),
            self.machine.timePassed(at: .max, random: 0, self.ledger),
            self.machine.begin(at: self.now, random: 0, self.ledger),
        ]
        for number in UInt8(0)...10 {
            let order = self.machine.failed(number, CallFailure(.reset), at: self.now, random: 0, self.ledger)
            orders.append(order == .giveUp ? .wait : order)
        }
        if orders.contains(where: { $0 != .wait }) { self.ledger.breach("\(orders) after the end") }
    }

    // MARK: Chance

    private func randomTime() -> UInt64 {
        switch self.random.next() % 8 {
        case 0: 0
        case 1...4: self.random.next() % 2_500_000_000
        case 5, 6: self.random.next() % 70_000_000_000
        default: self.random.next() % 4 == 0 ? .max : self.random.next() % 86_400_000_000_000
        }
    }

    private func randomStanding() -> CallStanding {
        guard !self.chance(self.luck) else { return .free }
        return switch self.random.next() % 6 {
        case 0, 1: .busy
        case 2: .breakerOpen(self.randomTime())
        case 3: .keysCooling(self.randomTime())
        case 4: .keysLimited(self.randomTime())
        default: .keysOut
        }
    }

    private static let kinds: [CallFailure.Kind] = [
        .connect, .reset, .firstToken, .stalled, .badReply, .status(429), .status(429), .status(500), .status(503),
        .status(529), .status(401), .status(402), .status(403), .status(408), .status(409), .reset,
    ]

    private func randomFailure() -> CallFailure {
        var failure = CallFailure(Self.kinds[Int(self.random.next() % 16)])
        if self.random.next() % 24 == 0 { failure.kind = self.chance(4) ? .own : .status(400) }
        if self.chance(3) { failure.advice.after = self.randomTime() }
        if self.random.next() % 8 == 0 { failure.advice.shouldRetry = self.chance(4) }
        if self.chance(3) { failure.billed = self.chance(4) ? .unknown : .yes }
        if failure.kind == .reset, self.chance(4) {
            failure.metDeadConnection = true
            failure.advice = RetryAdvice()
        }
        failure.hadContent = self.random.next() % 64 == 0
        return failure
    }
}
