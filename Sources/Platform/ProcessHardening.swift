import CLinux
import Glibc

/// What a process does to itself at its start, before it touches anything of the outside.
public enum ProcessHardening {
    /// No core files, no new privileges, and not dumpable unless `traceable` (builds for tests, debuggers).
    public static func harden(traceable: Bool) throws(SystemError) {
        guard sluice_harden(traceable ? 1 : 0) == 0 else { throw SystemError.last("harden the process") }
    }

    /// Shows `name` (at most 15 bytes) in `ps` and /proc/PID/comm.
    public static func setName(_ name: String) {
        unsafe name.withCString { unsafe sluice_set_name($0) }
    }

    /// Writing to a peer that has gone becomes EPIPE.
    public static func ignoreBrokenPipes() {
        sluice_ignore_sigpipe()
    }

    /// For a parent: children that end wait to be reaped, even if this process was started with SIGCHLD ignored.
    public static func keepEndedChildren() {
        sluice_keep_ended_children()
    }

    /// For a child: signals meant for the whole group are the supervisor's business.
    public static func ignoreGroupSignals() {
        sluice_ignore_group_signals()
    }

    /// For a child: when the parent ends, `control` reads as ended, and the kernel ends this process `seconds` later should
    /// its event loop hang. Any other TERM is ignored.
    public static func followParent(control: Int32, seconds: UInt32) throws(SystemError) {
        guard sluice_follow_parent(control, seconds) == 0 else { throw SystemError.last("prctl(PR_SET_PDEATHSIG)") }
    }

    /// The kernel ends this process `seconds` from now, whatever it does; 0 takes that back.
    public static func limitLife(seconds: UInt32) {
        sluice_limit_life(seconds)
    }
}

extension ProcessHardening {
    /// Files that this process makes are closed to other users, and with `toGroup` to its group too, whatever mode they are
    /// made with.
    public static func closeNewFiles(toGroup: Bool) {
        umask(toGroup ? 0o077 : 0o007)
    }

    /// Whether the process can be dumped and traced by others of its user.
    public static var isDumpable: Bool { sluice_is_dumpable() != 0 }

    /// Whether this is a build with a sanitizer, which needs more of the system than the gateway does.
    public static var isSanitized: Bool { sluice_is_sanitized() != 0 }

    /// Sleeps until a signal handler has run.
    public static func sleepForEver() {
        pause()
    }
}
