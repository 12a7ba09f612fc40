public import Domain

/// A provider's key with the name that logs and metrics may show.
public struct ProviderKey: Hashable, Sendable {
    /// The name of a key written as `api_key`.
    public static let defaultName = "default"

    public var name: String
    /// Printable ASCII without blanks.
    public var value: Secret

    public init(name: String = ProviderKey.defaultName, value: Secret) {
        self.name = name
        self.value = value
    }
}
