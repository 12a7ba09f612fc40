/// What a `FairQueue` keeps to.
public struct QueueTerms: Hashable, Sendable {
    /// Most that wait; 0: none does.
    public var length: UInt32
    /// Nanoseconds that one waits at most.
    public var patience: UInt64
    /// Calls there may be at the same time.
    public var places: UInt32
    /// How many queues such as this one share these places.
    public var sharers: UInt32

    public init(length: UInt32, patience: UInt64, places: UInt32, sharers: UInt32 = 1) {
        self.length = length
        self.patience = patience
        self.places = places
        self.sharers = sharers
    }
}
