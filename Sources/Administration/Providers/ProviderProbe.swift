public import Domain

/// One call to a provider, to see whether it answers. Holds a key.
public struct ProviderProbe: Hashable, Sendable {
    public var url: String
    /// Whether the answer is a list of models; else a request that the provider refuses as incomplete is sent, and any status but those of a
    /// wrong key will do.
    public var listsModels: Bool
    /// Whole lines.
    public var headers: [Secret]
    public var reach: ProviderReach
    public var proxy: String?
    public var caFile: String?

    public init(
        url: String, listsModels: Bool, headers: [Secret], reach: ProviderReach, proxy: String? = nil,
        caFile: String? = nil
    ) {
        self.url = url
        self.listsModels = listsModels
        self.headers = headers
        self.reach = reach
        self.proxy = proxy
        self.caFile = caFile
    }
}
