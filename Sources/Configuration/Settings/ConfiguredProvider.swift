public import Domain

/// One entry of `providers`: what an upstream needs of it, and what only the control plane does.
public struct ConfiguredProvider: Hashable, Sendable {
    /// What goes into the upstreams' snapshot. Its name has 1…64 letters, digits, `_`, `.` or `-`; its base URL is
    /// http or https with a host, without user information, query, fragment and trailing slash; header names are tokens
    /// and unique whatever their case; header values and keys hold no control characters; of several keys
    /// each has a name of its own.
    public var settings: ProviderSettings
    /// Whether the host name may resolve to a private address (a literal one in the file always may).
    public var allowPrivateNetwork: Bool

    public init(settings: ProviderSettings, allowPrivateNetwork: Bool = false) {
        self.settings = settings
        self.allowPrivateNetwork = allowPrivateNetwork
    }

    /// How the simulated provider behaves when the file says nothing: 50 ms to the first token, then 200 a second.
    public static let defaultSimulation = ProviderSettings.Kind.simulated(delay: 50, tokensPerSecond: 200)

    /// The built-in provider under its usual name.
    public static let simulated = ConfiguredProvider(
        settings: ProviderSettings(name: "simulated", kind: ConfiguredProvider.defaultSimulation))
}
