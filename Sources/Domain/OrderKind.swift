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
    /// No signal: control's own wish to put in force what it knows, the file as it was read last.
    case refresh = 8

    /// What people can ask for.
    public static let ofOperators = allCases.filter { $0 != .refresh }

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
        case .refresh: "refresh"
        }
    }
}
