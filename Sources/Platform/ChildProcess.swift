import CLinux
import Glibc

/// A process this one has started, and which it alone reaps.
///
/// Owns a pidfd, which becomes readable when the process ends. Its pid stays valid for signals until `reap` has returned a
/// status, as nobody else can take the zombie away.
public final class ChildProcess {
    /// One descriptor of the child: `source` here becomes `target` there.
    public struct Inherited: Hashable, Sendable {
        public var source: Int32
        public var target: Int32

        public init(source: Int32, target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// How a process ended.
    public enum Status: Hashable, Sendable {
        case code(Int32)
        /// A signal ended it.
        case signal(Int32)
    }

    public let pid: Int32
    private let descriptor: OwnedDescriptor

    /// Takes over a child that this process has started before it replaced its own program; `descriptor` is its pidfd.
    public init(adopting pid: Int32, descriptor: consuming OwnedDescriptor) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Starts the program at `path`, or the very file that `program` is open on, with exactly the given descriptors beside 0, 1 and 2 (which it inherits unless they are
    /// targets), exactly this environment, no blocked and no ignored signals. A missing or broken program is an error here.
    public init(
        path: String, program: Int32? = nil, arguments: [String], environment: [String], descriptors: [Inherited]
    ) throws(SystemError) {
        let list = descriptors.map { sluice_inherited_fd(source: $0.source, target: $0.target) }
        var pid: pid_t = -1
        let code = unsafe Self.withCStrings(arguments) { argv in
            unsafe Self.withCStrings(environment) { envp in
                unsafe list.withUnsafeBufferPointer { fds in
                    unsafe sluice_spawn(&pid, path, program ?? -1, argv, envp, fds.baseAddress, Int32(fds.count))
                }
            }
        }
        guard code == 0 else { throw SystemError(operation: "start \(path)", code: code) }
        self.pid = pid
        let number = sluice_pidfd_open(pid)
        self.descriptor = OwnedDescriptor(adopting: number)
        guard number >= 0 else {
            let failure = SystemError.last("pidfd_open")
            _ = Glibc.kill(pid, SIGKILL)
            _ = waitpid(pid, nil, 0)
            throw failure
        }
    }

    /// The pidfd, for watching.
    public var number: Int32 { self.descriptor.number }

    /// Sends a signal. Not to be called once the process was reaped.
    public func kill(_ signal: Int32) {
        _ = Glibc.kill(self.pid, signal)
    }

    /// The status once it has ended, nil while it runs. Code -1 stands for a status that somebody else took.
    public func reap() -> Status? {
        var (code, signal): (Int32, Int32) = (0, 0)
        switch unsafe sluice_reap(self.pid, &code, &signal) {
        case 0: return nil
        case 1: break
        default: return .code(-1)
        }
        return signal != 0 ? .signal(signal) : .code(code)
    }

    /// Waits for the end of a process that was killed, and reaps it.
    public func waitForEnd() {
        while waitpid(self.pid, nil, 0) < 0 && errno == EINTR {}
    }

    /// Reaps any child of this process that has ended: for a process that gets orphans as pid 1.
    public static func reapAny() -> (pid: Int32, status: Status)? {
        var (pid, code, signal): (pid_t, Int32, Int32) = (-1, 0, 0)
        guard unsafe sluice_reap_any(&pid, &code, &signal) == 1 else { return nil }
        return (pid, signal != 0 ? .signal(signal) : .code(code))
    }

    /// Replaces this process by the program at `path`, or by the very file that `program` is open on. Returns only when that
    /// failed, with the reason.
    public static func replaceThisProcess(
        path: String, program: Int32?, arguments: [String], environment: [String]
    ) -> SystemError {
        let code = unsafe Self.withCStrings(arguments) { argv in
            unsafe Self.withCStrings(environment) { envp in unsafe sluice_exec(path, program ?? -1, argv, envp) }
        }
        return SystemError(operation: "start \(path)", code: code)
    }

    /// A NULL-terminated array of C strings, valid during `body`.
    private static func withCStrings(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Int32
    ) -> Int32 {
        let copies = unsafe strings.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        guard unsafe copies.allSatisfy({ unsafe $0 != nil }) else { return ENOMEM }
        return unsafe (copies + [nil]).withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
}
