import Domain
import EventLog
import Platform

/// Starts children with exactly what their role gets: descriptors, arguments, environment.
struct Spawner {
    let programs: ProgramFolder
    /// The whole environment of every child.
    let environment: [String]
    /// The configuration file, for control.
    let configuration: String?
    /// /dev/null, as descriptor 0.
    let null: Int32
    /// Sealed memory with the gateway's environment, for control.
    let gatewayEnvironment: Int32

    /// What a control that is started again gets.
    struct Inheritance: Hashable {
        var inForce: Int32
        var instanceFile: Int32
    }

    /// Starts the program of `seat`; `line` becomes its control socket, `page` is where it counts.
    func start(
        _ seat: Seat, program: ProgramFile, instance: UInt32, line: Int32, page: Int32? = nil,
        isOnStandby: Bool = false,
        inheritance: Inheritance?, topology: Topology? = nil
    ) throws(SystemError) -> ChildProcess {
        var arguments = [seat.role.program, "--instance=\(instance)"]
        var descriptors = [
            ChildProcess.Inherited(source: self.null, target: 0), ChildProcess.Inherited(source: line, target: 3),
        ]
        if let topology { arguments += ChildConfinement(topology).arguments(of: seat.role) }
        switch seat.role {
        case .control:
            arguments.append("--environment-fd=4")
            descriptors.append(.init(source: self.gatewayEnvironment, target: 4))
            if let inheritance {
                arguments += ["--in-force-fd=5", "--instance-file-fd=6"]
                descriptors.append(.init(source: inheritance.inForce, target: 5))
                descriptors.append(.init(source: inheritance.instanceFile, target: 6))
            }
            if let configuration { arguments.append("--config=\(configuration)") }
        case .edge, .upstream, .aggregator, .supervisor: break
        }
        if let page {
            // The highest, whatever else there is.
            arguments.append("--metric-page-fd=7")
            descriptors.append(.init(source: page, target: 7))
        }
        if isOnStandby { arguments.append("--standby") }
        return try Self.start(program, arguments, self.environment, descriptors)
    }

    /// Asks a program whether it can take over: it answers to `answer`, and to `reason` what stands in its way.
    func ask(
        _ role: Role, program: ProgramFile, answer: Int32, reason: Int32, inForce: Int32?
    ) throws(SystemError) -> ChildProcess {
        var descriptors = [
            ChildProcess.Inherited(source: self.null, target: 0), .init(source: reason, target: 1),
            .init(source: reason, target: 2), .init(source: answer, target: 3),
        ]
        if let inForce { descriptors.append(.init(source: inForce, target: 4)) }
        return try Self.start(program, [role.program, "--preflight"], self.environment, descriptors)
    }

    private static func start(
        _ program: ProgramFile, _ arguments: [String], _ environment: [String], _ descriptors: [ChildProcess.Inherited]
    ) throws(SystemError) -> ChildProcess {
        if let number = program.number {
            do throws(SystemError) {
                return try ChildProcess(
                    path: program.path, program: number, arguments: arguments, environment: environment,
                    descriptors: descriptors)
            } catch {
                // Without /proc only the path is left.
                guard error.code == 2 else { throw error }
            }
        }
        return try ChildProcess(
            path: program.path, arguments: arguments, environment: environment, descriptors: descriptors)
    }
}
