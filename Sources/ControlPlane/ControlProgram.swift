import Domain
import EventLog
import HTTPClient
import WorkerRuntime

/// The program `sluice-control`.
public enum ControlProgram {
    /// Runs until the supervisor ends it; a failure to start is said in one line (several problems of a configuration
    /// in one line each), with an exit status of 70…79.
    public static func run() -> Never {
        if Preflight.isAsked(CommandLine.arguments) {
            Preflight.run(.control) { () throws(StartFailure) in try PreparedGateway.check(Preflight.inForce) }
        }
        WorkerProgram.run(role: .control) { (context) throws(StartFailure) in
            // Still the only thread: libcurl asks for that.
            guard HTTPClient.initializeLibrary() else { throw StartFailure("sluice-control: libcurl cannot be used") }
            return try ControlRole(context)
        }
    }
}
