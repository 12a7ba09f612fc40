#if SLUICE_TEST_HOOKS
import Glibc
import Platform

/// Faults that end-to-end tests ask for; absent from every other build.
enum TestHooks {
    /// Blocks the calling thread, and with it the event loop.
    static func block(seconds: UInt64) {
        if seconds > 0 { _ = sleep(UInt32(clamping: min(seconds, 3600))) }
    }

    /// What the process's sandbox answers, as JSON: the errno of each probe, 0 for what can be done.
    static func probe(_ list: String) -> [UInt8] {
        let answers = list.split(separator: ",").map { "\"\($0)\":\(SandboxProbe.run(String($0)))" }
        return Array("{\(answers.joined(separator: ","))}".utf8)
    }

    /// Ends the process as a trap would.
    static func crash(_ isWanted: Bool) {
        if isWanted { abort() }
    }
}
#endif
