import Dialects
import Domain
import HTTPClient
import IPC
import Resilience

@testable import UpstreamWorker

/// A machine with its output and a clock that only the test moves. Its calls are made at once.
final class MachineBench {
    static let second: UInt64 = 1_000_000_000

    /// What was wanted of the call that a step was about.
    enum Order: Hashable {
        case proceed
        case pause
        case resume
        case abort
        case call
    }

    /// How far the request has come, by its first call.
    enum State: Hashable {
        case ready
        case preparing
        case waiting
        case asking
        case receiving
        /// No call runs.
        case pausing
        case flushing
        case over
    }

    let machine: ExchangeMachine
    let output: RecordedOutput
    let places: ScriptedPlaces
    var now: UInt64 = 1000 * MachineBench.second

    /// Fails over and repeats nothing unless `policy` says so.
    init(
        isStream: Bool = false, askedForUsage: Bool = false, started: Bool = true,
        timeouts: ProviderTimeouts = ProviderTimeouts(firstToken: 60_000, idle: 30_000, total: 600_000),
        dialect: ReplyDialect = ReplyDialect(passing: .openAI, reader: DialectReader()),
        policy: RoutePolicy = RoutePolicy(retries: 0), places: Int = 1
    ) {
        let terms = ExchangeTerms(isStream: isStream, askedForUsage: askedForUsage, timeouts: timeouts)
        self.output = RecordedOutput(CallTerms(terms: terms, dialect: dialect))
        self.places = ScriptedPlaces(places)
        self.machine = ExchangeMachine(
            isStream: isStream, places: self.places, count: places, policy: policy, timeLimit: terms.total, random: 1)
        self.output.started = { [unowned self] in self.machine.callStarted($0, at: self.now) }
        if started { self.begin() }
    }

    static let json = Array("application/json".utf8)
    static let events = Array("text/event-stream; charset=utf-8".utf8)

    func begin() { self.machine.begin(at: self.now, to: self.output) }

    /// The call's body is there, where it is not at once.
    func startCall() {
        if let call = self.call { self.machine.callStarted(call, at: self.now) }
    }

    /// The call that was made last, or the first of those that run.
    var call: CallMachine? { self.machine.call ?? self.output.calls.last }

    var state: State {
        switch self.machine.state {
        case .ready: return .ready
        case .flushing: return .flushing
        case .over: return .over
        case .working: break
        }
        switch self.machine.call?.state {
        case .preparing: return .preparing
        case .waiting: return .waiting
        case .receiving: return .receiving
        case .over, .none: return self.machine.asked != nil ? .asking : .pausing
        }
    }
    var form: ReplyReception.Form? { self.machine.call?.reception?.form }

    /// What a step wanted of calls.
    func order(_ step: () throws -> ExchangeMachine.Flow?) rethrows -> Order {
        self.output.orders = []
        if try step() == .pause { return .pause }
        return self.output.orders.first ?? .proceed
    }

    @discardableResult
    func head(
        _ status: UInt16, _ type: [UInt8]? = MachineBench.json, length: UInt64? = nil, of call: CallMachine? = nil
    )
        -> Order
    {
        self.head(
            HTTPResponseHead(
                status: status, contentType: type, contentLength: length, retryAfter: Array("7".utf8),
                requestID: Array("req-1".utf8)), of: call)
    }

    @discardableResult
    func head(_ head: HTTPResponseHead, of call: CallMachine? = nil) -> Order {
        guard let call = call ?? self.call else { return .proceed }
        return self.order {
            self.machine.headReceived(call, head, at: self.now, to: self.output)
            return nil
        }
    }

    @discardableResult
    func data(_ text: String, of call: CallMachine? = nil) -> Order { self.data(Array(text.utf8), of: call) }

    @discardableResult
    func data(_ bytes: [UInt8], of call: CallMachine? = nil) -> Order {
        guard let call = call ?? self.call else { return .proceed }
        return self.order {
            unsafe bytes.withUnsafeBytes {
                unsafe self.machine.dataReceived(call, $0, at: self.now, to: self.output)
            }
        }
    }

    func ended(_ kind: HTTPClientError.Kind? = nil, sentAny: Bool = true, of call: CallMachine? = nil) {
        guard let call = call ?? self.call else { return }
        self.machine.callEnded(
            call, kind.map { HTTPClientError(kind: $0, sentAny: sentAny) }, at: self.now, to: self.output)
    }

    func connected() { self.call?.connected(at: self.now) }

    /// The request went out, and the kept connection was dead.
    func meetsDeadConnection() {
        guard let call = self.call else { return }
        self.connected()
        self.machine.callEnded(
            call, HTTPClientError(kind: .resetBeforeReply, sentAny: true, metDeadConnection: true), at: self.now,
            to: self.output)
    }

    func answer(_ allowed: Bool) throws -> Order {
        try self.order {
            try self.machine.answered(allowed, at: self.now, to: self.output)
            return nil
        }
    }

    func cancel() -> Order {
        self.order {
            self.machine.cancelled(at: self.now, to: self.output)
            return nil
        }
    }

    func fail(_ failure: ProviderFailure) -> Order {
        self.order {
            self.machine.fail(failure, at: self.now, to: self.output)
            return nil
        }
    }

    func credit(_ bytes: Int) throws -> Order {
        try self.order {
            try self.machine.creditReceived(UInt32(bytes), at: self.now, to: self.output)
            return nil
        }
    }

    func linkRelieved() -> Order {
        self.order {
            self.machine.linkRelieved(at: self.now, to: self.output)
            return nil
        }
    }

    func timePassed(at time: UInt64? = nil) -> Order {
        self.order {
            self.machine.timePassed(at: time ?? self.now, to: self.output)
            return nil
        }
    }

    /// Moves the clock to the machine's deadline and tells it.
    func passDeadline() -> Order {
        self.now = max(self.now, self.machine.deadline)
        return self.timePassed()
    }
}
