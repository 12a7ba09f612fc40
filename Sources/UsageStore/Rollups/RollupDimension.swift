/// What sums over requests may be divided by.
public enum RollupDimension: String, Hashable, Sendable, CaseIterable {
    case organization
    case project
    case key
    /// The end user a request was made for.
    case user
    /// The provider that answered, or was called last.
    case provider
    /// The model that was asked for.
    case model
    /// The model as it was sent to the provider.
    case modelSent = "model_sent"
}
