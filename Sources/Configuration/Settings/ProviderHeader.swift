public import Domain

/// One header that goes with every request to a provider.
public struct ProviderHeader: Hashable, Sendable {
    /// An HTTP token as written in the file.
    public var name: String
    /// Its value, without control characters; a secret because keys are sent this way too.
    public var value: Secret

    public init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}
