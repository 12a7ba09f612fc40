public import Domain
import Glibc
public import EventLog
public import Platform

/// The start of every worker program, common to all roles.
public enum WorkerProgram {
    /// What a role on an `EpollLoop` is made of.
    public struct Context {
        public let arguments: WorkerArguments
        public let log: Log
        public let loop: EpollLoop
        public let endpoint: ControlLineEndpoint
    }

    /// Runs a role on an `EpollLoop` until the process ends. A failure of `makeRole` is said in one line.
    public static func run(
        role: Role, arguments: [String] = CommandLine.arguments,
        makeRole: (Context) throws(StartFailure) -> any WorkerRole
    ) -> Never {
        let (identity, socket) = Self.start(role: role, arguments: arguments)
        do throws(StartFailure) {
            let loop = try Self.orFailure(role) { () throws(SystemError) in try EpollLoop() }
            let endpoint = identity.makeEndpoint()
            endpoint.role = try makeRole(
                Context(arguments: identity.arguments, log: identity.log, loop: loop, endpoint: endpoint))
            try Self.orFailure(role) { () throws(SystemError) in
                _ = try EpollControlLine(socket: socket, endpoint: endpoint, loop: loop)
                try loop.run()
            }
        } catch {
            Self.giveUp(error)
        }
        Glibc.exit(ExitCode.done)
    }

    /// Makes the process a proper child: arguments understood, exactly the announced descriptors open, hardened, ending
    /// with its parent. Says why in one line and exits when that fails. To be called first, before any thread is made.
    ///
    /// For programs that do not use `run`: make the endpoint from the identity on the role's event loop, then call
    /// `ThreadControlLine.run` with the socket on the main thread.
    public static func start(
        role: Role, arguments: [String] = CommandLine.arguments
    ) -> (identity: WorkerIdentity, socket: PacketSocket) {
        if Preflight.isAsked(arguments) { Preflight.run(role) }
        // Before the process is closed in.
        _ = WorkerIdentity.build
        do throws(StartFailure) {
            let parsed = try WorkerArguments.parse(Array(arguments.dropFirst()), role: role)
            let open = try Self.orFailure(role) { () throws(SystemError) in try DescriptorList.open() }
            try parsed.verifyDescriptors(open: open)
            try Self.orFailure(role) { () throws(SystemError) in
                try parsed.user?.become()
                try Self.settle(role)
            }
            ProcessHardening.closeNewFiles(toGroup: parsed.user == nil)
            let missing = Self.enterSandbox(parsed)
            let socket = PacketSocket(OwnedDescriptor(adopting: WorkerArguments.controlDescriptor))
            let log = Log(role: role, instance: parsed.instance)
            log.takeOverProcess()
            let identity = WorkerIdentity(
                arguments: parsed, log: log, missing: missing, sender: socket.sender)
            return (identity, socket)
        } catch {
            Self.giveUp(error)
        }
    }

    /// Closes the role's sandbox, where it is known from the command line; returns what this process lacks of all its hardening.
    /// Control reads the configuration first and closes its own (`RoleSandbox.enter`).
    private static func enterSandbox(_ arguments: WorkerArguments) -> Hardening {
        var missing = ProcessHardening.missing(ownUser: arguments.user != nil)
        if arguments.role != .control, let state = arguments.state {
            let sandbox = RoleSandbox.of(
                arguments.role, state: state, readable: arguments.trustFolders, hasServer: arguments.hasServer)
            missing.formUnion(sandbox.enter())
        } else {
            missing.formUnion([.landlock, .seccomp])
        }
        return missing
    }

    /// Says why in one line for people and ends the process.
    public static func giveUp(_ failure: StartFailure) -> Never {
        StandardErrorSink.shared.writePlain(failure.message)
        Glibc.exit(failure.code)
    }

    private static func orFailure<Value: ~Copyable>(
        _ role: Role, _ body: () throws(SystemError) -> Value
    ) throws(StartFailure) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw StartFailure("\(role.program): \(error)")
        }
    }

    private static func settle(_ role: Role) throws(SystemError) {
        ProcessMemory.prepareHeap()
        ProcessHardening.ignoreGroupSignals()
        ProcessHardening.setName(role.program)
        try Self.bind()
    }

    /// Nobody may look into the process, and it ends with its parent. The kernel forgets both when a process changes its user.
    public static func bind() throws(SystemError) {
        #if SLUICE_TEST_HOOKS
        let traceable = true
        #else
        let traceable = false
        #endif
        try ProcessHardening.harden(traceable: traceable)
        try ProcessHardening.followParent(
            control: WorkerArguments.controlDescriptor,
            seconds: UInt32(clamping: WorkerMachine.defaultDrainTimeout / 1000 + 10))
    }
}
