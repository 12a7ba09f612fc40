/// The targets of one request as a `DispatchMachine` asks about them: what stands against calling one now, and taking what a
/// call needs. In production over the state that all upstreams share. Places are indexes into the request's calls; times are
/// nanoseconds of the caller's monotonic clock.
public protocol CallPlaces {
    /// Whether calling the place would be refused now, without taking anything; `.free` may be overtaken by others.
    func standing(of place: Int, at now: UInt64) -> CallStanding
    /// Takes all that a call to the place needs, or nothing: the breaker's leave, a key with what it may a minute, a place
    /// among the calls at the same time. What was taken is given back with the end of that attempt, which is the caller's
    /// business. `avoiding` are keys of this place that have failed this request: none of them is taken. The one key of a
    /// provider without keys is 0, and is avoided like any other. Whoever waits in the place's queue goes before one that
    /// does not: for others the place is `.busy`.
    func take(_ place: Int, attempt number: UInt8, avoiding keys: KeySet, at now: UInt64) -> CallTaking
    /// Nanoseconds until the first token of late; nil where nothing is known.
    func latency(of place: Int) -> UInt64?
    /// Nanoseconds in which `percent` of the calls usually have their first token; nil where too little is known.
    func firstTokenTime(of place: Int, percent: UInt8) -> UInt64?
    /// Calls that run at the place now, over all upstreams.
    func load(of place: Int) -> UInt32
    /// Takes one of the retries that the last traffic of the place's provider pays for; false where there is none left.
    func takeRetry(of place: Int, at now: UInt64) -> Bool
    /// The same for a hedge.
    func takeHedge(at now: UInt64) -> Bool
    /// The same number for places of one provider. Where it is not told apart, each place counts as a provider of its own.
    func provider(of place: Int) -> Int
}

extension CallPlaces {
    public func provider(of place: Int) -> Int { place }
}

/// What stands against a call.
public enum CallStanding: Hashable, Sendable {
    case free
    /// As many calls as there may be at the same time.
    case busy
    /// The circuit breaker is open for so many nanoseconds.
    case breakerOpen(UInt64)
    /// Every key cools down, for so many nanoseconds at least.
    case keysCooling(UInt64)
    /// Every key has used up its minute; there is room in so many nanoseconds.
    case keysLimited(UInt64)
    /// The provider refuses every key.
    case keysOut
}

public enum CallTaking: Hashable, Sendable {
    /// The key's index in the provider's pool; 0 where it has none.
    case taken(key: UInt8)
    case refused(CallStanding)
}

/// Keys of one provider, by their index: at most 64.
public struct KeySet: Hashable, Sendable {
    public private(set) var bits: UInt64 = 0

    public init() {}

    public func contains(_ key: UInt8) -> Bool { key < 64 && self.bits & 1 << UInt64(key) != 0 }
    public mutating func insert(_ key: UInt8) { if key < 64 { self.bits |= 1 << UInt64(key) } }
    public mutating func formUnion(_ other: KeySet) { self.bits |= other.bits }
    public var isEmpty: Bool { self.bits == 0 }
}
