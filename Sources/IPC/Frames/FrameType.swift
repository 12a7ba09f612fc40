/// What a frame is. The numbers are the wire format; `docs/ipc.md` describes each payload.
public enum FrameType: UInt8, Hashable, Sendable, CaseIterable {
    // Control sockets and the start of each link.
    case hello = 1
    case ready = 2
    case snapshot = 3
    case link = 4
    case heartbeat = 5
    case drain = 6
    case topology = 7
    case snapshotAcknowledged = 8
    case ownerDead = 9
    case reopenLogs = 10
    // 11 is free.
    case suspects = 12
    case quarantine = 13
    case reload = 14
    case reloadRefused = 15
    case listeners = 16
    case order = 17
    case treeReport = 18
    case metricPages = 19

    // Requests.
    case request = 32
    case body = 33
    case responseHead = 34
    case chunk = 35
    case end = 36
    case cancel = 37
    case credit = 38
    case attempt = 39
    case grant = 40

    /// The largest payload of this type, in bytes. A longer one breaks the protocol.
    public var maximumLength: UInt32 {
        switch self {
        case .reopenLogs, .cancel: 0
        case .grant: 1
        case .ready: 2
        case .attempt: 3
        case .credit: 4
        case .heartbeat, .ownerDead, .quarantine, .reload, .order: 64
        case .hello, .link, .drain, .snapshot, .metricPages: 1 << 10
        case .snapshotAcknowledged: 2 << 10
        case .responseHead: 16 << 10
        case .topology, .reloadRefused, .listeners: 32 << 10
        case .suspects, .treeReport: 60 << 10
        case .body, .chunk: UInt32(WireLimits.data)
        case .request, .end: 256 << 10
        }
    }
}
