/// One key of a provider's pool. Holds the key, so it exists in control and upstreams only.
public struct ProviderKey: Hashable, Sendable {
    /// Its name in the configuration: in records, logs and status; empty for `api_key`.
    public var name: String
    public var value: Secret
    /// Its share of the calls, against the other keys of the pool.
    public var weight: UInt32
    /// What the provider allows it a minute, over all upstreams; nil: not known.
    public var requestsPerMinute: UInt32?
    public var tokensPerMinute: UInt32?

    public init(
        name: String = "", value: Secret, weight: UInt32 = 1, requestsPerMinute: UInt32? = nil,
        tokensPerMinute: UInt32? = nil
    ) {
        self.name = name
        self.value = value
        self.weight = weight
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
    }
}
