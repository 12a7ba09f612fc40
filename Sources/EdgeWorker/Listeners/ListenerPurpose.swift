/// What is served at a listener.
enum ListenerPurpose: Hashable {
    /// All there is.
    case everything
    /// All but the administration, which has a listener of its own.
    case clients
    /// The administration; health and metrics too, so that whoever watches it needs no other address.
    case administration

    /// Whether a route is served.
    func serves(_ route: Route) -> Bool {
        switch self {
        case .everything: true
        case .clients: route != .administration
        case .administration:
            switch route {
            case .administration, .health, .liveness, .readiness, .metrics: true
            case .provider, .models, .model, .root, .unavailable, .unknown: false
            }
        }
    }
}
