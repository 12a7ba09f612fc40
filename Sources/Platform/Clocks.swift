public import CLinux

/// The two clocks of the system. Pure code never calls these: time is passed to it.
public enum Clocks {
    /// Nanoseconds since some fixed point; never jumps.
    @inlinable
    public static func monotonicNanoseconds() -> UInt64 { sluice_monotonic_ns() }

    /// Milliseconds since 1970, as the wall clock says now; may jump.
    @inlinable
    public static func wallMilliseconds() -> UInt64 { sluice_wall_ms() }
}
