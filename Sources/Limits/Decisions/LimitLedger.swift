public import Domain

/// Decides, holds and settles for one process. Lives on its event loop.
public protocol LimitLedger: AnyObject {
    /// Milliseconds of the table's clock.
    func windowTime() -> UInt64

    /// Checks all limits of a request and holds what it asks for, or nothing.
    func admit(_ demand: LimitDemand, record: RecordID, at time: LimitTime) -> LimitVerdict

    /// Adds to `limits` how each limit of `entries` stood when it was decided about them: to be called right behind `admit`, with its
    /// entries and its time. What was admitted is in the figures; whether a limit has refused is the caller's to say.
    func check(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit])

    /// Adds to `limits` how each limit of `entries` stands now: for a request that was decided about earlier, and whose hold is not
    /// settled. Nothing where that cannot be read.
    func checkNow(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit])

    /// Holds more for a request that is running: `tokens` and `cost` on top, checked against the same entries. Nil when
    /// it is granted.
    func extend(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, at time: LimitTime
    ) -> LimitRefusal?

    /// Ends a hold: what was used counts from now on, in the periods of `entries`, the entries of the demand. Returns the
    /// soft limits (percent of budget) that this has crossed: each is returned once, to one process.
    @discardableResult
    func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, softPercent: UInt8,
        at time: LimitTime
    ) -> [LimitCrossing]

    /// Counts one request whatever the limits say; which limit is broken now, if one is. For wrong keys.
    func count(_ entry: LimitDemand.Entry, at time: LimitTime) -> LimitRefusal?
}

/// A budget has come to its soft limit.
public struct LimitCrossing: Hashable, Sendable {
    public var scope: LimitScope
    public var key: LimitKey
    public var kind: LimitKind
    public var limit: Int64
    public var used: Int64

    public init(scope: LimitScope, key: LimitKey, kind: LimitKind, limit: Int64, used: Int64) {
        self.scope = scope
        self.key = key
        self.kind = kind
        self.limit = limit
        self.used = used
    }
}
