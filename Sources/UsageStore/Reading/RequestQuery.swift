public import Domain

/// Which requests are asked for. What is nil does not matter.
public struct RequestQuery: Hashable, Sendable {
    /// Requests in one answer.
    public static let maximum = 1000

    /// Milliseconds since 1970 from which on they came, and before which.
    public var since: UInt64?
    public var until: UInt64?
    /// Only those before this one: the `next` of an answer.
    public var before: RecordID?
    public var organization: EntityID?
    public var key: EntityID?
    public var project: EntityID?
    public var user: EntityID?
    /// This one alone.
    public var record: RecordID?
    /// The client's own id of it, the trace it is a part of (16 bytes), and the code of its error.
    public var label: [UInt8]?
    public var traceID: [UInt8]?
    public var error: [UInt8]?
    public var provider: [UInt8]?
    public var outcome: ClientOutcome?
    /// Nano-USD, and microseconds until the end.
    public var minimumCost: Int64?
    public var minimumDuration: Int64?
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
        self.organization == nil && self.key == nil && self.project == nil && self.user == nil && self.model == nil
            && self.provider == nil && self.status == nil && self.outcome == nil && self.error == nil
            && self.label == nil && self.traceID == nil && self.minimumCost == nil && self.minimumDuration == nil
    }

    /// Only records that are in it are wanted; nil where there can be none.
    var range: Range<RecordID>? {
        var first = RecordID.first(atMilliseconds: self.since ?? 0)
        var end = self.before ?? RecordID(high: .max, low: .max)
        if let until { end = min(end, RecordID.first(atMilliseconds: until)) }
        if let record {
            first = max(first, record)
            end = min(end, record.next)
        }
        return first < end ? first..<end : nil
    }
}

extension RecordID {
    /// The one behind it; itself for the last.
    var next: RecordID {
        let (low, carry) = self.low.addingReportingOverflow(1)
        let (high, overflow) = self.high.addingReportingOverflow(carry ? 1 : 0)
        return overflow ? self : RecordID(high: high, low: low)
    }
}
