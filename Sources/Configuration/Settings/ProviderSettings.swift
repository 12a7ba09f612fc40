/// One provider: where requests can go (an entry of `providers`).
public struct ProviderSettings: Hashable, Sendable {
    /// 1…64 letters, digits, `_`, `.` or `-`.
    public var name: String
    public var dialect: ProviderDialect
    /// Sent with every request, in the order of the file.
    public var headers: [ProviderHeader]
    /// An HTTP proxy for this provider; its path is empty.
    public var proxy: ProviderURL?
    /// Most connections per upstream worker; nil for no limit of its own.
    public var maxConnections: Int?
    /// A PEM file of certificate authorities that takes the place of the system's.
    public var caFile: String?
    /// Whether the host name may resolve to a private address (a literal one in `base_url` always may).
    public var allowPrivateNetwork: Bool
    public var timeouts: ProviderTimeouts

    public init(
        name: String, dialect: ProviderDialect, headers: [ProviderHeader] = [], proxy: ProviderURL? = nil,
        maxConnections: Int? = nil, caFile: String? = nil, allowPrivateNetwork: Bool = false,
        timeouts: ProviderTimeouts = ProviderTimeouts()
    ) {
        self.name = name
        self.dialect = dialect
        self.headers = headers
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.caFile = caFile
        self.allowPrivateNetwork = allowPrivateNetwork
        self.timeouts = timeouts
    }

    /// The built-in provider under its usual name.
    public static let simulated = ProviderSettings(name: "simulated", dialect: .simulated(SimulationSettings()))
}
