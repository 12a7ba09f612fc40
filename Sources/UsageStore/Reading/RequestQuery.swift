public import Domain

/// Which requests are asked for. What is nil does not matter.
public struct RequestQuery: Hashable, Sendable {
    /// Requests in one answer.
    public static let maximum = 1000

    /// Milliseconds since 1970 from which on they came.
    public var since: UInt64?
    /// Only those before this one: the `next` of an answer.
    public var before: RecordID?
    public var organization: EntityID?
    public var key: EntityID?
    public var project: EntityID?
    /// The model that was asked for, or the one that was sent.
    public var model: [UInt8]?
    public var status: ClosedRange<Int64>?
    /// How many; 1…`maximum`.
    public var limit: Int

    public init(
        since: UInt64? = nil, before: RecordID? = nil, organization: EntityID? = nil, key: EntityID? = nil,
        project: EntityID? = nil,
        model: [UInt8]? = nil, status: ClosedRange<Int64>? = nil, limit: Int = 50
    ) {
        self.since = since
        self.before = before
        self.organization = organization
        self.key = key
        self.project = project
        self.model = model
        self.status = status
        self.limit = min(max(1, limit), Self.maximum)
    }

    /// Every request of the period is wanted.
    var isForAll: Bool {
        self.organization == nil && self.key == nil && self.project == nil && self.model == nil && self.status == nil
    }
}
