import Cryptography
import Domain

/// What happens to a request, decided from its head alone, before any of its body is read. Pure.
enum Admission {
    case refuse(GatewayError)
    /// Read the body, then call a provider.
    case collect(Endpoint)
    case answer(Answer)
    /// Ask the aggregator.
    case metrics

    /// Replies the edge has at hand.
    enum Answer: Hashable {
        case preflight
        case modelList
        case model([UInt8])
        case health
        case readiness
        case root
    }

    /// `isLoopback` is asked only where it matters.
    static func decide(
        _ head: RequestHead, _ route: Route, _ settings: EdgeSettings, _ sha: SHA256, isLoopback: () -> Bool
    ) -> Admission {
        let limits = settings.limits
        guard head.requestLineBytes <= Int(limits.maxRequestLine) else { return .refuse(.uriTooLong) }
        guard head.headerBytes <= Int(limits.maxHeaders) else { return .refuse(.headersTooLarge) }
        guard !head.isMalformed else { return .refuse(.badRequest) }
        if head.method == .options, head.isPreflight, settings.cors.isConfigured { return .answer(.preflight) }
        guard route != .unknown else { return .refuse(.unknownURL) }
        guard self.isAllowed(head.method, route) else { return .refuse(.methodNotAllowed) }
        guard self.isAuthorised(head, route, settings, sha, isLoopback) else { return .refuse(.invalidKey) }
        switch route {
        case .provider(let endpoint): return self.body(head, endpoint, limits)
        case .models: return .answer(.modelList)
        case .model(let id): return .answer(.model(id))
        case .health, .liveness: return .answer(.health)
        case .readiness: return .answer(.readiness)
        case .root: return .answer(.root)
        case .metrics: return .metrics
        case .unknown: return .refuse(.unknownURL)
        }
    }

    private static func isAllowed(_ method: RequestHead.Method, _ route: Route) -> Bool {
        if case .provider = route { return method == .post }
        return method == .get || method == .head
    }

    private static func isAuthorised(
        _ head: RequestHead, _ route: Route, _ settings: EdgeSettings, _ sha: SHA256, _ isLoopback: () -> Bool
    ) -> Bool {
        if route == .metrics {
            if head.credential == .none { return isLoopback() }
            return settings.authenticator.authenticate(head.credential, with: sha) == .staticKey
        }
        return !route.needsKey || settings.authenticator.authenticate(head.credential, with: sha) != nil
    }

    private static func body(_ head: RequestHead, _ endpoint: Endpoint, _ limits: HTTPLimits) -> Admission {
        guard head.contentEncoding == nil else { return .refuse(.unsupportedEncoding) }
        if case .known(let length) = head.body, length > limits.maxBody { return .refuse(.tooLarge(limits.maxBody)) }
        return .collect(endpoint)
    }
}
