import Domain
import Glibc
import IPC
import EventLog
import Platform

/// The supervisor as a program. One thread for life: nothing here may start another, or spawning could hang.
public enum SupervisorProgram {
    private static let descriptorLimit: UInt64 = 65_536

    /// Runs the whole gateway; ends the process.
    public static func run(arguments: [String] = CommandLine.arguments) -> Never {
        do throws(StartFailure) {
            // Signals first: one that comes early must wait, not kill a half-started tree.
            let wanted = SupervisorSignal.allCases.filter { $0 != .child || getpid() == 1 }
            let signals = try Self.orFailure { () throws(SystemError) in
                try SignalDescriptor(wanted.map(\.rawValue))
            }
            if arguments.dropFirst().first == "--preflight" { Self.answerPreflight() }
            try Self.orFailure { () throws(SystemError) in try Self.settle() }
            if let memory = SupervisorArguments.resumption(Array(arguments.dropFirst())) {
                exit(try Self.resume(memory, signals: signals))
            }
            let null = try Self.holdStandardDescriptors()
            let parsed = try SupervisorArguments.parse(Array(arguments.dropFirst()))
            guard SealedMemory.isSealed(parsed.environment) else {
                throw StartFailure("sluice-supervisor: descriptor \(parsed.environment) holds no environment")
            }
            let programs: ProgramFolder =
                if let path = parsed.programs { ProgramFolder(path: path) } else { try .ofThisProgram() }
            try programs.verify()
            let spawner = Spawner(
                programs: programs, environment: Self.childEnvironment(Self.variable),
                configuration: parsed.configuration, null: null, gatewayEnvironment: parsed.environment)
            exit(
                try Self.orFailure { () throws(SystemError) in
                    try Self.loop(spawner, signals, LogOutput()).run()
                })
        } catch {
            StandardErrorSink.shared.writePlain(error.message)
            exit(error.code)
        }
    }

    /// Goes on where another program of this process has stopped.
    private static func resume(_ number: Int32, signals: SignalDescriptor) throws(StartFailure) -> Int32 {
        let memory = OwnedDescriptor(adopting: number)
        let bytes = try Self.orFailure { () throws(SystemError) in
            try SealedMemory.read(memory.number, limit: SupervisorState.limit)
        }
        guard let state = SupervisorState(decoding: bytes) else {
            throw StartFailure("sluice-supervisor: the state of the program before cannot be read")
        }
        let spawner = Spawner(
            programs: ProgramFolder(path: state.folder), environment: Self.childEnvironment(Self.variable),
            configuration: state.configuration, null: state.null, gatewayEnvironment: state.environment)
        let output = LogOutput(adopting: state.standardError, path: state.logFile)
        let loop = try Self.orFailure { () throws(SystemError) in try Self.loop(spawner, signals, output) }
        try loop.resume(state)
        return try Self.orFailure { () throws(SystemError) in try loop.run() }
    }

    private static func loop(
        _ spawner: Spawner, _ signals: SignalDescriptor, _ output: LogOutput
    ) throws(SystemError) -> SupervisorLoop {
        try SupervisorLoop(
            spawner: spawner, signals: signals,
            notifier: ServiceNotifier(processID: getpid(), variable: Self.variable), log: Log(role: .supervisor),
            output: output, processID: getpid(), build: Self.build,
            ownEnvironment: Self.variables.compactMap { name in Self.variable(name).map { "\(name)=\($0)" } },
            standbyLimit: ProgramHook.text("standby-limit-ms").flatMap { UInt64($0) } ?? 30_000,
            say: output.say)
    }

    private static var build: [UInt8] { Array((ProgramHook.text("build-id") ?? SluiceVersion.current).utf8) }

    /// All variables that the supervisor may have.
    private static let variables = [
        "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
        "SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS", "SLUICE_SECCOMP", "SLUICE_IMAGES", "SLUICE_PROVIDERS",
    ]

    private static func answerPreflight() -> Never {
        let bytes = PreflightAnswer(build: Self.build).encoded()
        let written = unsafe bytes.withUnsafeBytes { unsafe write(3, $0.baseAddress, $0.count) }
        exit(written == bytes.count ? ExitCode.done : ExitCode.cannotStart)
    }

    /// The whole environment of every child.
    static func childEnvironment(_ variable: (String) -> String?) -> [String] {
        #if SLUICE_TEST_HOOKS
        // With enable=yes workers stay out of their sandboxes, in which no other program can be started.
        let backtrace = variable("SWIFT_BACKTRACE") ?? "enable=no"
        let others = ["ASAN_OPTIONS", "TSAN_OPTIONS", "SLUICE_SECCOMP", "SLUICE_IMAGES", "SLUICE_PROVIDERS"].compactMap
        { name in
            variable(name).map { "\(name)=\($0)" }
        }
        return ["SWIFT_BACKTRACE=\(backtrace)"] + others
        #else
        // A backtrace would print what is in memory: requests, keys.
        return ["SWIFT_BACKTRACE=enable=no"]
        #endif
    }

    private static func settle() throws(SystemError) {
        #if SLUICE_TEST_HOOKS
        let traceable = true
        #else
        let traceable = false
        #endif
        ProcessHardening.ignoreBrokenPipes()
        ProcessHardening.keepEndedChildren()
        try ProcessHardening.harden(traceable: traceable)
        ProcessHardening.setName(Role.supervisor.program)
        try DescriptorLimit.raise(to: Self.descriptorLimit)
    }

    /// Opens /dev/null for the children, and makes sure that 0, 1 and 2 are taken, so that no socket ever gets one of them.
    private static func holdStandardDescriptors() throws(StartFailure) -> Int32 {
        while true {
            let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
            guard number >= 0 else {
                throw StartFailure("sluice-supervisor: /dev/null: \(SystemError.last("open").reason)")
            }
            if number > 2 { return number }
        }
    }

    private static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    private static func orFailure<Value: ~Copyable>(
        _ body: () throws(SystemError) -> Value
    ) throws(StartFailure) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw StartFailure("sluice-supervisor: \(error)")
        }
    }
}
