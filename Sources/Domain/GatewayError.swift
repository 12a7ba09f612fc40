/// Why a request did not get a provider's answer: whose fault it is, what the client is told, whether a retry helps.
///
/// Routing, metrics, logs and the client's JSON all derive from this one value. The message is written for the caller
/// and never holds a secret, a provider's key or an internal address.
///
/// Its members are behind one reference: most requests have none, and what carries an error that is not there is copied often.
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

    private final class Content: Hashable, Sendable {
        let code: String
        let type: String
        let status: UInt16
        let source: Source
        let retry: Retry
        let message: String
        let param: String?
        let retryAfter: UInt32?

        init(
            _ code: String, _ type: String, _ status: UInt16, _ source: Source, _ retry: Retry, _ message: String,
            _ param: String?, _ retryAfter: UInt32?
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

        static func == (a: Content, b: Content) -> Bool {
            a === b
                || (a.code == b.code && a.type == b.type && a.status == b.status && a.source == b.source
                    && a.retry == b.retry && a.message == b.message && a.param == b.param
                    && a.retryAfter == b.retryAfter)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(self.code)
            hasher.combine(self.status)
            hasher.combine(self.message)
            hasher.combine(self.param)
        }
    }

    private let content: Content

    /// A stable name for programs, such as `model_not_found`; OpenAI's names where it has one.
    public var code: String { self.content.code }
    /// OpenAI's `type` member, such as `invalid_request_error`.
    public var type: String { self.content.type }
    /// The HTTP status the client gets when no byte of an answer has gone out, 400…599.
    public var status: UInt16 { self.content.status }
    public var source: Source { self.content.source }
    /// Whether sending the same request again can help.
    public var retry: Retry { self.content.retry }
    public var message: String { self.content.message }
    /// The request member at fault, where there is one.
    public var param: String? { self.content.param }
    /// Seconds for `Retry-After`, where waiting helps.
    public var retryAfter: UInt32? { self.content.retryAfter }

    public init(
        code: String, type: String, status: UInt16, source: Source, retry: Retry = .never, message: String,
        param: String? = nil, retryAfter: UInt32? = nil
    ) {
        self.content = Content(code, type, status, source, retry, message, param, retryAfter)
    }

    /// The same with another status, 400…599.
    public func withStatus(_ status: UInt16) -> GatewayError {
        GatewayError(
            code: self.code, type: self.type, status: status, source: self.source, retry: self.retry,
            message: self.message, param: self.param, retryAfter: self.retryAfter)
    }
}
