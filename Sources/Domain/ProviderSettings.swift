/// One provider as an upstream calls it. Holds the provider key, so it exists in control and upstreams only.
public struct ProviderSettings: Hashable, Sendable {
    /// How the provider is spoken to.
    public enum Kind: Hashable, Sendable {
        /// An OpenAI-compatible server; the base URL has no trailing slash.
        case openAI(baseURL: String)
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
    /// Sent as `Authorization: Bearer`; nil sends none.
    public var apiKey: Secret?
    public var headers: [Header]
    /// A proxy URL for curl, or nil.
    public var proxy: String?
    public var maxConnections: UInt32
    /// A PEM file of certificate authorities instead of the system's.
    public var caFile: String?
    public var timeouts: ProviderTimeouts

    public init(
        name: String, kind: Kind, apiKey: Secret? = nil, headers: [Header] = [], proxy: String? = nil,
        maxConnections: UInt32 = 1024, caFile: String? = nil, timeouts: ProviderTimeouts = ProviderTimeouts()
    ) {
        self.name = name
        self.kind = kind
        self.apiKey = apiKey
        self.headers = headers
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.caFile = caFile
        self.timeouts = timeouts
    }
}
