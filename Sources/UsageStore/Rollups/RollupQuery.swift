public import Domain

/// Which sums are asked for. What is nil does not matter.
public struct RollupQuery: Hashable, Sendable {
    /// The stretches of time the sums are divided into.
    public enum Period: Hashable, Sendable {
        /// Hours since 1970, UTC.
        case hours(Range<Int64>)
        /// Days since 1970, each in the time zone that its project had when the request came.
        case days(Range<Int64>)
    }

    public var period: Period
    /// False: one sum over the whole period.
    public var isDivided: Bool
    /// In the order in which the groups of an entry are given; each at most once.
    public var dimensions: [RollupDimension]
    public var organization: EntityID?
    public var project: EntityID?
    public var key: EntityID?
    public var user: EntityID?
    public var provider: [UInt8]?
    /// The model that was asked for.
    public var model: [UInt8]?

    public init(
        _ period: Period, isDivided: Bool = true, by dimensions: [RollupDimension] = [], organization: EntityID? = nil,
        project: EntityID? = nil, key: EntityID? = nil, user: EntityID? = nil, provider: [UInt8]? = nil,
        model: [UInt8]? = nil
    ) {
        self.period = period
        self.isDivided = isDivided
        self.dimensions = dimensions
        self.organization = organization
        self.project = project
        self.key = key
        self.user = user
        self.provider = provider
        self.model = model
    }
}
