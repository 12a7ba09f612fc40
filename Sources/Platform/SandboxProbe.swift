#if SLUICE_TEST_HOOKS
import CLinux

/// Tries what a sandbox should refuse; absent from every build but those for tests.
public enum SandboxProbe {
    /// 0 when it could be done, else the errno. `what` is the name of a system call (`execve`, `connect` …) or `open:/path`,
    /// `write:/path`, `make:/path`, `kill:PID`.
    public static func run(_ what: String) -> Int32 {
        unsafe sluice_probe(what)
    }
}
#endif
