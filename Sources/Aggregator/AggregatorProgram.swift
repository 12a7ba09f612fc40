import Domain
import WorkerRuntime

/// The program `sluice-aggregator`.
public enum AggregatorProgram {
    /// Runs until the supervisor ends it; a failure to start is said in one line, with an exit status of 70…79.
    public static func run() -> Never {
        WorkerProgram.run(role: .aggregator) { AggregatorRole($0) }
    }
}
