import Domain
import IPC

/// What happens to a request, decided from its head alone, before any of its body is read. Pure.
enum Admission {
    case refuse(GatewayError)
    /// Read the body, then call a provider.
    case collect(Endpoint, Principal)
    case answer(Answer)
    /// Ask the aggregator.
    case metrics
    /// Read the body, then ask control.
    case administration

    /// Replies the edge has at hand.
    enum Answer: Hashable {
        case preflight
        case modelList
        case model([UInt8])
        case health
        case readiness
        case root
    }

    /// `identify` says who brings a credential, at most once; `isLoopback` is asked only where it matters.
    static func decide(
        _ head: RequestHead, _ route: Route, _ settings: EdgeSettings, isLoopback: () -> Bool,
        identify: (RequestHead.Credential) -> Authenticator.Verdict
    ) -> Admission {
        let limits = settings.limits
        guard head.requestLineBytes <= Int(limits.maxRequestLine) else { return .refuse(.uriTooLong) }
        guard head.headerBytes <= Int(limits.maxHeaders) else { return .refuse(.headersTooLarge) }
        guard !head.isMalformed else { return .refuse(.badRequest) }
        if head.method == .options, head.isPreflight, settings.cors.isConfigured { return .answer(.preflight) }
        if case .unavailable(let api) = route { return .refuse(.notAvailableYet(api)) }
        guard route != .unknown else { return .refuse(.unknownURL) }
        if route == .administration { return self.administration(head) }
        guard self.isAllowed(head.method, route) else { return .refuse(.methodNotAllowed) }
        switch route {
        case .provider(let endpoint):
            return self.keyed(head, identify) { self.body(head, endpoint, $0, limits) }
        case .models: return self.keyed(head, identify) { _ in .answer(.modelList) }
        case .model(let id): return self.keyed(head, identify) { _ in .answer(.model(id)) }
        case .metrics: return self.metrics(head, isLoopback, identify)
        case .health, .liveness: return .answer(.health)
        case .readiness: return .answer(.readiness)
        case .root: return .answer(.root)
        case .administration, .unavailable, .unknown: return .refuse(.unknownURL)
        }
    }

    private static func isAllowed(_ method: RequestHead.Method, _ route: Route) -> Bool {
        if case .provider = route { return method == .post }
        return method == .get || method == .head
    }

    /// What takes a key where keys are required, and never a wrong one.
    private static func keyed(
        _ head: RequestHead, _ identify: (RequestHead.Credential) -> Authenticator.Verdict,
        _ next: (Principal) -> Admission
    ) -> Admission {
        switch identify(head.credential) {
        case .principal(let principal, _, _): next(principal)
        case .refused: .refuse(.invalidKey)
        case .unavailable: .refuse(.identityUnavailable)
        }
    }

    /// For this machine, or whoever brings the static key: other keys are their owners', not the operator's.
    private static func metrics(
        _ head: RequestHead, _ isLoopback: () -> Bool, _ identify: (RequestHead.Credential) -> Authenticator.Verdict
    ) -> Admission {
        if head.credential == .none { return isLoopback() ? .metrics : .refuse(.invalidKey) }
        return self.keyed(head, identify) { $0 == .staticKey ? .metrics : .refuse(.invalidKey) }
    }

    /// Who asks, and whether the method is one there, is control's to say.
    private static func administration(_ head: RequestHead) -> Admission {
        guard head.target.utf8.count <= AdministrationRequest.longestPath else { return .refuse(.uriTooLong) }
        guard head.administration?.isMalformed == false else { return .refuse(.badRequest) }
        guard head.contentEncoding == nil else { return .refuse(.unsupportedEncoding) }
        let longest = AdministrationRequest.longestBody
        if case .known(let length) = head.body, length > longest { return .refuse(.tooLarge(longest)) }
        return .administration
    }

    private static func body(
        _ head: RequestHead, _ endpoint: Endpoint, _ principal: Principal, _ limits: HTTPLimits
    ) -> Admission {
        guard !head.hasInvalidTags else { return .refuse(.invalidTags) }
        guard !head.hasInvalidAnthropicHeader else { return .refuse(.invalidAnthropicHeader) }
        guard head.contentEncoding == nil else { return .refuse(.unsupportedEncoding) }
        if case .known(let length) = head.body, length > limits.maxBody { return .refuse(.tooLarge(limits.maxBody)) }
        return .collect(endpoint, principal)
    }
}
