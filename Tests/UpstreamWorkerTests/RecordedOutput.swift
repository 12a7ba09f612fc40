import Domain
import IPC
import Resilience

@testable import UpstreamWorker

/// Keeps what an exchange sends, in order, and makes its calls.
final class RecordedOutput: ExchangeOutput {
    enum Sent: Hashable {
        case head(ResponseHead)
        case chunk(String)
        case end(StreamEnd)
        case attempt(FurtherAttempt)
    }

    private(set) var sent: [Sent] = []
    var isCongested = false
    var requestWasSent = true
    /// Memory that may still be taken.
    var memory = Int.max
    private(set) var reserved = 0
    private(set) var outcomes: [AttemptOutcome] = []

    /// What is estimated where that is wanted; nil for nothing.
    var estimate: TokenUsage?

    private let standard: CallTerms
    /// Of single places.
    var terms: [Int: CallTerms] = [:]
    /// Calls that were made, in order, and those that run.
    private(set) var calls: [CallMachine] = []
    private(set) var running: [CallMachine] = []
    /// What was wanted of calls since it was last emptied.
    var orders: [MachineBench.Order] = []
    private(set) var queued: [Int] = []
    private(set) var hasLeftQueue = false
    /// Called with each call that is made; nil where it is made later.
    var started: ((CallMachine) -> Void)?

    init(_ terms: CallTerms) { self.standard = terms }

    var wallClock: UInt64 { 1_800_000_000_000 }

    func terms(of place: Int) -> CallTerms { self.terms[place] ?? self.standard }

    func make(_ call: CallMachine) {
        self.orders.append(.call)
        self.calls.append(call)
        self.running.append(call)
        self.started?(call)
    }

    func resume(_ call: CallMachine) { self.orders.append(.resume) }

    func cancel(_ call: CallMachine) {
        self.running.removeAll { $0 === call }
        if call.state != .preparing { self.orders.append(.abort) }
    }

    func requestWasSent(_ call: CallMachine) -> Bool { self.requestWasSent }
    func enterQueue(of place: Int) { self.queued.append(place) }
    func leaveQueue() { self.hasLeftQueue = true }

    /// A report without any price.
    func settle(_ call: CallMachine, _ outcome: AttemptOutcome) -> AttemptReport {
        self.outcomes.append(outcome)
        let evidence = outcome.evidence
        let usage = evidence.billed == .yes ? evidence.usage : nil
        if usage == nil, evidence.wantsEstimate, let estimate = self.estimate {
            return AttemptReport(
                call: UInt8(call.order.place), number: outcome.number, status: evidence.status, billed: evidence.billed,
                usageSource: .estimated, usage: estimate, firstContent: outcome.firstContent, total: outcome.total,
                error: outcome.error ?? "")
        }
        return AttemptReport(
            call: UInt8(call.order.place), number: outcome.number, status: evidence.status, billed: evidence.billed,
            usageSource: usage == nil ? .none : .provider, usage: usage, firstContent: outcome.firstContent,
            total: outcome.total, error: outcome.error ?? "")
    }

    func reserve(_ bytes: Int) -> Bool {
        guard self.reserved + bytes <= self.memory else { return false }
        self.reserved += bytes
        return true
    }

    func send(head: ResponseHead) { self.sent.append(.head(head)) }

    func send(attempt: FurtherAttempt) { self.sent.append(.attempt(attempt)) }

    /// All chunks as bytes.
    private(set) var bytes: [UInt8] = []

    func send(chunk: UnsafeRawBufferPointer) {
        unsafe self.bytes.append(contentsOf: chunk)
        self.sent.append(.chunk(unsafe String(decoding: chunk, as: UTF8.self)))
    }

    func send(end: StreamEnd) { self.sent.append(.end(end)) }

    /// What was sent since the last call.
    func take() -> [Sent] {
        defer { self.sent = [] }
        return self.sent
    }

    var head: ResponseHead? {
        for case .head(let head) in self.sent { return head }
        return nil
    }

    var end: StreamEnd? {
        for case .end(let end) in self.sent { return end }
        return nil
    }

    /// All chunks as one.
    var body: String {
        self.sent.map { if case .chunk(let text) = $0 { text } else { "" } }.joined()
    }

    /// The order of things without their contents: `h`, `c`, `e`, `a` for ATTEMPT.
    var shape: String {
        self.sent.map {
            switch $0 {
            case .head: "h"
            case .chunk: "c"
            case .end: "e"
            case .attempt: "a"
            }
        }.joined()
    }
}
