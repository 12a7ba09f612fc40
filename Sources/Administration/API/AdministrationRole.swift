/// What a token of the administration may do, within its organization or, where it has none, everywhere. Raw values are stored.
public enum AdministrationRole: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    /// Looks at everything but secrets.
    case viewer = 1
    /// Also works with keys.
    case member = 2
    /// Also with projects, limits and, where it has no organization, providers, models and prices.
    case admin = 3
    /// Also with tokens and the organization itself.
    case owner = 4

    public var name: String {
        switch self {
        case .viewer: "viewer"
        case .member: "member"
        case .admin: "admin"
        case .owner: "owner"
        }
    }

    public static func < (left: AdministrationRole, right: AdministrationRole) -> Bool {
        left.rawValue < right.rawValue
    }
}
