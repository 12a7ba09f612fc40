internal import Domain
internal import Platform
internal import Resilience

/// Where requests wait that find a provider with as many calls as it may have; and this worker's share of its connections.
///
/// One for each `ProviderPool`, on the worker's loop. The places that all upstreams share are not its business but the waiters':
/// a turn is the leave to try. The next in line is tried when a call of this worker ends, at the end of that turn of the
/// loop, one for each; and while others may hold places, every 5 ms. Nobody overtakes those that wait: `take` refuses
/// whoever has no turn. One that fails to get its place stays at the front.
///
/// Who hears of a place at once would keep it for ever, and a worker without any would wait as long. So one that holds fewer than
/// its part says so to the others, and who has that leaves what is freed to them; where there are fewer places than workers, to
/// whoever looks first.
///
/// Invariant: each that entered either has its turn (`used`), leaves by itself, or hears that it waited in vain; once.
final class ProviderGate: TurnEndHandler {
    enum Entering: Hashable {
        case waits(QueueTicket)
        /// The queue is full or would take too long: nanoseconds after which another try may have more luck.
        case refused(retryAfter: UInt64)
    }

    /// Nanoseconds between two tries to get a place that another worker may have freed.
    static let pollInterval: UInt64 = 5_000_000
    /// What is answered while nobody knows how long calls take, and the least that is ever answered.
    static let shortestRetry: UInt64 = 1_000_000_000

    private let settings: ProviderSettings
    private let counter: AttemptCounter
    /// Set before the first place is taken, where there are others.
    var neighbours: (any PlaceNeighbours)?
    private var queue: FairQueue
    /// By their tickets' numbers.
    private var waiters: [(any GateWaiter)?] = []
    /// Connections this worker may have to the provider.
    private(set) var share: Int
    /// This worker's part of the places that all share, rounded up; nil where the provider has no such.
    private var part: Int?
    /// There are fewer places than workers.
    private var isScarce = false
    /// Those in use or being made.
    private(set) var inUse = 0
    /// Calls that ended and whose places nobody was offered yet.
    private var freed = 0
    private var isGivingTurn = false
    private var loop: EpollLoop?
    private var isAwake = false
    private var timer: LoopTimer?
    private var timerDue: UInt64 = .max
    private var polledAt: UInt64 = 0

    /// `upstreams`: how many workers share what the provider may have.
    init(_ settings: ProviderSettings, counter: AttemptCounter, upstreams: UInt16) {
        self.settings = settings
        self.counter = counter
        self.share = ProviderGate.share(of: settings.maxConnections, upstreams)
        self.queue = FairQueue(ProviderGate.terms(settings, upstreams))
        self.divide(among: upstreams)
    }

    deinit {
        if let timer = self.timer { self.loop?.cancel(timer) }
    }

    /// There are to be more or fewer upstreams.
    func update(upstreams: UInt16) {
        self.share = ProviderGate.share(of: self.settings.maxConnections, upstreams)
        self.divide(among: upstreams)
        self.queue.terms = ProviderGate.terms(self.settings, upstreams)
        self.armTimer()
    }

    /// Rounded up, so that all that is allowed can be used.
    private static func share(of connections: UInt32, _ upstreams: UInt16) -> Int {
        let upstreams = max(1, Int(upstreams))
        return max(1, (Int(connections) + upstreams - 1) / upstreams)
    }

    private func divide(among upstreams: UInt16) {
        guard upstreams > 1, let places = self.settings.concurrency else {
            (self.part, self.isScarce) = (nil, false)
            return
        }
        self.part = ProviderGate.share(of: places, upstreams)
        self.isScarce = places < UInt32(upstreams)
    }

    private static func terms(_ settings: ProviderSettings, _ upstreams: UInt16) -> QueueTerms {
        let upstreams = UInt32(max(1, upstreams))
        let length = settings.queue.length
        let (patience, overflow) = settings.queue.wait.multipliedReportingOverflow(by: 1_000_000)
        return QueueTerms(
            length: length == 0 ? 0 : max(1, length / upstreams), patience: overflow ? .max : patience,
            places: min(settings.concurrency ?? .max, settings.maxConnections), sharers: upstreams)
    }

    // MARK: Places

    /// Requests that wait.
    var waiting: Int { self.queue.count }

    /// Whether `take` would say yes: there is a connection left, and nobody waits who would be overtaken, here or elsewhere.
    var isFree: Bool {
        self.inUse < self.share && (self.isGivingTurn || self.queue.isEmpty && !self.leavesToOthers())
    }

    /// Takes a connection for a call; false where there is none, or it is others' turn.
    func take() -> Bool {
        guard self.isFree else { return false }
        self.inUse += 1
        return true
    }

