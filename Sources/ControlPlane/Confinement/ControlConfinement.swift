import Administration
import Configuration
import Domain
import EventLog
import Platform
import WorkerRuntime

/// How control confines itself. It is started before anybody knows the configuration, as root perhaps: it reads the file, gives the
/// state folder to those who work in it, and only then becomes its own user.
enum ControlConfinement {
    /// Prepares the state folder at `path` for the users that the configuration asks for, and becomes control's. Returns all of
    /// them; none where everything runs as the supervisor does.
    static func settle(
        _ configuration: GatewayConfiguration, state path: String, arguments: WorkerArguments
    ) throws(StartFailure) -> [RoleUser] {
        // A control that is started again was told its user, and is that one already.
        let users = try RoleUsers.resolve(
            configuration.user, asRoot: ProcessUser.isRoot || arguments.user != nil)
        guard arguments.user == nil || !users.isEmpty else {
            throw StartFailure("user: the users that this gateway was started with are not found any more")
        }
        guard ProcessUser.isRoot, let numbers = RoleUser.identity(of: .control, in: users) else { return users }
        try StateOwnership.prepare(path, for: users)
        do throws(SystemError) {
            try ProcessUser(user: numbers[0], group: numbers[1], groups: Array(numbers.dropFirst(2))).become()
            try WorkerProgram.bind()
        } catch {
            throw StartFailure("sluice-control: cannot \(error)")
        }
        ProcessHardening.closeNewFiles(toGroup: false)
        return users
    }

    /// Closes control's sandbox, in which a reload must still work: the configuration's folder can be read, and those of the files
    /// that it names. Returns what of control's hardening is missing.
    static func close(_ gateway: borrowing PreparedGateway, given: Hardening) -> Hardening {
        let source = gateway.state.source
        let topology = gateway.state.snapshots.topology
        var files = source.includes.map(\.path)
        files += topology.listeners.compactMap(\.tls).flatMap { [$0.certificate, $0.key] }
        if let file = source.file { files.append(file.name) }
        if case .file(let path) = gateway.state.configuration.catalogue.source { files.append(path) }
        let database = gateway.state.configuration.database
        let servers = [database.control, database.usage].compactMap { $0 }
        files += servers.flatMap(\.files)
        let paths = files.map { AbsolutePath.resolve($0, in: source.workingDirectory) }
        var missing = given.subtracting([.landlock, .seccomp])
        if !topology.users.isEmpty { missing.remove(.ownUser) }
        let sandbox = RoleSandbox.of(
            .control, state: topology.stateDirectory, readable: ReadablePaths.folders(of: paths))
        return missing.union(sandbox.enter())
    }
}
