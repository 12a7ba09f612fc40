import Configuration
import Domain

/// What a reload cannot change. Pure.
struct RestartOnly {
    /// What is in force.
    var before: GatewayState
    /// What was read again.
    var after: GatewayState
    /// For the places in the file.
    var result: ConfigurationResult

    /// Each with its place; empty where nothing of the kind has changed.
    var problems: [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        let (old, new) = (self.before.snapshots, self.after.snapshots)
        func refuse(_ path: String, _ change: String) {
            problems.append(self.result.problem(at: path, "\(change) needs a restart"))
        }
        if !old.topology.stateDirectory.utf8.elementsEqual(new.topology.stateDirectory.utf8) {
            refuse("state_directory", "another folder (it is \(old.topology.stateDirectory))")
        }
        if self.before.configuration.database != self.after.configuration.database {
            refuse("database", "another database")
        }
        if self.before.configuration.user != self.after.configuration.user {
            refuse("user", "another user")
        }
        if old.aggregator.limitTable.slots != new.aggregator.limitTable.slots {
            refuse("limits.table_slots", "another size (it is \(old.aggregator.limitTable.slots))")
        }
        if old.topology.users != new.topology.users { refuse("user", "another user, or none,") }
        let most = self.mostEdges
        if new.topology.edges > most {
            refuse("workers.edge", "more than \(most) edges, for which this run's limit table has places,")
        }
        let upstreams = max(old.aggregator.upstreams, old.topology.upstreams)
        if new.topology.upstreams > upstreams {
            refuse(
                "workers.upstream",
                "more than \(upstreams) upstreams, for which this run's table of providers has places,")
        }
        return problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    /// The limit table has places for two generations of so many edges; those there are can stay in any case.
    private var mostEdges: UInt16 {
        max(self.before.snapshots.aggregator.limitTable.places / 2, self.before.snapshots.topology.edges)
    }
}
