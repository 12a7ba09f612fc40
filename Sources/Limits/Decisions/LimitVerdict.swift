/// What has come of a demand.
public enum LimitVerdict: Hashable, Sendable {
    /// Everything is counted and held, until `settle`.
    case admitted(LimitHold, LimitStanding)
    /// Nothing is held and nothing counted.
    case refused(LimitRefusal, LimitStanding)
    /// The table has no room for another key, or this process no room for another hold.
    case full
}

/// What a request holds: a place in the list of its process. To be settled exactly once.
public struct LimitHold: Hashable, Sendable {
    /// The place in the list.
    public let place: UInt32
    /// Counts the uses of the place, so that a hold that is settled twice does no harm.
    public let use: UInt32

    public init(place: UInt32, use: UInt32) {
        self.place = place
        self.use = use
    }
}
