/// What a provider speaks, with what only that dialect needs.
public enum ProviderDialect: Hashable, Sendable {
    /// OpenAI's own grammar, passed on byte for byte. `key` is nil for servers that ask for none.
    case openAI(baseURL: ProviderURL, key: ProviderKey?)
    /// The built-in provider, which needs neither key nor network.
    case simulated(SimulationSettings)

    /// The base URL of `dialect: openai` when the file has none.
    public static let defaultBaseURL = ProviderURL(isSecure: true, host: "api.openai.com", path: "/v1")

    /// The dialect's name in the configuration file.
    public var name: String {
        switch self {
        case .openAI: "openai"
        case .simulated: "simulated"
        }
    }
}
