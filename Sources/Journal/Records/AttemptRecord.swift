public import Domain

/// A provider is about to be called: written by the upstream before the first byte goes out.
public struct AttemptRecord: Hashable, Sendable {
    public var record: RecordID
    /// From 1; the provider knows the call as `x-client-request-id: RECORD-number`.
    public var number: UInt8
    /// The provider's name in the configuration.
    public var provider: [UInt8]
    /// The model as it is sent.
    public var model: [UInt8]
    /// The name of the provider's key in its pool, or empty.
    public var keyName: [UInt8]
    /// `Price.id`, 0 where the price is unknown.
    public var price: UInt64
    /// Milliseconds since 1970.
    public var startedAt: UInt64

    public init(
        record: RecordID, number: UInt8, provider: [UInt8], model: [UInt8], keyName: [UInt8] = [], price: UInt64,
        startedAt: UInt64
    ) {
        self.record = record
        self.number = number
        self.provider = provider
        self.model = model
        self.keyName = keyName
        self.price = price
        self.startedAt = startedAt
    }
}
