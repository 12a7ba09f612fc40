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
    /// What control answers: the API of the administration and its documentation.
    case administration
    /// What other gateways and providers serve there, and this one does not serve yet.
    case unavailable(UnavailableAPI)
    case unknown

    /// In front of the paths of OpenAI's clients, and of Anthropic's.
    private static let prefixes = ["/v1", "", "/api/v1"]
    private static let anthropicPrefixes = ["/v1", "", "/api/v1", "/anthropic/v1"]

    private static let fixed: [(path: [UInt8], route: Route)] = {
        let doors = Endpoint.allCases.flatMap { endpoint in
            (endpoint.isAnthropic ? anthropicPrefixes : prefixes).map { ($0 + endpoint.path, Route.provider(endpoint)) }
        }
        let own: [(String, Route)] = [
            ("/health", .health), ("/health/live", .liveness), ("/health/ready", .readiness), ("/", .root),
            ("/metrics", .metrics),
        ]
        return (doors + anthropicPrefixes.map { ($0 + "/models", .models) } + own).map { (Array($0.0.utf8), $0.1) }
    }()
    /// The same by the length of their paths: of each length there are a few.
    private static let byLength: [[(path: [UInt8], route: Route)]] = {
        let longest = fixed.reduce(0) { max($0, $1.path.count) }
        return (0...longest).map { length in fixed.filter { $0.path.count == length } }
    }()
    private static let modelPrefixes: [[UInt8]] = anthropicPrefixes.map { Array(($0 + "/models/").utf8) }

    /// The route of a path without its query.
    init(path: String) {
        // What nearly everybody asks for.
        if path.hasBytes("/v1/chat/completions") {
            self = .provider(.chatCompletions)
            return
        }
        let bytes = path.utf8
        if bytes.count < Route.byLength.count,
            let match = Route.byLength[bytes.count].first(where: { bytes.elementsEqual($0.path) })
        {
            self = match.route
            return
        }
        if let unavailable = UnavailableAPI(path: path) {
            self = .unavailable(unavailable)
            return
        }
        for prefix in Route.modelPrefixes where bytes.starts(with: prefix) {
            guard let id = PercentEncoding.decode(bytes.dropFirst(prefix.count)), !id.isEmpty else { break }
            self = .model(id)
            return
        }
        self = Route.isOfControl(path) ? .administration : .unknown
    }

    /// The folders and files that are control's, but for the front doors among them.
    private static let folders: [[UInt8]] = ["/api", "/admin", "/docs"].map { Array($0.utf8) }
    private static let document = Array("/openapi.json".utf8)

    private static func isOfControl(_ path: String) -> Bool {
        let bytes = path.utf8
        if bytes.elementsEqual(self.document) { return true }
        return self.folders.contains { folder in
            guard bytes.starts(with: folder) else { return false }
            let rest = bytes.dropFirst(folder.count)
            return rest.isEmpty || rest.first == UInt8(ascii: "/")
        }
    }

    /// Whether a request for the path may be control's to answer. Asked of every request, so what the path begins with has to do
    /// for most.
    static func mayBeOfControl(_ path: String) -> Bool {
        guard let second = path.utf8.dropFirst().first,
            second == UInt8(ascii: "a") || second == UInt8(ascii: "d") || second == UInt8(ascii: "o"),
            self.isOfControl(path)
        else { return false }
        let bytes = path.utf8
        guard bytes.count < self.byLength.count,
            let match = self.byLength[bytes.count].first(where: { bytes.elementsEqual($0.path) }),
            case .provider = match.route
        else { return true }
        return false
    }

    /// Under `/api/v1/models` are the models that clients may use, for their keys, and the aliases of the administration, for its
    /// tokens: what a request brings and wants says which.
    func resolved(for head: RequestHead) -> Route {
        switch self {
        case .models, .model:
            guard let administration = head.administration else { return self }
            if administration.bringsToken { return .administration }
            switch head.method {
            case .get, .head, .options: return self
            case .post, .put, .patch, .delete, .other: return .administration
            }
        default: return self
        }
    }

    /// Whose words the gateway's own answers to a request have to be in: a front door, or nil for OpenAI's. Anthropic's clients
    /// name their version wherever they go.
    func door(of head: RequestHead) -> Endpoint? {
        if case .provider(let endpoint) = self { return endpoint }
        if case .unavailable(let api) = self, api.isAnthropic { return .messages }
        if self == .administration { return nil }
        let isAnthropic =
            !head.anthropicVersion.isEmpty || Route.anthropicFolders.contains { head.path.utf8.starts(with: $0) }
        return isAnthropic ? .messages : nil
    }

    private static let anthropicFolders: [[UInt8]] = ["/anthropic/", "/v1/messages/", "/messages/"].map {
        Array($0.utf8)
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
        case .health, .liveness, .readiness, .root, .metrics, .administration, .unavailable, .unknown: false
        }
    }

    /// The names routes have in metrics.
    enum Label: UInt16, CaseIterable {
        case chatCompletions, embeddings, messages, countTokens, completions, moderations, imageGenerations
        case models, health, root, metrics, administration, unknown

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
            case .administration: "administration"
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
        case .administration: .administration
        case .unavailable, .unknown: .unknown
        }
    }
}
