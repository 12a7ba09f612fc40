/// What an operator can ask of the tree; the same as the signals. Numbers are part of the wire format.
public enum OrderKind: UInt8, Hashable, Sendable, CaseIterable {
    /// HUP.
    case reload = 1
    /// USR2.
    case upgrade = 2
    /// TERM.
    case stop = 3
    /// INT.
    case stopNow = 4
    /// USR1.
    case reopenLogs = 5
    /// TTIN.
    case addEdge = 6
    /// TTOU.
    case removeEdge = 7

    /// The name in logs, `status` and the administration.
    public var label: String {
        switch self {
        case .reload: "reload"
        case .upgrade: "upgrade"
        case .stop: "stop"
        case .stopNow: "stop_now"
        case .reopenLogs: "reopen_logs"
        case .addEdge: "add_edge"
        case .removeEdge: "remove_edge"
        }
    }
}
