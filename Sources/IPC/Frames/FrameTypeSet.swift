/// The frame types a receiver accepts; any other closes the link.
public struct FrameTypeSet: Hashable, Sendable {
    private let bits: UInt64

    public init(_ types: [FrameType]) {
        self.bits = types.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
    }

    @inline(__always)
    public func contains(_ type: FrameType) -> Bool {
        self.bits & (1 << UInt64(type.rawValue)) != 0
    }

    /// What a server of request streams accepts.
    public static let server = FrameTypeSet([.hello, .request, .body, .cancel, .credit])
    /// What an edge accepts from whom it sends requests to.
    public static let client = FrameTypeSet([.hello, .responseHead, .chunk, .end, .credit])
    /// What an upstream accepts from an edge: it asks before it calls a provider once more.
    public static let upstream = FrameTypeSet([.hello, .request, .body, .cancel, .credit, .grant, .drain])
    /// What an edge accepts from an upstream.
    public static let upstreamClient = FrameTypeSet([.hello, .responseHead, .chunk, .end, .credit, .attempt, .drain])
    /// What a child accepts from the supervisor.
    public static let child = FrameTypeSet([
        .hello, .snapshot, .link, .heartbeat, .drain, .metricPages, .ready, .ownerDead, .quarantine, .reopenLogs,
        .reload,
        .reloadRefused, .listeners, .treeReport,
    ])
    /// What the supervisor accepts from a child.
    public static let supervisor = FrameTypeSet([
        .hello, .ready, .heartbeat, .topology, .link, .snapshotAcknowledged, .suspects, .quarantine,
        .reloadRefused, .order,
    ])
}
