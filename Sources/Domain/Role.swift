/// What a process of the tree is.
public enum Role: UInt8, Hashable, Sendable, CaseIterable {
    case supervisor = 0
    case control = 1
    case aggregator = 2
    case upstream = 3
    case edge = 4

    /// The name in logs, metrics and `status`.
    public var label: String {
        switch self {
        case .supervisor: "supervisor"
        case .control: "control"
        case .aggregator: "aggregator"
        case .upstream: "upstream"
        case .edge: "edge"
        }
    }

    /// The file name of its program.
    public var program: String { "sluice-\(self.label)" }
}
