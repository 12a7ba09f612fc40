/// One place a request may be sent: a provider of the snapshot and the model name that provider knows.
public struct Target: Hashable, Sendable {
    /// Index into the snapshot's providers, the same in edges and upstreams of one snapshot.
    public var provider: UInt16
    /// The model's name as the provider writes it, UTF-8.
    public var model: [UInt8]
    /// Index into the snapshot's prices, the same in edges and upstreams; nil: the price is unknown.
    public var price: UInt32?

    public init(provider: UInt16, model: [UInt8], price: UInt32? = nil) {
        self.provider = provider
        self.model = model
        self.price = price
    }
}
