/// How many processes of one role run.
public enum WorkerCount: Hashable, Sendable, CustomStringConvertible {
    /// As many as fit this machine: one edge per core, one upstream per four cores.
    case automatic
    /// Exactly so many, 1…200.
    case fixed(Int)

    public var description: String {
        switch self {
        case .automatic: "auto"
        case .fixed(let count): "\(count)"
        }
    }

    /// The number to start on a machine with `cores` cores, where `automatic` means one per `coresPerWorker`.
    public func resolved(cores: Int, coresPerWorker: Int) -> Int {
        switch self {
        case .automatic: min(max(cores / max(coresPerWorker, 1), 1), 200)
        case .fixed(let count): count
        }
    }
}