    /// The call has ended, and what else it had taken was given back. `time`: nanoseconds it took; nil for one that was never made.
    func giveBack(after time: UInt64?) {
        self.inUse = max(0, self.inUse - 1)
        if let time { self.queue.callEnded(after: time) }
        guard !self.queue.isEmpty else { return }
        self.freed += 1
        self.wake()
    }

    // MARK: Waiting

    /// Puts the waiter in its project's line, and keeps it until it has left.
    func enter(_ waiter: any GateWaiter, project: EntityID, weight: UInt16, on loop: EpollLoop) -> Entering {
        self.loop = loop
        let entering = self.queue.enter(project, weight: weight, at: loop.now)
        switch entering {
        case .refused(let wait):
            self.counter.queue.refuse()
            return .refused(retryAfter: max(Self.shortestRetry, wait))
        case .accepted(let ticket, let displaced):
            self.counter.queue.entered()
            // It may have the displaced one's number.
            let loser = displaced.flatMap { self.left($0) }
            while self.waiters.count <= ticket.number { self.waiters.append(nil) }
            self.waiters[ticket.number] = waiter
            self.armTimer()
            if let loser { self.refuse(loser) }
            return .waits(ticket)
        }
    }

    /// The waiter wants no turn any more; harmless where it had it.
    func leave(_ ticket: QueueTicket) {
        guard self.queue.remove(ticket) else { return }
        _ = self.left(ticket)
        self.armTimer()
    }

    private func left(_ ticket: QueueTicket) -> (any GateWaiter)? {
        self.counter.queue.left()
        guard ticket.number < self.waiters.count else { return nil }
        return self.waiters[ticket.number].take()
    }

    private func refuse(_ waiter: any GateWaiter) {
        self.counter.queue.refuse()
        waiter.waitedInVain(retryAfter: max(Self.shortestRetry, self.queue.expectedWait))
    }

    // MARK: Turns

    private func wake() {
        guard !self.isAwake, let loop = self.loop else { return }
        self.isAwake = true
        loop.atTurnEnd(self)
    }

    func turnEnded() {
        self.isAwake = false
        let freed = self.freed
        self.freed = 0
        self.giveTurns(atMost: freed)
        self.armTimer()
    }

    /// Whether places are others' to take. `hasLooked`: this worker found one as any other could have.
    private func leavesToOthers(hasLooked: Bool = false) -> Bool {
        guard let part = self.part, self.inUse >= part || (self.isScarce && !hasLooked) else { return false }
        return self.neighbours?.isOneShort ?? false
    }

    /// Offers places to those whose turn it is, until one is not to be had.
    private func giveTurns(atMost count: Int, hasLooked: Bool = false) {
        guard let loop = self.loop else { return }
        var given = 0
        while given < count, self.inUse < self.share, !self.leavesToOthers(hasLooked: hasLooked),
            let ticket = self.queue.next
        {
            guard ticket.number < self.waiters.count, let waiter = self.waiters[ticket.number] else { return }
            self.isGivingTurn = true
            let turn = waiter.turnCame()
            self.isGivingTurn = false
            switch turn {
            case .kept:
                // Who has left meanwhile makes room for the next.
                if self.queue.contains(ticket) {
                    if let part = self.part, self.inUse < part { self.neighbours?.sayShort() }
                    return
                }
            case .used:
                given += 1
                let waited = self.queue.waited(ticket, at: loop.now)
                guard self.queue.serve(ticket) else { continue }
                self.counter.queue.served(after: waited ?? 0)
                _ = self.left(ticket)
            case .gone:
                self.leave(ticket)
            }
        }
    }

    // MARK: Time

    /// Others may free a place without this worker hearing of it. Where it has all places itself it will hear.
    private var isPolled: Bool {
        !self.queue.isEmpty && self.inUse < min(self.share, Int(clamping: self.settings.concurrency ?? .max))
    }

    private func armTimer() {
        guard let loop = self.loop else { return }
        var due = self.queue.deadline
        if self.isPolled { due = min(due, max(loop.now, self.polledAt) + Self.pollInterval) }
        guard due < self.timerDue else { return }
        self.timerDue = due
        let delay = due > loop.now ? due - loop.now : 0
        if let timer = self.timer {
            loop.reschedule(timer, after: delay)
        } else {
            self.timer = loop.schedule(after: delay) { [weak self] in self?.timePassed() }
        }
    }

    /// May come early: who has waited longest may have left.
    private func timePassed() {
        guard let loop = self.loop else { return }
        self.timerDue = .max
        while let ticket = self.queue.expire(at: loop.now) {
            if let waiter = self.left(ticket) { self.refuse(waiter) }
        }
        if self.isPolled {
            self.polledAt = loop.now
            self.giveTurns(atMost: .max, hasLooked: true)
        }
        self.armTimer()
    }
}
