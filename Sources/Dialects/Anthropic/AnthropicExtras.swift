internal import Domain
internal import JSON

/// What becomes, at Anthropic, of members of a request that the middle has no place for. Pure.
struct AnthropicExtras {
    /// Anthropic's own, which OpenAI's clients can send, too.
    private static let own: [StaticString] = [
        "cache_control", "container", "context_management", "inference_geo", "mcp_servers",
    ]
    /// OpenAI's, which say nothing about the answer: labels, hints for caches.
    private static let harmless: [StaticString] = [
        "metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "safety_identifier",
        "stream_options", "store",
    ]

    /// In the order they came.
    private(set) var members: [JSONValue.Member] = []
    /// The rest of `metadata` and `output_config`.
    private(set) var metadata: [JSONValue.Member] = []
    private(set) var output: [JSONValue.Member] = []
    /// Who the caller's user is, where another member than `user` says it.
    private(set) var user: [UInt8]?

    init(_ conversation: Conversation, _ context: TranslationContext) throws(GatewayError) {
        let isAnthropic = context.endpoint.isAnthropic
        for member in conversation.extras {
            if isAnthropic, JSONName.equals(member.key, "metadata"), case .object(let rest) = member.value {
                self.metadata = rest
            } else if JSONName.equals(member.key, "output_config"), case .object(let rest) = member.value {
                self.output = rest
            } else if isAnthropic || JSONName.isOne(member.key, of: Self.own) {
                self.members.append(member)
            } else {
                try self.translate(member, context)
            }
        }
    }

    /// One of OpenAI's.
    private mutating func translate(
        _ member: JSONValue.Member, _ context: TranslationContext
    ) throws(GatewayError) {
        if JSONName.equals(member.key, "service_tier"), case .string(let tier) = member.value {
            if JSONName.equals(tier, "auto") || JSONName.equals(tier, "default") { return }
            if JSONName.equals(tier, "standard_only") { return self.members.append(member) }
        }
        if JSONName.equals(member.key, "safety_identifier") { self.user = member.value.string }
        if JSONName.equals(member.key, "modalities"), member.value == .array([.string(Array("text".utf8))]) { return }
        if JSONName.equals(member.key, "verbosity"), member.value == .string(Array("medium".utf8)) { return }
        if JSONName.isOne(member.key, of: Self.harmless) { return }
        // An empty object asks for a search.
        let isSearch = JSONName.equals(member.key, "web_search_options") && member.value == .object([])
        if Self.isNothing(member.value), !isSearch { return }
        try Unsupported(context).member(String(decoding: member.key.prefix(200), as: UTF8.self))
    }

    /// Values that ask for nothing.
    private static func isNothing(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .array([]), .object([]): true
        default: false
        }
    }
}
