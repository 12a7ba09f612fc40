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

    /// Keys of one pool.
    public static let maximumKeys = 64

    public var name: String
    public var kind: Kind
    /// Sent as the dialect wants it, such as `Authorization: Bearer`, one of them with each call; empty sends none. At most
    /// `maximumKeys`, names are unique.
    public var keys: [ProviderKey]
    /// Azure's `api-version`; nil calls the paths that have none.
    public var apiVersion: String?
    /// What the provider cannot do is left out of a translated request instead of being refused.
    public var dropsUnsupported: Bool
    /// Images that a request names by an https URL are fetched by the gateway for a provider that fetches none.
    public var fetchesImages: Bool
    public var headers: [Header]
    /// A proxy URL for curl, or nil.
    public var proxy: String?
    /// Over all upstreams; each has its share of them.
    public var maxConnections: UInt32
    /// Calls at the same time, over all upstreams; nil: as many as there are connections.
    public var concurrency: UInt32?
    public var queue: QueueSettings
    public var breaker: BreakerSettings
    /// A PEM file of certificate authorities instead of the system's.
    public var caFile: String?
    public var timeouts: ProviderTimeouts
    /// Where connections to it may go.
    public var reach: ProviderReach

    /// The first key; nil where none is sent.
    public var apiKey: Secret? { self.keys.first?.value }

    /// `apiKey` is a key without a name, before `keys`.
    public init(
        name: String, kind: Kind, apiKey: Secret? = nil, keys: [ProviderKey] = [], apiVersion: String? = nil,
        dropsUnsupported: Bool = false,
        fetchesImages: Bool = false, headers: [Header] = [], proxy: String? = nil,
        maxConnections: UInt32 = 1024, concurrency: UInt32? = nil, queue: QueueSettings = QueueSettings(),
        breaker: BreakerSettings = BreakerSettings(), caFile: String? = nil,
        timeouts: ProviderTimeouts = ProviderTimeouts(), reach: ProviderReach = .anywhere
    ) {
        self.name = name
        self.kind = kind
        self.keys = apiKey.map { [ProviderKey(value: $0)] + keys } ?? keys
        self.apiVersion = apiVersion
        self.dropsUnsupported = dropsUnsupported
        self.fetchesImages = fetchesImages
        self.headers = headers
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.concurrency = concurrency
        self.queue = queue
        self.breaker = breaker
        self.caFile = caFile
        self.timeouts = timeouts
        self.reach = reach
    }
}
