import Domain
import Glibc
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
            let null = try Self.holdStandardDescriptors()
            try Self.orFailure { () throws(SystemError) in try Self.settle() }
            let parsed = try SupervisorArguments.parse(Array(arguments.dropFirst()))
            guard SealedMemory.isSealed(parsed.environment) else {
                throw StartFailure("sluice-supervisor: descriptor \(parsed.environment) holds no environment")
            }
            let programs = try ProgramFolder.ofThisProgram()
            try programs.verify()
            let spawner = Spawner(
                programs: programs, environment: Self.childEnvironment(Self.variable),
                configuration: parsed.configuration, null: null, gatewayEnvironment: parsed.environment)
            let code = try Self.orFailure { () throws(SystemError) in
                let output = try LogOutput()
                return try SupervisorLoop(
                    spawner: spawner, signals: signals,
                    notifier: ServiceNotifier(processID: getpid(), variable: Self.variable),
                    log: Log(role: .supervisor), output: output, processID: getpid(),
                    build: Array(SluiceVersion.current.utf8), say: output.say
                ).run()
            }
            exit(code)
        } catch {
            StandardErrorSink.shared.writePlain(error.message)
            exit(error.code)
        }
    }

    /// The whole environment of every child.
    static func childEnvironment(_ variable: (String) -> String?) -> [String] {
        #if SLUICE_TEST_HOOKS
        // With enable=yes workers stay out of their sandboxes, in which no other program can be started.
        let backtrace = variable("SWIFT_BACKTRACE") ?? "enable=no"
        let sanitizers = ["ASAN_OPTIONS", "TSAN_OPTIONS", "SLUICE_SECCOMP"].compactMap { name in
            variable(name).map { "\(name)=\($0)" }
        }
        return ["SWIFT_BACKTRACE=\(backtrace)"] + sanitizers
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
