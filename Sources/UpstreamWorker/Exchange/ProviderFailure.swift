internal import Dialects
internal import Domain
internal import HTTPClient
internal import Resilience

/// Every way a provider call ends without a reply that can be passed on, and what the client is told of it.
enum ProviderFailure: Error, Hashable {
    /// Which deadline passed.
    enum Deadline: Hashable {
        case connect
        case firstToken
        case idle
        case total
    }

    case transport(HTTPClientError)
    case timeout(Deadline)
    /// The provider did not accept the key it was given: 401 or 403.
    case authentication
    /// An error status without a body that a client could read. `retryAfter` in seconds.
    case status(UInt16, retryAfter: UInt32?)
    /// A redirect, an upgrade or a status out of range.
    case unexpectedStatus(UInt16)
    /// What came is not what was asked for.
    case notJSON
    case notReply
    case badStream
    /// A reply that has to be translated is longer than what is held of one.
    case replyTooLong
    /// The provider itself says what is wrong, within a reply that is to be translated.
    case reported(ProviderError)
    /// The request cannot be translated, or its images cannot be had: no provider is called.
    case refused(GatewayError)
    /// A stream that ended in order, but too early.
    case endedEarly
    case endedWithoutContent
    /// The request did not reach this process as it was sent.
    case damagedRequest
    case unknownConfiguration
    case outOfMemory
    case draining
    /// The journal has no room for what the call would have to leave there.
    case journalFull
    /// The client has stopped reading its reply. No provider's doing.
    case clientStalled
    /// The edge asks for nothing more: its client has gone. No provider's doing.
    case cancelled
    /// No provider can be called for the request now.
    case noPlace(DispatchRefusal)

    /// What goes to the client and into metrics.
    var error: GatewayError {
        switch self {
        case .transport(let error): ProviderFailure.transport(error)
        case .timeout(let deadline): ProviderFailure.timeout(deadline)
        case .authentication:
            ProviderFailure.provider(
                "provider_authentication", 502, "The provider refused the credentials the gateway is configured with.",
                retry: .never)
        case .status(let status, let retryAfter):
            GatewayError(
                code: "provider_invalid_response", type: status < 500 ? "invalid_request_error" : "server_error",
                status: status, source: .provider, retry: status == 429 || status >= 500 ? .later : .never,
                message: "The provider answered with status \(status) and no readable error.", retryAfter: retryAfter)
        case .unexpectedStatus(let status):
            ProviderFailure.invalid("The provider answered with status \(status), which a request must not get.")
        case .notJSON: ProviderFailure.invalid("The provider's reply is not JSON.")
        case .notReply: ProviderFailure.invalid("The provider's reply is not what its dialect prescribes.")
        case .badStream: ProviderFailure.invalid("The provider's stream is not made of JSON events.")
        case .replyTooLong: ProviderFailure.invalid("The provider's reply is too long to be translated.")
        case .reported(let reported): reported.error
        case .refused(let error): error
        case .endedEarly: ProviderFailure.invalid("The provider's stream ended early.")
        case .endedWithoutContent: ProviderFailure.invalid("The provider's stream ended early, before any content.")
        case .damagedRequest:
            ProviderFailure.gateway("upstream_lost", 502, "The request was damaged inside the gateway.")
        case .unknownConfiguration:
            GatewayError(
                code: "gateway_unavailable", type: "server_error", status: 503, source: .gateway, retry: .later,
                message: "The gateway's configuration has changed meanwhile; please try again.", retryAfter: 1)
        case .outOfMemory:
            ProviderFailure.gateway(
                "gateway_unavailable", 503, "The gateway has too many request bodies in memory; please try again.")
        case .draining:
            ProviderFailure.gateway("gateway_draining", 503, "The gateway is shutting down; please try again.")
        case .journalFull:
            ProviderFailure.gateway(
                "journal_full", 503, "The gateway has no room left to record requests; please try again later.")
        case .cancelled:
            GatewayError(
                code: "cancelled", type: "invalid_request_error", status: 499, source: .client, retry: .later,
                message: "The client went away.")
        case .noPlace(let refusal): refusal.error
        case .clientStalled:
            GatewayError(
                code: "request_timeout", type: "invalid_request_error", status: 408, source: .client, retry: .later,
                message: "The client did not read its reply in time.")
        }
    }

    /// What the attempt is recorded and counted as. The words of providers are theirs, and without number.
    var code: String {
        if case .reported = self { "provider_error" } else { self.error.code }
    }

    /// What came shows that nothing of the answer did.
    var isWithoutContent: Bool {
        switch self {
        case .notJSON, .notReply, .reported: true
        default: false
        }
    }

    /// Whether any byte of the request may have reached the provider, where the failure itself says so.
    var wasSent: Bool? {
        if case .transport(let error) = self { error.sentAny } else { nil }
    }

    private static func transport(_ error: HTTPClientError) -> GatewayError {
        switch error.kind {
        case .resolve:
            Self.provider("provider_unreachable", 502, "The provider's host name cannot be resolved.")
        case .connect, .forbiddenAddress:
            Self.provider("provider_unreachable", 502, "The provider does not accept connections.")
        case .tls:
            Self.provider("provider_unreachable", 502, "No trusted TLS connection to the provider could be made.")
        case .connectTimeout: Self.timeout(.connect)
        case .sendFailed, .resetBeforeReply:
            Self.provider("provider_connection_reset", 502, "The provider closed the connection before it answered.")
        case .resetInReply, .aborted:
            Self.provider("provider_connection_reset", 502, "The provider closed the connection within its answer.")
        case .protocolViolation, .tooLarge:
            Self.invalid("The provider's answer is not the HTTP that was asked for.")
        case .other:
            error.sentAny
                ? Self.provider("provider_connection_reset", 502, "The connection to the provider failed.")
                : Self.provider("provider_unreachable", 502, "The provider could not be called.")
        }
    }

    private static func timeout(_ deadline: Deadline) -> GatewayError {
        let message =
            switch deadline {
            case .connect: "No connection to the provider could be made in time."
            case .firstToken: "The provider did not begin its answer in time."
            case .idle: "The provider stopped in the middle of its answer."
            case .total: "The provider did not finish its answer in time."
            }
        return Self.provider("provider_timeout", 504, message)
    }

    private static func invalid(_ message: String) -> GatewayError {
        Self.provider("provider_invalid_response", 502, message)
    }

    private static func provider(
        _ code: String, _ status: UInt16, _ message: String, retry: GatewayError.Retry = .later
    ) -> GatewayError {
        GatewayError(
            code: code, type: "server_error", status: status, source: .provider, retry: retry, message: message)
    }

    private static func gateway(_ code: String, _ status: UInt16, _ message: String) -> GatewayError {
        GatewayError(
            code: code, type: "server_error", status: status, source: .gateway, retry: .later, message: message)
    }
}
