/// What a step of `UsageSink.repair` has come to.
public enum RollupRepair: Hashable, Sendable {
    /// There is more to read.
    case more
    /// All sums of these days are right; so many rows of them were not.
    case done(differed: Int)
    /// It cannot be done now: another host does it, or what was there before the sums is still being summed.
    case busy
}
