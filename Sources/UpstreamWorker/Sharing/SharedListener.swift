internal import Domain
internal import HTTPClient
internal import IPC
internal import Platform

/// One of the requests that share a call: its client's window, and how far it has read the reply.
///
/// Kept by its link until its END is sent, and by the call while it listens. The first one is the leader: the exchange runs
/// under its record, and its END has the attempts. Lives on the worker's loop.
final class SharedListener: EdgeStream {
    let call: SharedCall
    let request: ProviderRequest
    let isLeader: Bool
    private let services: UpstreamServices
    private let stream: UInt64
    /// nil when the link is lost or END was sent.
    private(set) var link: EdgeLink?
    private var collector: BodyCollector
    /// Its own body is here: from then on it gets the reply.
    private(set) var hasBody = false
    /// Bytes taken for its own body and not yet returned.
    private var bodyBudget: Int
    private var window = SendWindow(size: WireLimits.replyWindow)
    private var headIsOut = false
    /// Bytes of the reply's body that were sent.
    private(set) var offset = 0
    private var waitsForLink = false
    /// When its client last took something, or when the call ended.
    private(set) var lastTakenAt: UInt64
    /// Why it does not listen any more.
    private(set) var failure: ProviderFailure?
    /// Its index among the call's listeners; -1 for one that does not listen.
    var place = -1

    /// `bodyBudget` was taken for it.
    init(
        _ request: ProviderRequest, _ stream: UInt64, _ link: EdgeLink, _ call: SharedCall, isLeader: Bool,
        bodyBudget: Int, _ services: UpstreamServices
    ) {
        self.request = request
        self.stream = stream
        self.link = link
        self.call = call
        self.isLeader = isLeader
        self.services = services
        self.bodyBudget = bodyBudget
        self.collector = BodyCollector(length: Int(clamping: request.bodyLength))
        self.lastTakenAt = services.loop.now
    }

    // MARK: From the edge

    func receive(body payload: UnsafeRawBufferPointer, isLast: Bool) throws(FrameError) {
        guard !self.hasBody else { throw .unexpectedType(.body) }
        if self.call.hasBody { self.dropBody() }
        switch unsafe try self.collector.receive(payload, isLast: isLast) {
        case .more(let credit):
            if let credit { self.link?.send(bodyCredit: credit, stream: self.stream) }
        case .complete:
            self.hasBody = true
            if !self.call.hasBody { self.call.received(.bytes(self.collector.take())) }
            self.dropBody()
            self.call.bodyIsHere(of: self)
        case .short:
            self.hasBody = true
            self.dropBody()
            self.call.leave(self, .damagedRequest)
        }
    }

    func receive(body: SharedBytes) {
        guard !self.hasBody else { return }
        self.hasBody = true
        if !self.call.hasBody {
            let body = HTTPBody.shared(body)
            // What lies in the area stays until this one's END, which may come before the call's.
            self.call.received(self.isLeader ? body : .bytes(body.copied()))
        }
        self.dropBody()
        self.call.bodyIsHere(of: self)
    }

    /// All that is identical has the same body: one of them is enough.
    func dropBody() {
        self.collector.drop()
        self.services.returnBodyBudget(self.bodyBudget)
        self.bodyBudget = 0
    }

    func receive(credit bytes: UInt32) throws(FrameError) {
        try self.window.credit(bytes)
        self.lastTakenAt = self.services.loop.now
        guard self.place >= 0 else { return }
        self.call.pump(self)
    }

    func receive(grant: Grant) throws(FrameError) {
        guard self.isLeader else { throw .unexpectedType(.grant) }
        // What was asked is answered already where it has left meanwhile.
        guard self.place >= 0 else { return }
        try self.call.granted(grant)
    }

    func linkRelieved() {
        self.waitsForLink = false
        guard self.place >= 0 else { return }
        self.call.pump(self)
    }

    func cancel() {
        self.call.leave(self, .cancelled)
    }

    func linkLost() {
        self.link = nil
        self.call.linkLost(of: self)
    }

    func fail(_ failure: ProviderFailure) {
        self.call.fail(failure)
    }

    // MARK: To the edge

    func ask(_ attempt: FurtherAttempt) {
        self.link?.send(attempt: attempt, stream: self.stream)
    }

    /// Sends as much of the reply as the client and the link take.
    func send(_ head: ResponseHead?, _ kept: KeptReply) {
        guard let link = self.link, self.hasBody, let head else { return }
        if !self.headIsOut {
            self.headIsOut = true
            link.send(head: self.isLeader ? head : self.asShared(head), stream: self.stream)
        }
        guard kept.end > self.offset else { return }
        guard !link.isCongested else {
            if !self.waitsForLink {
                self.waitsForLink = true
                link.wait(stream: self)
            }
            return
        }
        let count = self.window.take(upTo: kept.end - self.offset)
        unsafe kept.read(from: self.offset, count) { unsafe link.send(chunk: $0, stream: self.stream) }
        self.offset += count
    }

    /// What it pays is its own to hear; END says the same.
    private func asShared(_ head: ResponseHead) -> ResponseHead {
        var head = head
        head.isShared = true
        if head.cost != .open, self.request.sharedName?.eachPays != true { head.cost = .known(0) }
        return head
    }

    /// It does not listen any more.
    func leaves(_ failure: ProviderFailure) {
        if self.failure == nil { self.failure = failure }
    }

    /// The call has ended; from here on its client must take something now and then.
    func callEnded() {
        self.lastTakenAt = max(self.lastTakenAt, self.services.loop.now)
    }

    /// The last it hears. `ending` is the call's, nil for one that leaves a call that goes on.
    func end(_ ending: StreamEnd?, answeredBy call: UInt8) {
        self.dropBody()
        guard let link = self.link else { return }
        self.link = nil
        var end = ending ?? StreamEnd()
        if let failure = self.failure { end.failure = failure.error }
        if !self.isLeader {
            let totals = AttemptTotals(end.attempts)
            let pays = self.request.sharedName?.eachPays == true
            end.shared = StreamEnd.SharedCost(usageSource: totals.source, cost: pays ? totals.cost : 0)
            end.attempts = []
            end.trail = [TrailStep(.shared, call: call, at: 0)]
        }
        link.send(end: end, stream: self.stream)
        link.forget(self.stream)
    }
}
