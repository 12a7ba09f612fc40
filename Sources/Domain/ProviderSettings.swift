/// One provider as an upstream calls it. Holds the provider key, so it exists in control and upstreams only.
public struct ProviderSettings: Hashable, Sendable {
    /// How the provider is spoken to.
    public enum Kind: Hashable, Sendable {
        /// A server that speaks `dialect`; the base URL has no trailing slash.
        case server(Dialect, baseURL: String)
        /// Built in: answers by itself. `delay` in milliseconds before the first token.
        case simulated(delay: UInt32, tokensPerSecond: UInt32)
    }

    /// A header that is sent with each call, as bytes.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: Secret

        public init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    public var kind: Kind
    /// Sent as the dialect wants it, such as `Authorization: Bearer`; nil sends none.
    public var apiKey: Secret?
    /// Azure's `api-version`; nil calls the paths that have none.
    public var apiVersion: String?
    /// What the provider cannot do is left out of a translated request instead of being refused.
    public var dropsUnsupported: Bool
    /// Images that a request names by an https URL are fetched by the gateway for a provider that fetches none.
    public var fetchesImages: Bool
    public var headers: [Header]
    /// A proxy URL for curl, or nil.
    public var proxy: String?
    public var maxConnections: UInt32
    /// A PEM file of certificate authorities instead of the system's.
    public var caFile: String?
    public var timeouts: ProviderTimeouts

    public init(
        name: String, kind: Kind, apiKey: Secret? = nil, apiVersion: String? = nil, dropsUnsupported: Bool = false,
        fetchesImages: Bool = false, headers: [Header] = [], proxy: String? = nil,
        maxConnections: UInt32 = 1024, caFile: String? = nil, timeouts: ProviderTimeouts = ProviderTimeouts()
    ) {
        self.name = name
        self.kind = kind
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.dropsUnsupported = dropsUnsupported
        self.fetchesImages = fetchesImages
        self.headers = headers
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.caFile = caFile
        self.timeouts = timeouts
    }
}
