import Domain
import IPC

/// One configuration as each role sees it: nobody gets more than it needs.
struct SnapshotSet: Hashable, Sendable {
    /// No provider key, no provider's address, of the client key only the digest.
    var edge: EdgeSnapshot
    var upstream: UpstreamSnapshot
    var aggregator: AggregatorSnapshot
    /// For the supervisor; no secret at all.
    var topology: Topology

    /// Whether each receiver will understand what it gets. The wire's limits are wider than the configuration's, so it
    /// should hold; but a worker that found out the contrary could only be started again and again.
    var canBeRead: Bool {
        let announcement = TopologyAnnouncement(version: self.edge.version, host: 0, topology: self.topology).frame()
        return (try? EdgeSnapshot(decoding: self.edge.encoded())) == self.edge
            && (try? UpstreamSnapshot(decoding: self.upstream.encoded())) == self.upstream
            && announcement.count <= WireLimits.header + Int(FrameType.topology.maximumLength)
    }
}
