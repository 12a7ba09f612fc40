/// What kind of model a request is for. Failover stays inside it.
public enum Tier: UInt8, Hashable, Sendable, CaseIterable {
    case fast = 1
    case deep = 2

    /// As the configuration, the request header and the reply header have it.
    public var name: String {
        switch self {
        case .fast: "fast"
        case .deep: "deep"
        }
    }
}
