import Domain

/// What a path stands for. Pure: methods and keys are checked by others.
enum Route: Hashable {
    case provider(Endpoint)
    case models
    /// The id as sent, percent-encoding resolved.
    case model([UInt8])
    case health
    case liveness
    case readiness
    case root
    case metrics
    case unknown

    private static let fixed: [(path: StaticString, route: Route)] = [
        ("/v1/chat/completions", .provider(.chatCompletions)), ("/chat/completions", .provider(.chatCompletions)),
        ("/api/v1/chat/completions", .provider(.chatCompletions)),
        ("/v1/embeddings", .provider(.embeddings)), ("/embeddings", .provider(.embeddings)),
        ("/api/v1/embeddings", .provider(.embeddings)),
        ("/v1/models", .models), ("/models", .models), ("/api/v1/models", .models),
        ("/health", .health), ("/health/live", .liveness), ("/health/ready", .readiness),
        ("/", .root), ("/metrics", .metrics),
    ]
    private static let modelPrefixes: [[UInt8]] = ["/v1/models/", "/models/", "/api/v1/models/"].map { Array($0.utf8) }

    /// The route of a path without its query.
    init(path: String) {
        if let match = Route.fixed.first(where: { path.hasBytes($0.path) }) {
            self = match.route
            return
        }
        let bytes = path.utf8
        for prefix in Route.modelPrefixes where bytes.starts(with: prefix) {
            guard let id = Route.percentDecoded(bytes.dropFirst(prefix.count)), !id.isEmpty else { break }
            self = .model(id)
            return
        }
        self = .unknown
    }

    /// Which methods it has, as `Allow` says it; OPTIONS only where browsers are answered.
    func allow(cors: Bool) -> StaticString {
        switch self {
        case .provider: cors ? "POST, OPTIONS" : "POST"
        default: cors ? "GET, HEAD, OPTIONS" : "GET, HEAD"
        }
    }

    /// Whether requests for it count against limits.
    var isLimited: Bool {
        switch self {
        case .provider, .models, .model: true
        case .health, .liveness, .readiness, .root, .metrics, .unknown: false
        }
    }

    /// The names routes have in metrics.
    enum Label: UInt16, CaseIterable {
        case chatCompletions, embeddings, messages, countTokens, completions, moderations, imageGenerations
        case models, health, root, metrics, unknown

        var text: String {
            switch self {
            case .chatCompletions: Endpoint.chatCompletions.label
            case .embeddings: Endpoint.embeddings.label
            case .messages: Endpoint.messages.label
            case .countTokens: Endpoint.countTokens.label
            case .completions: Endpoint.completions.label
            case .moderations: Endpoint.moderations.label
            case .imageGenerations: Endpoint.imageGenerations.label
            case .models: "models"
            case .health: "health"
            case .root: "root"
            case .metrics: "metrics"
            case .unknown: "unknown"
            }
        }
    }

    /// The label in metrics.
    var label: Label {
        switch self {
        case .provider(.chatCompletions): .chatCompletions
        case .provider(.embeddings): .embeddings
        case .provider(.messages): .messages
        case .provider(.countTokens): .countTokens
        case .provider(.completions): .completions
        case .provider(.moderations): .moderations
        case .provider(.imageGenerations): .imageGenerations
        case .models, .model: .models
        case .health, .liveness, .readiness: .health
        case .root: .root
        case .metrics: .metrics
        case .unknown: .unknown
        }
    }

    private static func percentDecoded(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(self.hexValue), let low = rest.popFirst().flatMap(self.hexValue)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x41...0x46: digit &- 0x37
        case 0x61...0x66: digit &- 0x57
        default: nil
        }
    }
}
