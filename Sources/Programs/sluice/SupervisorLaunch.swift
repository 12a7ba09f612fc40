import Configuration
import Glibc
import Platform

/// Turns this process into `sluice-supervisor`, with the same pid.
///
/// The environment goes into a sealed memfd, because it holds secrets and the supervisor hands it to the one program that
/// may read them (control); the supervisor's own environment is what a service manager needs of it and nothing else.
enum SupervisorLaunch {
    /// Why the supervisor could not be started, as one line.
    struct Failure: Error {
        let message: String
    }

    /// Returns only by throwing.
    static func exec(configurationFile: String?) throws(Failure) {
        let supervisor = try self.siblingPath()
        guard unsafe access(supervisor, X_OK) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw Failure(
                message: "\(supervisor) cannot be run (\(reason)): install all programs of Sluice side by side")
        }
        let environment = EnvironmentBlock(bytes: try self.ownEnvironment())
        let memory: Int32
        do throws(SystemError) {
            let bytes = self.forControl(environment)
            memory = try SealedMemory.make(name: "sluice-environment", bytes: bytes).release()
        } catch {
            throw Failure(message: "the environment cannot be put into sealed memory: \(error)")
        }
        // It has to survive exec; on the way there nothing else is started.
        guard fcntl(memory, F_SETFD, 0) == 0 else {
            throw Failure(message: "the environment cannot be handed over: \(unsafe String(cString: strerror(errno)))")
        }
        var arguments = ["sluice-supervisor", "--environment-fd=\(memory)"]
        if let configurationFile {
            arguments.append("--config=\(try self.absolutePath(configurationFile))")
        }
        let kept = environment.entries { name in
            name == "NOTIFY_SOCKET" || name.hasPrefix("LISTEN_") || name.hasPrefix("WATCHDOG_") || self.isForTests(name)
        }
        let code = self.execute(supervisor, arguments: arguments.map { Array($0.utf8) }, environment: kept)
        throw Failure(message: "\(supervisor) cannot be run: \(unsafe String(cString: strerror(code)))")
    }

    /// What builds for tests hand on, so that a test can choose how children behave.
    private static func isForTests(_ name: String) -> Bool {
        #if SLUICE_TEST_HOOKS
        return ["SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS", "SLUICE_SECCOMP"].contains(name)
        #else
        return false
        #endif
    }

    /// What control gets: everything, but for passed sockets that are meant for another process (a parent that did not
    /// clear its own), for they decide where a gateway without `listen` listens.
    private static func forControl(_ environment: EnvironmentBlock) -> [UInt8] {
        // This process keeps its number when it becomes the supervisor.
        if environment.values["LISTEN_PID"] == String(getpid()) { return environment.bytes }
        return Array(environment.entries { !$0.hasPrefix("LISTEN_") }.joined(separator: [0])) + [0]
    }

    /// `sluice-supervisor` in the folder of the running program, wherever that was found by.
    private static func siblingPath() throws(Failure) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { buffer in
            let characters = unsafe buffer.bindMemory(to: CChar.self)
            return unsafe characters.baseAddress.map { unsafe readlink("/proc/self/exe", $0, characters.count) } ?? -1
        }
        guard count > 0, count < buffer.count, let slash = buffer[..<count].lastIndex(of: UInt8(ascii: "/")) else {
            throw Failure(message: "/proc/self/exe cannot be read: \(unsafe String(cString: strerror(errno)))")
        }
        return String(decoding: buffer[...slash], as: UTF8.self) + "sluice-supervisor"
    }

    /// The environment this process was started with, byte for byte.
    private static func ownEnvironment() throws(Failure) -> [UInt8] {
        do throws(BoundedFile.Failure) {
            return try BoundedFile.read(path: "/proc/self/environ", limit: 16 << 20)
        } catch {
            throw Failure(message: "/proc/self/environ cannot be read: \(error.reason)")
        }
    }

    /// `path` from the root. Links stay as they are: a mounted configuration is replaced by changing a link.
    private static func absolutePath(_ path: String) throws(Failure) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let folder = unsafe getcwd(nil, 0) else {
            throw Failure(message: "the working directory is unknown: \(unsafe String(cString: strerror(errno)))")
        }
        defer { unsafe free(folder) }
        let prefix = unsafe String(cString: folder)
        return prefix.hasSuffix("/") ? prefix + path : "\(prefix)/\(path)"
    }

    /// execve(2): returns errno, or does not return.
    private static func execute(_ path: String, arguments: [[UInt8]], environment: [[UInt8]]) -> Int32 {
        let argv = CStringVector(arguments)
        let envp = CStringVector(environment)
        return unsafe argv.withPointers { argv in
            unsafe envp.withPointers { envp in
                _ = unsafe execve(path, argv, envp)
                return errno
            }
        }
    }
}
