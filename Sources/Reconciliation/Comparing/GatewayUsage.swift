public import Domain

/// What Sluice knows of some calls of one day and one model.
public struct GatewayUsage: Hashable, Sendable {
    /// The day in UTC, since 1970.
    public var day: Int64
    /// As it was sent.
    public var model: [UInt8]
    /// Whether the provider takes money for them; false: nobody knows.
    public var isBilled: Bool
    /// The tokens are not the provider's own numbers.
    public var isEstimated: Bool
    public var calls: Int64
    public var searches: Int64
    public var usage: TokenUsage

    public init(
        day: Int64, model: [UInt8], isBilled: Bool = true, isEstimated: Bool = false, calls: Int64 = 1,
        searches: Int64 = 0, usage: TokenUsage
    ) {
        self.day = day
        self.model = model
        self.isBilled = isBilled
        self.isEstimated = isEstimated
        self.calls = calls
        self.searches = searches
        self.usage = usage
    }

    func value(_ compared: ComparedClass) -> Int64 {
        switch compared {
        case .requests: self.calls
        case .searches: self.searches
        default: compared.tokenClasses.reduce(0) { $0.addingClamped(max(0, self.usage[$1])) }
        }
    }
}
