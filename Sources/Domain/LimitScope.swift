/// Whose use is counted.
public enum LimitScope: UInt8, Hashable, Sendable, CaseIterable {
    case key = 1
    case project = 2
    case organization = 3
    case user = 4
    /// An IPv4 address, or the first 64 bits of an IPv6 address.
    case address = 5
    /// A model by the name the client asks for.
    case model = 6
    /// The whole gateway.
    case global = 7
    /// A caller without a key, by address.
    case anonymous = 8
    /// Wrong keys from one address.
    case wrongKeys = 9

    /// The name in administration and replies.
    public var name: StaticString {
        switch self {
        case .key: "key"
        case .project: "project"
        case .organization: "organization"
        case .user: "user"
        case .address: "ip"
        case .model: "model"
        case .global: "global"
        case .anonymous: "anonymous"
        case .wrongKeys: "wrong_keys"
        }
    }
}
