import Dialects
import Domain
import HTTPClient
import IPC

@testable import UpstreamWorker

/// A machine with its output and a clock that only the test moves.
final class MachineBench {
    static let second: UInt64 = 1_000_000_000

    var machine: ExchangeMachine
    let output = RecordedOutput()
    var now: UInt64 = 1000 * MachineBench.second

    init(
        isStream: Bool = false, askedForUsage: Bool = false, started: Bool = true,
        timeouts: ProviderTimeouts = ProviderTimeouts(firstToken: 60_000, idle: 30_000, total: 600_000),
        dialect: ReplyDialect = ReplyDialect(passing: .openAI, reader: DialectReader())
    ) {
        self.machine = ExchangeMachine(
            terms: ExchangeTerms(isStream: isStream, askedForUsage: askedForUsage, timeouts: timeouts),
            dialect: dialect)
        if started { self.machine.callStarted(at: self.now) }
    }

    static let json = Array("application/json".utf8)
    static let events = Array("text/event-stream; charset=utf-8".utf8)

    /// The machine's state, and the form of the reply it receives.
    var state: ExchangeMachine.State { self.machine.state }
    var form: ReplyReception.Form? { self.machine.reception?.form }

    @discardableResult
    func head(_ status: UInt16, _ type: [UInt8]? = MachineBench.json, length: UInt64? = nil) -> ExchangeMachine.Order {
        let head = HTTPResponseHead(
            status: status, contentType: type, contentLength: length, retryAfter: Array("7".utf8),
            requestID: Array("req-1".utf8))
        return self.machine.headReceived(head, at: self.now, to: self.output)
    }

    @discardableResult
    func data(_ text: String) -> ExchangeMachine.Order { self.data(Array(text.utf8)) }

    @discardableResult
    func data(_ bytes: [UInt8]) -> ExchangeMachine.Order {
        unsafe bytes.withUnsafeBytes {
            unsafe self.machine.dataReceived($0, at: self.now, to: self.output)
        }
    }

    func ended(_ kind: HTTPClientError.Kind? = nil, sentAny: Bool = true) {
        self.machine.callEnded(
            kind.map { HTTPClientError(kind: $0, sentAny: sentAny) }, at: self.now, to: self.output)
    }

    /// The request went out, and the kept connection was dead.
    func meetsDeadConnection() {
        self.machine.connected(at: self.now)
        self.machine.callEnded(
            HTTPClientError(kind: .resetBeforeReply, sentAny: true, metDeadConnection: true), at: self.now,
            to: self.output)
    }

    func answer(_ allowed: Bool) throws -> ExchangeMachine.Order {
        try self.machine.answered(allowed, at: self.now, to: self.output)
    }

    func cancel() -> ExchangeMachine.Order { self.machine.cancelled(at: self.now, to: self.output) }

    func credit(_ bytes: Int) throws -> ExchangeMachine.Order {
        try self.machine.creditReceived(UInt32(bytes), at: self.now, to: self.output)
    }

    /// Moves the clock to the machine's deadline and tells it.
    func passDeadline() -> ExchangeMachine.Order {
        self.now = max(self.now, self.machine.deadline)
        return self.machine.timePassed(at: self.now, to: self.output)
    }
}
