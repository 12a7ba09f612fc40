/// The head of a reply, cut down to what anybody here asks for. Values are as received, without surrounding spaces.
public struct HTTPResponseHead: Hashable, Sendable {
    /// 200…999, never a 1xx.
    public var status: UInt16
    public var contentType: [UInt8]?
    /// The body's length if it was announced; nil with a transfer coding.
    public var contentLength: UInt64?
    /// Neither a length nor the chunked coding says where the body ends: only the connection's end does, which looks the same
    /// where the body was cut off.
    public var endsByClose: Bool
    public var retryAfter: [UInt8]?
    public var retryAfterMilliseconds: [UInt8]?
    /// `x-request-id`, else `request-id`.
    public var requestID: [UInt8]?
    /// `etag`, with its quotes.
    public var entityTag: [UInt8]?
    /// The lines of all fields that say when to try again, or what of a limit is left: `retry-after`, `retry-after-ms`,
    /// `x-should-retry`, `x-ratelimit-…`, `anthropic-ratelimit-…`; as received, each ended by a line feed. Empty where there are
    /// none; at most 2 KiB, further ones are left out.
    public var retryFields: [UInt8]

    public init(
        status: UInt16, contentType: [UInt8]? = nil, contentLength: UInt64? = nil,
        endsByClose: Bool = false, retryAfter: [UInt8]? = nil, retryAfterMilliseconds: [UInt8]? = nil,
        requestID: [UInt8]? = nil, entityTag: [UInt8]? = nil, retryFields: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.contentLength = contentLength
        self.endsByClose = endsByClose
        self.retryAfter = retryAfter
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.requestID = requestID
        self.entityTag = entityTag
        self.retryFields = retryFields
    }
}
