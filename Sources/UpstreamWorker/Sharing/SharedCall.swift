internal import Domain
internal import HTTPClient
internal import IPC
internal import Platform

/// A provider call that answers several identical requests (single-flight): the owner of one exchange, with one
/// `SharedListener` for each of them.
///
/// The exchange takes it for a client that reads into memory: it gets its credit back at the end of the turn, as long as no more
/// than `KeptReply.maximum` is kept. All of the reply is kept until it comes to that; until then, and while the call runs,
/// others may join and get it from its first byte. After that nobody joins, and what all have read is dropped. When it still
/// comes to as much, the provider waits for the slowest listener; those that keep others waiting by it for
/// `SharedCalls.listenerPatience` are ended with an error.
///
/// Whoever leaves is one listener fewer; the call is ended when none is left. The leader's END waits for the call in any
/// case, for it says what the call cost. Where its edge is lost, the exchange settles in its stead.
///
/// Invariant: each listener gets one END, after all that it was to get of the reply. Lives on the worker's loop, kept by its
/// exchange and its listeners.
final class SharedCall: ExchangeOwner, TurnEndHandler {
    /// Requests that may share one call.
    static let maximumListeners = 1024
    /// Memory is taken in such steps.
    private static let reservation = 64 << 10

    /// The leader's.
    let request: ProviderRequest
    private let services: UpstreamServices
    private var exchange: Exchange?
    private var leader: SharedListener?
    private var listeners: [SharedListener] = []
    /// They have left, and hear what it cost when the call is over.
    private var absent: [SharedListener] = []
    /// The body is with the exchange.
    private(set) var hasBody = false
    private var head: ResponseHead?
    private var kept = KeptReply()
    private var reserved = 0
    /// Bytes the exchange has sent and got no credit for.
    private var uncredited: UInt32 = 0
    /// Since when the provider waits for the slowest listener; 0 while it does not.
    private var holdsSince: UInt64 = 0
    private var isOutOfMemory = false
    /// A further attempt was asked for, and not answered.
    private var isAsking = false
    private var ending: StreamEnd?
    private var waitsForTurnEnd = false
    private var timer: LoopTimer?

    private init(_ request: ProviderRequest, _ services: UpstreamServices) {
        self.request = request
        self.services = services
    }

    // MARK: Joining

    /// Has the request join a call that is under way, or begins one for it.
    static func begin(_ request: ProviderRequest, stream: UInt64, on link: EdgeLink, _ services: UpstreamServices)
        -> Result<SharedListener, GatewayError>
    {
        guard !services.isDraining else { return .failure(ProviderFailure.draining.error) }
        if let call = services.sharedCalls.call(for: request) { return call.join(request, stream, link) }
        let call = SharedCall(request, services)
        switch Exchange.begin(request, stream: stream, for: call, services) {
        case .failure(let error): return .failure(error)
        case .success(let exchange):
            call.exchange = exchange
            // The body's memory is the exchange's.
            let leader = SharedListener(request, stream, link, call, isLeader: true, bodyBudget: 0, services)
            call.leader = leader
            call.add(leader)
            services.sharedCalls.add(call)
            return .success(leader)
        }
    }

    private func join(_ request: ProviderRequest, _ stream: UInt64, _ link: EdgeLink)
        -> Result<SharedListener, GatewayError>
    {
        // Its body may be the first to be here.
        let budget = self.hasBody ? 0 : Int(clamping: request.bodyLength)
        guard self.services.takeBodyBudget(budget) else { return .failure(ProviderFailure.outOfMemory.error) }
        let listener = SharedListener(
            request, stream, link, self, isLeader: false, bodyBudget: budget, self.services)
        self.add(listener)
        self.services.exchangeBegan()
        self.services.sharedCalls.countJoined()
        return .success(listener)
    }

    /// Whether the request can have this call's reply: it is the same in all that makes a reply, and all of it is still here.
    func serves(_ request: ProviderRequest) -> Bool {
        self.ending == nil && self.listeners.count < Self.maximumListeners
            && self.request.isAnswered(asWellAs: request)
    }

    private func add(_ listener: SharedListener) {
        listener.place = self.listeners.count
        self.listeners.append(listener)
    }

