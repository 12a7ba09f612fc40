/// What the API adds to a configuration. Numbers are stored.
public enum ObjectKind: Int64, Hashable, Sendable, CaseIterable {
    /// An entry of `providers`.
    case provider = 1
    /// An entry of `models`.
    case alias = 2
    /// An entry of `pricing`.
    case price = 3

    /// The section of the file that has such entries.
    public var section: String {
        switch self {
        case .provider: "providers"
        case .alias: "models"
        case .price: "pricing"
        }
    }

    /// What people call one.
    public var noun: String {
        switch self {
        case .provider: "provider"
        case .alias: "model alias"
        case .price: "price"
        }
    }
}
