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

    /// Starts the program of `seat`; `line` becomes its control socket.
    func start(
        _ seat: Seat, instance: UInt32, line: Int32, inheritance: Inheritance?, topology: Topology? = nil
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
        return try ChildProcess(
            path: self.programs.program(of: seat.role), arguments: arguments, environment: self.environment,
            descriptors: descriptors)
    }
}
