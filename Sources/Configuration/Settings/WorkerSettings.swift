/// How many workers run (`workers`).
public struct WorkerSettings: Hashable, Sendable {
    public var edge: WorkerCount
    public var upstream: WorkerCount

    public init(edge: WorkerCount = .automatic, upstream: WorkerCount = .automatic) {
        self.edge = edge
        self.upstream = upstream
    }
}
