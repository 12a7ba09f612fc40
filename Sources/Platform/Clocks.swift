public import CLinux
import Glibc

/// The two clocks of the system. Pure code never calls these: time is passed to it.
public enum Clocks {
    /// Nanoseconds since some fixed point; never jumps.
    @inlinable
    public static func monotonicNanoseconds() -> UInt64 { sluice_monotonic_ns() }

    /// Milliseconds since 1970, as the wall clock says now; may jump.
    @inlinable
    public static func wallMilliseconds() -> UInt64 { sluice_wall_ms() }

    /// Has the calling thread wait. Not for event loops.
    public static func sleep(milliseconds: UInt64) {
        var wanted = timespec(
            tv_sec: Int(clamping: milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        var left = timespec()
        while unsafe nanosleep(&wanted, &left) != 0, errno == EINTR { wanted = left }
    }
}
