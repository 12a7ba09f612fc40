/// For how long is kept what is written down, in milliseconds; nil: for ever.
public struct RetentionSettings: Hashable, Sendable {
    /// Requests and their provider calls.
    public var requests: UInt64?
    /// Sums of usage.
    public var usage: UInt64?
    /// The audit log.
    public var audit: UInt64?

    public init(requests: UInt64? = 90 * 86_400_000, usage: UInt64? = nil, audit: UInt64? = 30 * 86_400_000) {
        self.requests = requests
        self.usage = usage
        self.audit = audit
    }
}
