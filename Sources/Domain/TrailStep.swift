/// One thing an upstream did, or left, on the way to an answer: part of a request's decision trail.
public struct TrailStep: Hashable, Sendable {
    /// Raw values are in records that are kept; they never change.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// The call went out; `detail` is the attempt's number.
        case called = 1
        /// Passed over: its circuit breaker is open; `detail` is the milliseconds until it is probed.
        case breakerOpen = 2
        /// Passed over: all its keys cool down; `detail` is the milliseconds until the first may be used.
        case keysCooling = 3
        /// Passed over: all its keys were refused by the provider.
        case keysOut = 4
        /// Passed over: all its keys have used up what they may a minute; `detail` is the milliseconds until one has room.
        case keysLimited = 5
        /// Passed over: it has as many calls as it may.
        case busy = 6
        /// Waited for a free place; `detail` is the milliseconds it took.
        case queued = 7
        /// Not waited for: the queue is full, or too slow; `detail` is the milliseconds it would have taken.
        case queueFull = 8
        /// The call failed; `detail` is the provider's status, 0 for none.
        case failed = 9
        /// Waited before another attempt; `detail` is milliseconds.
        case waited = 10
        /// No further attempt: too many of late.
        case retryBudgetSpent = 11
        /// No further attempt: the edge's limits did not allow it.
        case grantRefused = 12
        /// A second call beside a slow one; `detail` is the attempt's number.
        case hedged = 13
        /// No second call: too many of late.
        case hedgeBudgetSpent = 14
        /// Ended because the other call was faster; `detail` is the attempt's number.
        case hedgeLost = 15
        /// Another request's call answers this one, too.
        case shared = 16
    }

    public var kind: Kind
    /// Which of the request's calls (targets) it is about.
    public var call: UInt8
    public var detail: UInt32
    /// Microseconds since the request came to the upstream.
    public var at: UInt32

    public init(_ kind: Kind, call: UInt8, detail: UInt32 = 0, at: UInt32) {
        self.kind = kind
        self.call = call
        self.detail = detail
        self.at = at
    }

    /// Most steps that are kept of a request; further ones are left out.
    public static let maximumCount = 48
}
