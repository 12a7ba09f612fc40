import Domain
import Resilience

/// A machine over scripted places in simulated time, which is in milliseconds here and begins at an odd one.
final class DispatchRun {
    static let start: UInt64 = 12_345
    let places = ScriptedPlaces()
    var machine: DispatchMachine
    /// Milliseconds since the beginning.
    var now: UInt64 = 0
    /// The full jitter's: as long as can be.
    var random = UInt64.max

    init(
        _ count: Int, retries: UInt8 = 2, delay: UInt64 = 500, hedge: RoutePolicy.HedgeDelay? = nil,
        strategy: RoutePolicy.Strategy = .ordered, limit: UInt64 = 600_000
    ) {
        self.machine = DispatchMachine(
            places: count,
            policy: RoutePolicy(strategy: strategy, retries: retries, retryDelay: delay, hedgeAfter: hedge),
            timeLimit: limit * 1_000_000)
    }

    var time: UInt64 { (Self.start + self.now) * 1_000_000 }

    /// Milliseconds since the beginning; nil for never. Rounded up.
    var deadline: UInt64? {
        let deadline = self.machine.deadline
        return deadline == .max ? nil : (deadline + 999_999) / 1_000_000 - Self.start
    }

    func begin() -> DispatchOrder { self.machine.begin(at: self.time, random: self.random, self.places) }

    func failed(_ number: UInt8, _ failure: CallFailure) -> DispatchOrder {
        self.machine.failed(number, failure, at: self.time, random: self.random, self.places)
    }

    func failed(_ number: UInt8, _ status: UInt16, after milliseconds: UInt64? = nil, shouldRetry: Bool? = nil)
        -> DispatchOrder
    {
        let advice = RetryAdvice(after: milliseconds.map { $0 * 1_000_000 }, shouldRetry: shouldRetry)
        return self.failed(number, CallFailure(.status(status), advice: advice))
    }

    func hasContent(_ number: UInt8) -> [UInt8] { self.machine.hasContent(number, at: self.time) }

    func granted(_ isAllowed: Bool) -> DispatchOrder { self.machine.granted(isAllowed, at: self.time, self.places) }

    func turn() -> DispatchOrder { self.machine.turn(at: self.time, self.places) }

    func queueRefused(_ milliseconds: UInt64) -> DispatchOrder {
        self.machine.queueRefused(retryAfter: milliseconds * 1_000_000, at: self.time)
    }

    func timePassed() -> DispatchOrder {
        self.machine.timePassed(at: self.time, random: self.random, self.places)
    }

    /// As the shell would: the time is told when it is wanted.
    func waited() -> DispatchOrder {
        guard let deadline = self.deadline else { return .giveUp }
        self.now = max(self.now, deadline)
        return self.timePassed()
    }

    /// Kinds, places and details.
    var trail: [String] { self.machine.trail.map { "\($0.kind) \($0.call) \($0.detail)" } }
}

extension DispatchOrder {
    static func call(_ number: UInt8, _ place: Int, key: UInt8 = 0) -> DispatchOrder {
        .call(Attempt(number: number, place: place, key: key))
    }

    static func ask(_ number: UInt8, _ place: Int, _ reason: Reason, key: UInt8 = 0) -> DispatchOrder {
        .ask(Attempt(number: number, place: place, key: key), reason)
    }
}