    private func remove(_ listener: SharedListener) {
        let place = listener.place
        guard place >= 0 else { return }
        listener.place = -1
        let last = self.listeners.removeLast()
        guard last !== listener else { return }
        self.listeners[place] = last
        last.place = place
    }

    /// The first body that is whole is sent.
    func received(_ body: HTTPBody) {
        guard !self.hasBody else { return }
        self.hasBody = true
        for listener in self.listeners { listener.dropBody() }
        self.exchange?.receive(body: body)
    }

    /// It may have the reply from now on.
    func bodyIsHere(of listener: SharedListener) {
        guard listener.place >= 0 else { return }
        self.pump(listener)
    }

    // MARK: Leaving

    /// The listener hears no more of the reply.
    func leave(_ listener: SharedListener, _ failure: ProviderFailure) {
        guard listener.place >= 0 else { return }
        listener.leaves(failure)
        self.remove(listener)
        guard self.ending == nil else { return self.over(listener) }
        // What it has to pay is known at the end.
        if listener.isLeader || self.request.sharedName?.eachPays == true {
            self.absent.append(listener)
        } else {
            self.over(listener)
        }
        if self.listeners.isEmpty { return self.abandon(failure) }
        if listener.isLeader, self.isAsking { self.atTurnEnd() }
        self.goOn()
    }

    /// Nobody listens any more.
    private func abandon(_ failure: ProviderFailure) {
        self.services.sharedCalls.remove(self)
        if failure == .damagedRequest { self.exchange?.fail(failure) } else { self.exchange?.cancel() }
    }

    func linkLost(of listener: SharedListener) {
        if listener.isLeader { self.exchange?.orphan() }
        self.leave(listener, .cancelled)
    }

    /// Ends the call from this side, for all. One that has ended already goes out as far as its listeners take it.
    func fail(_ failure: ProviderFailure) {
        self.exchange?.fail(failure)
    }

    /// The listener has got all it was to get.
    private func over(_ listener: SharedListener) {
        listener.end(self.ending, answeredBy: self.head?.call ?? 0)
        self.remove(listener)
        // The leader is counted by the exchange as long as that runs.
        if !listener.isLeader || self.exchange == nil { self.services.exchangeEnded() }
        if self.ending != nil, self.listeners.isEmpty { self.dispose() }
    }

    private func dispose() {
        self.kept.dropAll()
        self.services.returnBodyBudget(self.reserved)
        self.reserved = 0
        if let timer = self.timer { self.services.loop.cancel(timer) }
        self.timer = nil
        self.leader = nil
    }

    // MARK: To the listeners

    func pump(_ listener: SharedListener) {
        listener.send(self.head, self.kept)
        if self.ending != nil, listener.hasBody, listener.offset == self.kept.end {
            self.over(listener)
        } else {
            self.goOn()
        }
    }

    private func pumpAll() {
        // One that is finished leaves the list.
        for listener in self.listeners where listener.place >= 0 { listener.send(self.head, self.kept) }
    }

    /// A slow listener may have read on, or left.
    private func goOn() {
        if self.holdsSince != 0 { self.atTurnEnd() }
    }

    private func atTurnEnd() {
        guard !self.waitsForTurnEnd else { return }
        self.waitsForTurnEnd = true
        self.services.loop.atTurnEnd(self)
    }

    func turnEnded() {
        self.waitsForTurnEnd = false
        guard let exchange = self.exchange, self.ending == nil else { return }
        do throws(FrameError) {
            // There is nobody left who could allow it.
            if self.isAsking, self.leader?.place ?? -1 < 0 {
                self.isAsking = false
                try exchange.receive(grant: Grant(allowed: false))
            }
            if self.isOutOfMemory {
                exchange.fail(.outOfMemory)
                // Its call may be over, and its end wait for credit.
                return exchange.cancel()
            }
            self.makeRoom()
            guard self.holdsSince == 0, self.uncredited > 0 else { return }
            let credit = self.uncredited
            self.uncredited = 0
            try exchange.receive(credit: credit)
        } catch {
            // It was given no more than it sent, and answered no more than it asked.
            exchange.fail(.outOfMemory)
        }
    }

