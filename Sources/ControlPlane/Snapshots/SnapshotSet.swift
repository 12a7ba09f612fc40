import Domain

/// One configuration as each role sees it: nobody gets more than it needs.
struct SnapshotSet: Hashable, Sendable {
    /// No provider key, no provider's address, of the client key only the digest.
    var edge: EdgeSnapshot
    var upstream: UpstreamSnapshot
    var aggregator: AggregatorSnapshot
    /// For the supervisor; no secret at all.
    var topology: Topology
}
