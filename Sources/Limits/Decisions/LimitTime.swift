/// When a decision is made.
public struct LimitTime: Hashable, Sendable {
    /// Milliseconds of the table's clock, by which windows are counted: BOOTTIME and a constant of the table. Never jumps.
    public var window: UInt64
    /// Seconds since 1970 by the wall clock, which may jump; only for what is told to callers.
    public var wall: Int64

    public init(window: UInt64, wall: Int64) {
        self.window = window
        self.wall = wall
    }
}
