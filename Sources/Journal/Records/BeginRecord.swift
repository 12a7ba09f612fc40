public import Domain

/// A request is here: written by the edge when the body is whole, before anything reads it.
public struct BeginRecord: Hashable, Sendable {
    /// Bytes of the longest text member; a longer one is cut by the writer.
    public static let maximumText = 1024

    public var record: RecordID
    public var principal: Principal
    public var endpoint: Endpoint
    /// Bytes of the client's body.
    public var bodyBytes: UInt64
    /// Of project, length and the body's ends: what makes a request recognisable that kills workers.
    public var fingerprint: UInt64
    /// What the clocks of the caller's project are ahead of UTC, in quarter hours: which day it was there stays known, whatever
    /// becomes of the project.
    public var zone: Int8
    /// The trace id of `traceparent`: 16 bytes, or none.
    public var traceID: [UInt8]
    /// The client's `x-request-id`, or empty.
    public var label: [UInt8]
    /// The value of `x-sluice-tags`, or empty.
    public var tags: [UInt8]

    public init(
        record: RecordID, principal: Principal, endpoint: Endpoint, bodyBytes: UInt64, fingerprint: UInt64,
        zone: Int8 = 0, traceID: [UInt8] = [], label: [UInt8] = [], tags: [UInt8] = []
    ) {
        self.record = record
        self.principal = principal
        self.endpoint = endpoint
        self.bodyBytes = bodyBytes
        self.fingerprint = fingerprint
        self.zone = zone
        self.traceID = traceID
        self.label = label
        self.tags = tags
    }
}
