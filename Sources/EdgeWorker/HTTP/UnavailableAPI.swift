/// What clients of other gateways and of providers may ask for, and is not served yet. Such a path is answered with 404 as any
/// unknown one, but the error says what it is, and what there is instead.
enum UnavailableAPI: Hashable, CaseIterable {
    case responses, audio, imageEdits, files, batches, assistants, fineTuning, realtime, videos, rerank
    case messageBatches, anthropicCompletion
    case gemini, vertex, bedrock, azure, cohere, ollama

    /// The API's name, as a sentence begins with it.
    var title: String {
        switch self {
        case .responses: "The Responses API"
        case .audio: "The audio API"
        case .imageEdits: "Editing and varying images"
        case .files: "The files API"
        case .batches: "The batch API"
        case .assistants: "The Assistants API"
        case .fineTuning: "The fine-tuning API"
        case .realtime: "The Realtime API"
        case .videos: "The video API"
        case .rerank: "The rerank API"
        case .messageBatches: "The Message Batches API"
        case .anthropicCompletion: "Anthropic's text completion API"
        case .gemini: "The Gemini API"
        case .vertex: "The Vertex AI API"
        case .bedrock: "The Bedrock API"
        case .azure: "The Azure OpenAI API"
        case .cohere: "The Cohere API"
        case .ollama: "Ollama's own API"
        }
    }

    /// Its clients are Anthropic's.
    var isAnthropic: Bool { self == .messageBatches || self == .anthropicCompletion }

    /// The path of what does the same, or nearly.
    var instead: String? {
        switch self {
        case .responses, .assistants, .gemini, .vertex, .azure, .cohere, .ollama: "/v1/chat/completions"
        case .bedrock: "/v1/chat/completions or /v1/messages"
        case .imageEdits: "/v1/images/generations"
        case .messageBatches, .anthropicCompletion: "/v1/messages"
        case .audio, .files, .batches, .fineTuning, .realtime, .videos, .rerank: nil
        }
    }

    /// By the first segment of a path, behind `/v1` or `/api/v1` where it has that; alone or with more behind it.
    private static let collections: [[UInt8]: UnavailableAPI] = table([
        ("responses", .responses), ("conversations", .responses), ("audio", .audio), ("files", .files),
        ("uploads", .files), ("batches", .batches), ("assistants", .assistants), ("threads", .assistants),
        ("vector_stores", .assistants), ("fine_tuning", .fineTuning), ("realtime", .realtime), ("videos", .videos),
        ("rerank", .rerank), ("complete", .anthropicCompletion),
    ])
    /// By the first two.
    private static let pairs: [[[UInt8]]: UnavailableAPI] = [
        ["images", "edits"].map { Array($0.utf8) }: .imageEdits,
        ["images", "variations"].map { Array($0.utf8) }: .imageEdits,
        ["messages", "batches"].map { Array($0.utf8) }: .messageBatches,
    ]
    /// By the first segment of a path that has nothing in front of it.
    private static let roots: [[UInt8]: UnavailableAPI] = table([
        ("v1beta", .gemini), ("v1alpha", .gemini), ("v1beta1", .vertex), ("model", .bedrock), ("openai", .azure),
        ("v2", .cohere),
    ])
    private static let ollamaPaths: [[UInt8]] = ["chat", "generate", "embed", "embeddings"].map { Array($0.utf8) }
    /// What follows the colon behind a model in Gemini's paths.
    private static let methods: [[UInt8]] = [
        "generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents", "predict",
    ].map { Array($0.utf8) }

    private static func table(_ rows: [(String, UnavailableAPI)]) -> [[UInt8]: UnavailableAPI] {
        Dictionary(rows.map { (Array($0.0.utf8), $0.1) }, uniquingKeysWith: { first, _ in first })
    }

    /// What a path without its query stands for; nil where it stands for nothing of the kind.
    init?(path: String) {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        let segments = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), maxSplits: 4, omittingEmptySubsequences: false
        ).map { Array($0) }
        guard let found = UnavailableAPI.find(segments) else { return nil }
        self = found
    }

    private static func find(_ segments: [[UInt8]]) -> UnavailableAPI? {
        guard let first = segments.first else { return nil }
        if let root = self.roots[first], segments.count > 1 { return root }
        if segments.count > 2, first == Array("v1".utf8), segments[1] == Array("projects".utf8) { return .vertex }
        if first == Array("api".utf8), segments.count == 2, self.ollamaPaths.contains(segments[1]) { return .ollama }
        let rest = self.withoutPrefix(segments)
        guard let name = rest.first else { return nil }
        if let found = self.collections[name] { return found }
        guard rest.count > 1 else { return nil }
        if let found = self.pairs[Array(rest.prefix(2))] { return found }
        guard name == Array("models".utf8), let id = rest.last, let colon = id.lastIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        return self.methods.contains(Array(id[(colon + 1)...])) ? .gemini : nil
    }

    private static func withoutPrefix(_ segments: [[UInt8]]) -> ArraySlice<[UInt8]> {
        let version = Array("v1".utf8)
        if segments.first == version { return segments.dropFirst() }
        let isPrefixed = segments.count > 1 && segments[1] == version
        let folders = [Array("api".utf8), Array("anthropic".utf8)]
        return isPrefixed && folders.contains(segments[0]) ? segments.dropFirst(2) : segments[...]
    }
}
