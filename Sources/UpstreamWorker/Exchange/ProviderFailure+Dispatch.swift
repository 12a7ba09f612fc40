internal import Dialects
internal import Domain
internal import HTTPClient
internal import Resilience

extension ProviderFailure {
    /// What the failure means for what is tried next; `status` is that of the reply's head, 0 where none came.
    func kind(status: UInt16) -> CallFailure.Kind {
        switch self {
        case .transport(let error): Self.kind(error)
        case .timeout(.connect): .connect
        case .timeout(.firstToken): .firstToken
        case .timeout: .stalled
        case .authentication: .status(status)
        case .status(let status, _): .status(status)
        case .reported(let said): .status(status >= 400 ? status : said.error.status)
        case .unexpectedStatus, .notJSON, .notReply, .badStream, .replyTooLong, .endedEarly, .endedWithoutContent:
            .badReply
        case .refused, .damagedRequest, .unknownConfiguration, .outOfMemory, .draining, .journalFull, .clientStalled,
            .cancelled, .noPlace:
            .own
        }
    }

    private static func kind(_ error: HTTPClientError) -> CallFailure.Kind {
        switch error.kind {
        case .resolve, .connect, .connectTimeout, .tls, .forbiddenAddress: .connect
        case .sendFailed, .resetBeforeReply, .resetInReply, .aborted: .reset
        case .protocolViolation, .tooLarge: .badReply
        case .other: error.sentAny ? .reset : .connect
        }
    }
}

extension DispatchRefusal {
    /// What the client is told.
    var error: GatewayError {
        switch self {
        case .unavailable(let after):
            GatewayError(
                code: "provider_unavailable", type: "server_error", status: 503, source: .provider, retry: .later,
                message: "No provider of this model can be called now: they have failed lately. Please try again "
                    + "later.", retryAfter: Self.seconds(after))
        case .limited(let after):
            GatewayError(
                code: "provider_rate_limited", type: "rate_limit_error", status: 429, source: .provider, retry: .later,
                message: "All keys the gateway has for this model's providers have reached their rate limits. Please "
                    + "try again later.", retryAfter: Self.seconds(after))
        case .keysRefused:
            GatewayError(
                code: "provider_authentication", type: "server_error", status: 502, source: .provider, retry: .never,
                message: "The provider refuses all keys the gateway has for it. The operator must replace them, or the "
                    + "account's payment.")
        case .overloaded(let after):
            GatewayError(
                code: "provider_overloaded", type: "rate_limit_error", status: 429, source: .gateway, retry: .later,
                message: "Too many requests wait for this provider. Please try again later.",
                retryAfter: Self.seconds(after))
        }
    }

    /// Rounded up, at least one.
    private static func seconds(_ nanoseconds: UInt64) -> UInt32 {
        let seconds = nanoseconds / 1_000_000_000
        return UInt32(clamping: max(1, nanoseconds % 1_000_000_000 == 0 ? seconds : seconds + 1))
    }
}
