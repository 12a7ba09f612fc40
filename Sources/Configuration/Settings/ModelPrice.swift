public import Domain

/// A price that the file sets (an entry of `pricing`); it counts before what the gateway knows itself.
public struct ModelPrice: Hashable, Sendable {
    /// The name of a configured provider.
    public var provider: String
    /// The model as that provider writes it; nil (`*` in the file) for every model of it that has no price of its own.
    public var model: String?
    public var price: Price

    public init(provider: String, model: String?, price: Price) {
        self.provider = provider
        self.model = model
        self.price = price
    }
}
