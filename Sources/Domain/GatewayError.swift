/// Why a request did not get a provider's answer: whose fault it is, what the client is told, whether a retry helps.
///
/// Routing, metrics, logs and the client's JSON all derive from this one value. The message is written for the caller
/// and never holds a secret, a provider's key or an internal address.
public struct GatewayError: Error, Hashable, Sendable {
    /// Who has to act.
    public enum Source: UInt8, Sendable {
        /// The caller's request cannot be served as it is.
        case client = 0
        /// The provider failed, refused or answered something unusable.
        case provider = 1
        /// Sluice itself could not do its part (a worker died, it is draining, it is overloaded).
        case gateway = 2

        /// Whose fault it is that a provider answered with an error status, where nothing else is known of it.
        public init(ofProviderStatus status: UInt16) {
            switch status {
            case 400, 404...406, 410...428: self = .client
            default: self = .provider
            }
        }
    }

    /// Whether sending the same request again can help.
    public enum Retry: UInt8, Sendable {
        case never = 0
        case later = 1
    }

    /// A stable name for programs, such as `model_not_found`; OpenAI's names where it has one.
    public var code: String
    /// OpenAI's `type` member, such as `invalid_request_error`.
    public var type: String
    /// The HTTP status the client gets when no byte of an answer has gone out, 400…599.
    public var status: UInt16
    public var source: Source
    public var retry: Retry
    public var message: String
    /// The request member at fault, where there is one.
    public var param: String?
    /// Seconds for `Retry-After`, where waiting helps.
    public var retryAfter: UInt32?

    public init(
        code: String, type: String, status: UInt16, source: Source, retry: Retry = .never, message: String,
        param: String? = nil, retryAfter: UInt32? = nil
    ) {
        self.code = code
        self.type = type
        self.status = status
        self.source = source
        self.retry = retry
        self.message = message
        self.param = param
        self.retryAfter = retryAfter
    }
}
