internal import Domain
internal import HTTPClient
internal import Platform

/// A call of the built-in provider: gives a `SimulatedReply` to its delegate at the configured pace, as if it came over HTTP.
///
/// Lives on the worker's loop; its timer keeps it alive until it has ended.
final class SimulatedCall: ProviderCall {
    private let loop: EpollLoop
    private let reply: SimulatedReply
    private var delegate: (any HTTPTransferDelegate)?
    private let firstTokenAt: UInt64
    /// Nanoseconds between two tokens.
    private let interval: UInt64
    private var timer: LoopTimer?
    private var step = 0
    private var isPaused = false
    private var headIsOut = false

    /// The delegate hears of the reply from the next turn of the loop on.
    static func start(
        _ kind: ProviderSettings.Kind, _ endpoint: Endpoint, body: [UInt8], record: RecordID,
        services: UpstreamServices, delegate: any HTTPTransferDelegate
    ) -> SimulatedCall {
        var (delay, rate): (UInt32, UInt32) = (0, 0)
        if case .simulated(let milliseconds, let tokensPerSecond) = kind {
            (delay, rate) = (milliseconds, tokensPerSecond)
        }
        let reply = SimulatedReply(
            to: body, at: endpoint, record: record, created: Clocks.wallMilliseconds() / 1000,
            reader: services.requests)
        return SimulatedCall(reply, delay: delay, tokensPerSecond: rate, loop: services.loop, delegate: delegate)
    }

    /// `delay` in milliseconds before the first token; 0 tokens a second is all at once.
    init(
        _ reply: SimulatedReply, delay: UInt32, tokensPerSecond: UInt32, loop: EpollLoop,
        delegate: any HTTPTransferDelegate
    ) {
        self.loop = loop
        self.reply = reply
        self.delegate = delegate
        self.firstTokenAt = loop.now &+ UInt64(delay) &* 1_000_000
        self.interval = tokensPerSecond == 0 ? 0 : 1_000_000_000 / UInt64(tokensPerSecond)
        var ready = self.firstTokenAt
        if case .whole(_, _, let tokens) = reply { ready = self.time(of: tokens) }
        self.schedule(at: ready)
    }

    /// It has its request from the start.
    var sentAny: Bool { true }

    func cancel() {
        self.delegate = nil
        self.stopTimer()
    }

    func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.schedule(at: self.loop.now)
    }

    // MARK: Pace

    /// When the token of that number (0 is the first) is there.
    private func time(of token: Int) -> UInt64 {
        self.firstTokenAt &+ UInt64(clamping: token) &* self.interval
    }

    private func schedule(at time: UInt64) {
        let now = self.loop.now
        let delay = time > now ? time - now : 0
        if let timer = self.timer {
            self.loop.reschedule(timer, after: delay)
        } else {
            self.timer = self.loop.schedule(after: delay) { self.advance() }
        }
    }

    private func stopTimer() {
        if let timer = self.timer { self.loop.cancel(timer) }
        self.timer = nil
    }

    private func advance() {
        switch self.reply {
        case .whole(let status, let body, _):
            self.sendHead(status, "application/json", length: body.count)
            if self.step == 0 {
                self.step = 1
                if self.deliver(body) == .pause { return self.pause() }
            }
            self.end()
        case .stream(let chat):
            self.sendHead(200, "text/event-stream; charset=utf-8", length: nil)
            while self.step <= chat.lastStep {
                // Step 0 and the first token come together; the endings come with the last token.
                let due = self.time(of: min(max(0, self.step - 1), max(0, chat.length - 1)))
                guard due <= self.loop.now else { return self.schedule(at: due) }
                let flow = self.deliver(chat.events(step: self.step))
                self.step += 1
                guard self.delegate != nil else { return }
                if flow == .pause && self.step <= chat.lastStep { return self.pause() }
            }
            self.end()
        }
    }

    private func pause() {
        self.isPaused = true
    }

    // MARK: The delegate

    private func sendHead(_ status: UInt16, _ contentType: String, length: Int?) {
        guard !self.headIsOut else { return }
        self.headIsOut = true
        self.delegate?.headReceived(
            HTTPResponseHead(
                status: status, contentType: Array(contentType.utf8), contentLength: length.map { UInt64($0) }))
    }

    private func deliver(_ bytes: [UInt8]) -> HTTPFlow {
        guard let delegate = self.delegate else { return .proceed }
        return unsafe bytes.withUnsafeBytes { unsafe delegate.received($0) }
    }

    private func end() {
        self.stopTimer()
        let delegate = self.delegate
        self.delegate = nil
        delegate?.finished(nil)
    }
}
