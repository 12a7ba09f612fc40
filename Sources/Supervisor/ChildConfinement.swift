import Domain

/// What a child is told for confining itself, as far as the topology decides it: its user and the paths it works with.
struct ChildConfinement {
    private let topology: Topology

    init(_ topology: Topology) {
        self.topology = topology
    }

    /// Arguments for a process of `role`.
    func arguments(of role: Role) -> [String] {
        var arguments = ["--state=\(self.topology.stateDirectory)"]
        if role == .upstream { arguments += self.topology.trustFolders.map { "--trust=\($0)" } }
        if role == .aggregator, let folders = self.topology.serverFolders {
            arguments += ["--server"] + folders.map { "--trust=\($0)" }
        }
        if let numbers = RoleUser.identity(of: role, in: self.topology.users) {
            arguments.append("--user=" + numbers.map(String.init).joined(separator: ":"))
        }
        return arguments
    }
}
