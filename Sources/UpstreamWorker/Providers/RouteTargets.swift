internal import HTTPClient

/// Where one provider is called with one of its keys, for one front door. Lives on the worker's loop.
enum RouteTargets {
    /// For a whole reply, and for a stream.
    case fixed(HTTPTarget, HTTPTarget)
    case byModel(DeploymentTargets, DeploymentTargets)

    /// What is called for a model, as it is sent.
    func target(isStream: Bool, model: [UInt8]) -> HTTPTarget {
        switch self {
        case .fixed(let whole, let stream): isStream ? stream : whole
        case .byModel(let whole, let stream): isStream ? stream[model] : whole[model]
        }
    }
}
