#if SLUICE_TEST_HOOKS
import Glibc

/// Faults that end-to-end tests ask for; absent from every other build.
enum TestHooks {
    /// Blocks the calling thread, and with it the event loop.
    static func block(seconds: UInt64) {
        if seconds > 0 { _ = sleep(UInt32(clamping: min(seconds, 3600))) }
    }

    /// Ends the process as a trap would.
    static func crash(_ isWanted: Bool) {
        if isWanted { abort() }
    }
}
#endif
