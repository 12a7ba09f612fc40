internal import Domain
internal import HTTPClient
internal import EventLog
internal import WorkerRuntime

/// The program `sluice-upstream`: a child of the supervisor that calls providers.
public enum UpstreamProgram {
    /// Runs until the supervisor lets it go.
    public static func main() -> Never {
        WorkerProgram.run(role: .upstream) { (context) throws(StartFailure) in
            // Still the only thread: libcurl asks for that.
            guard HTTPClient.initializeLibrary() else { throw StartFailure("sluice-upstream: libcurl cannot be used") }
            return try UpstreamRole(context)
        }
    }
}
