import Domain
import EventLog
import IPCNIO

/// Writes one line for each request that is over, and, where that is wanted, one with the beginning of what was sent and
/// answered.
///
/// Lives on the event loop. Lines are put together as bytes in memory of their own and go out together at the end of the
/// loop's turn, so that under load there is no system call for each; a reader who does not keep up costs lines, which are
/// counted, never time.
final class AccessLog: TurnFlushing {
    /// Bytes of lines that wait for the end of a turn, at most.
    private static let kept = 32 << 10
    /// Bytes of the longest user agent and request label.
    private static let longestLabel = 256
    /// Bytes of the longest prompt and of the longest reply in a line: both have to fit.
    static let longestSample = 1800

    let logging: RequestLogging
    let format: LogFormat
    private let log: Log
    private let flusher: TurnFlusher
    private var buffer: LineBuffer
    private var isFlushScheduled = false
    /// The last client's address and its text: the next line is often of the same client.
    private var address: ClientAddress?
    private var addressText = ""

    /// nil where nothing is to be written.
    init?(_ settings: EdgeSettings, _ log: Log, _ flusher: TurnFlusher) {
        let logging = settings.requestLogging
        guard settings.logLevel <= .info, logging.access || logging.prompts || logging.responses else { return nil }
        self.logging = logging
        self.format = settings.logFormat
        self.log = log
        self.flusher = flusher
        self.buffer = log.makeBuffer(keeping: AccessLog.kept)
    }

    /// `request` is over; `status` is what its client got, 499 where it got none. `milliseconds` since 1970.
    func write(_ request: CurrentRequest, _ settlement: Settlement, _ end: End, milliseconds: UInt64) {
        if self.logging.access { self.writeAccess(request, settlement, end, milliseconds) }
        if self.logging.prompts || self.logging.responses { self.writeContent(request, milliseconds) }
        guard !self.isFlushScheduled, !self.buffer.isEmpty else { return }
        self.isFlushScheduled = true
        self.flusher.add(self)
    }

    func flushTurn() {
        self.isFlushScheduled = false
        self.log.write(&self.buffer)
    }

    /// How a request has ended.
    struct End {
        var status: UInt16
        var provider: [UInt8]?
        /// Microseconds from the end of its head.
        var duration: UInt64
        var isGone: Bool
    }

    private func begin(_ message: StaticString, _ milliseconds: UInt64) {
        if self.buffer.isFull { self.log.write(&self.buffer) }
        self.buffer.begin(.info, message, milliseconds: milliseconds)
    }

    private func writeAccess(
        _ request: CurrentRequest, _ settlement: Settlement, _ end: End, _ milliseconds: UInt64
    ) {
        self.begin("request", milliseconds)
        self.buffer.add("record", request.record)
        self.writeClient(request)
        if let method = request.method { self.buffer.add("method", word: method.text) }
        self.buffer.add("endpoint", text: request.route.label.text)
        if let model = request.model { self.buffer.add("model", bytes: model, limit: CallPlanner.longestModel) }
        if let provider = end.provider { self.buffer.add("provider", bytes: provider, limit: AccessLog.longestLabel) }
        self.buffer.add("status", UInt64(end.status))
        let failure = end.isGone ? nil : request.failure
        self.buffer.add("outcome", word: end.isGone ? "disconnected" : failure == nil ? "complete" : "error")
        if let failure { self.buffer.add("error", text: failure.code, limit: AccessLog.longestLabel) }
        if request.isStream { self.buffer.add("stream", true) }
        self.buffer.add("bytes_in", request.receivedBody)
        self.buffer.add("bytes_out", request.replyBytes &+ request.errorBytes &+ request.answerBytes)
        self.buffer.add("duration_ms", end.duration, places: 3)
        if request.hasReplyOfPeer, request.firstContent != nil {
            self.buffer.add("ttft_ms", request.microseconds(request.firstContent), places: 3)
        }
        if settlement.attempts > 0 { self.writeUse(settlement) }
        self.buffer.add(
            "protocol", word: request.isHTTP2 ? "HTTP/2" : request.isHTTP10 ? "HTTP/1.0" : "HTTP/1.1")
        if let agent = request.userAgent { self.buffer.add("user_agent", text: agent, limit: AccessLog.longestLabel) }
        self.buffer.end()
    }

    private func writeClient(_ request: CurrentRequest) {
        if let label = request.requestID { self.buffer.add("request_id", text: label, limit: AccessLog.longestLabel) }
        if let address = request.address {
            if address != self.address {
                self.address = address
                self.addressText = address.text
            }
            self.buffer.add("client", text: self.addressText)
        }
        guard let principal = request.principal else { return }
        self.buffer.add("key", prefix: "key_", RecordID(high: principal.key.high, low: principal.key.low))
        self.buffer.add("project", prefix: "proj_", RecordID(high: principal.project.high, low: principal.project.low))
    }

    private func writeUse(_ settlement: Settlement) {
        self.buffer.add("attempts", UInt64(settlement.attempts))
        if let usage = settlement.usage {
            self.buffer.add("tokens_in", usage.promptTokens)
            self.buffer.add("tokens_out", usage.completionTokens)
        }
        if let cost = settlement.cost { self.buffer.add("cost", UInt64(max(0, cost)), places: 9) }
    }

    private func writeContent(_ request: CurrentRequest, _ milliseconds: UInt64) {
        guard !request.promptSample.isEmpty || !request.replySample.isEmpty else { return }
        self.begin("content", milliseconds)
        self.buffer.add("record", request.record)
        if self.logging.prompts {
            self.buffer.add("prompt", bytes: request.promptSample, limit: AccessLog.longestSample)
        }
        if self.logging.responses {
            self.buffer.add("response", bytes: request.replySample, limit: AccessLog.longestSample)
        }
        self.buffer.end()
    }
}

extension RequestHead.Method {
    fileprivate var text: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .options: "OPTIONS"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .other: "other"
        }
    }
}