    /// Holds the provider back while too much is kept, and lets go of what nobody needs.
    private func makeRoom() {
        guard self.kept.count >= KeptReply.maximum || self.holdsSince != 0 else { return }
        // From here on not all of it is kept.
        self.services.sharedCalls.remove(self)
        let slowest = self.listeners.reduce(self.kept.end) { min($0, $1.offset) }
        guard self.kept.end - slowest <= KeptReply.comfortable else {
            guard self.holdsSince == 0 else { return }
            self.holdsSince = max(1, self.services.loop.now)
            return self.armTimer(after: self.services.sharedCalls.listenerPatience)
        }
        self.kept.drop(before: slowest)
        self.holdsSince = 0
    }

    // MARK: Time

    private func armTimer(after delay: UInt64) {
        if let timer = self.timer {
            self.services.loop.reschedule(timer, after: delay)
        } else {
            self.timer = self.services.loop.schedule(after: delay) { [weak self] in self?.timePassed() }
        }
    }

    private func timePassed() {
        let now = self.services.loop.now
        guard self.ending != nil else { return self.endThoseThatHold(at: now) }
        var soonest = UInt64.max
        for listener in self.listeners {
            let deadline = ExchangeMachine.sum(listener.lastTakenAt, ExchangeMachine.clientPatience)
            if deadline <= now { self.leave(listener, .clientStalled) } else { soonest = min(soonest, deadline) }
        }
        if soonest != .max { self.armTimer(after: soonest - now) }
    }

    /// Listeners that have read nearly all there is do not wait any longer for those that have not.
    private func endThoseThatHold(at now: UInt64) {
        guard self.holdsSince != 0 else { return }
        let due = ExchangeMachine.sum(self.holdsSince, self.services.sharedCalls.listenerPatience)
        guard now >= due else { return self.armTimer(after: due - now) }
        let slow = self.listeners.filter { self.kept.end - $0.offset > KeptReply.comfortable }
        if slow.count < self.listeners.count { for listener in slow { self.leave(listener, .clientStalled) } }
        self.atTurnEnd()
        self.armTimer(after: self.services.sharedCalls.listenerPatience)
    }

    // MARK: ExchangeOwner

    /// It takes what its window allows.
    var isCongested: Bool { false }

    func wait(_ exchange: Exchange) {}

    /// Bodies are received by the listeners.
    func send(bodyCredit bytes: UInt32, stream: UInt64) {}

    func send(head: ResponseHead, stream: UInt64) {
        self.head = head
        self.pumpAll()
    }

    func send(attempt: FurtherAttempt, stream: UInt64) {
        self.isAsking = true
        guard let leader = self.leader, leader.place >= 0 else { return self.atTurnEnd() }
        leader.ask(attempt)
    }

    func granted(_ grant: Grant) throws(FrameError) {
        // The call may have ended while the answer was on its way, with some of the reply still to be read.
        guard self.ending == nil else { return }
        guard let exchange = self.exchange, self.isAsking else { throw .unexpectedType(.grant) }
        self.isAsking = false
        try exchange.receive(grant: grant)
    }

    func send(chunk: UnsafeRawBufferPointer, stream: UInt64) {
        self.uncredited += UInt32(clamping: chunk.count)
        self.atTurnEnd()
        while self.reserved < self.kept.count + chunk.count, !self.isOutOfMemory {
            guard self.services.takeBodyBudget(Self.reservation) else {
                self.isOutOfMemory = true
                break
            }
            self.reserved += Self.reservation
        }
        guard !self.isOutOfMemory else { return }
        unsafe self.kept.append(chunk)
        self.pumpAll()
    }

    func send(end: StreamEnd, stream: UInt64) {
        self.services.sharedCalls.remove(self)
        var end = end
        if self.isOutOfMemory { end.failure = ProviderFailure.outOfMemory.error }
        self.ending = end
        self.isAsking = false
        let absent = self.absent
        self.absent = []
        for listener in absent { self.over(listener) }
        for listener in self.listeners {
            listener.callEnded()
            if listener.place >= 0 { self.pump(listener) }
        }
        if self.listeners.isEmpty { return self.dispose() }
        self.armTimer(after: ExchangeMachine.clientPatience)
    }

    func forget(_ stream: UInt64) {
        self.exchange = nil
        // It still writes to its client.
        if let leader = self.leader, leader.place >= 0 { self.services.exchangeBegan() }
    }
}
