public import Domain

/// One provider call as the usage database knows it.
public struct AttemptRow: Hashable, Sendable {
    /// From 1; the provider knows it as `x-client-request-id: RECORD-number`.
    public var number: Int64
    /// The upstream's instance.
    public var upstream: Int64?
    public var provider: [UInt8]
    public var model: [UInt8]
    /// The name of the provider's key in its pool, or empty.
    public var keyName: [UInt8]
    /// Nil for an unknown one.
    public var price: Price?
    /// Milliseconds since 1970; nil when only its end is known.
    public var startedAt: Int64?
    /// The provider's HTTP status, 0 when none came; nil while the call runs, or when nobody was left to see its end.
    public var status: Int64?
    public var billed: Billed
    /// Nano-USD; nil where the price is unknown.
    public var cost: Int64?
    public var error: [UInt8]
    /// What is known of a call that has ended.
    public var detail: AttemptDetail
}
