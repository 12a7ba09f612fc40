public import Domain

/// One provider's peculiarities: a row of the table in `ProviderTable`.
///
/// A peculiarity is a member here and a value in the table, never a branch on the provider's name somewhere else.
public struct ProviderRow: Hashable, Sendable {
    /// How a key is sent.
    public enum Authentication: Hashable, Sendable {
        /// `Authorization: Bearer KEY`
        case bearer
        /// `api-key: KEY`
        case apiKey
        /// `x-api-key: KEY`
        case xAPIKey
    }

    /// How the URL of an endpoint is made.
    public enum Addressing: Hashable, Sendable {
        /// The base URL and the endpoint's path.
        case plain
        /// Azure's deployments, its v1 paths and Foundry's models.
        case azure
    }

    /// When a stream tells its usage.
    public enum StreamUsage: Hashable, Sendable {
        /// Where `stream_options.include_usage` asks for it.
        case whenAsked
        /// Always, and `stream_options` is understood.
        case always
        /// Always, and `stream_options` is an error.
        case alwaysUnasked
    }

    /// In which messages a speaker's `name` may stand.
    public enum NameScope: Hashable, Sendable {
        case everywhere
        /// In those with a tool's result only.
        case tools
        case nowhere
    }

    /// Where an assistant's earlier thoughts are given back to the provider.
    public enum ThoughtMember: Hashable, Sendable {
        /// Nowhere: they are left out.
        case none
        /// `reasoning_content`
        case reasoningContent
        /// `reasoning`
        case reasoning
        /// `reasoning`, and OpenRouter's `reasoning_details` as they came.
        case reasoningDetails
        /// A part of the type `thinking` in front of the message's content.
        case thinkingPart
        /// `reasoning_content` and `thinking_blocks`.
        case blocks
    }

    /// How a request that the gateway writes says how much to think.
    public enum EffortForm: Hashable, Sendable {
        /// `reasoning_effort`
        case effort
        /// OpenRouter's `reasoning`, which has tokens too.
        case reasoningObject
        /// `reasoning_effort` and `thinking`, which switches.
        case thinkingSwitch
    }

    public var dialect: Dialect
    /// As people write it.
    public var title: String
    public var authentication = Authentication.bearer
    public var addressing = Addressing.plain
    /// Endpoints it serves itself, in their own shapes; chats of all kinds are translated for the others.
    public var endpoints: Set<Endpoint> = [.chatCompletions]
    /// Paths behind the base URL that are not the usual ones.
    public var paths: [Endpoint: String] = [:]
    /// Its bytes pass unchanged at OpenAI's front doors.
    public var isExact = false
    /// Members of a chat request that it does not take as OpenAI does.
    public var rules: [MemberRule] = []
    /// The same for requests of embeddings.
    public var embeddingRules: [MemberRule] = []
    /// How the output is limited in a request that the gateway writes.
    public var outputLimit = ModelFacts.OutputLimitMember.maxTokens
    public var streamUsage = StreamUsage.whenAsked
    /// It takes the role `developer`; else that becomes `system`.
    public var takesDeveloperRole = false
    /// It fetches images that a request names by an https URL.
    public var takesImageURLs = true
    /// The content of a tool's message may be a list of text parts; else it becomes one string.
    public var takesToolContentLists = false
    /// It takes documents, as parts of the type `file`.
    public var takesFiles = false
    /// It takes `cache_control`, or passes it on to one that does; else that is left out.
    public var takesCacheMarks = false
    /// It takes `top_k`.
    public var takesTopK = false
    /// It refuses with a status 403 what its moderation does not let pass; of others that says that they do not take the key.
    public var moderates = false
    /// It can keep an answer to a JSON schema; else only to JSON.
    public var takesSchemas = true
    public var names = NameScope.everywhere
    public var thoughts = ThoughtMember.none
    /// It signs thoughts, which must come back to it unchanged: a stream tells them once more when their signature comes.
    public var signsThoughts = false
    public var effortForm = EffortForm.effort
    /// The ids of tool calls have to be of that many letters and digits; nil: any will do.
    public var callIDLength: Int?
    /// Recorded chats this row was tested with; with fewer than 5 the documentation says "untested against real traffic".
    public var recordedChats: Int

    public init(_ dialect: Dialect, title: String, recordedChats: Int = 0, isExact: Bool = false) {
        self.dialect = dialect
        self.title = title
        self.recordedChats = recordedChats
        self.isExact = isExact
    }

    /// It speaks Anthropic's words; all others speak OpenAI's.
    public var speaksAnthropic: Bool { self.endpoints.contains(.messages) }

    /// Enough real traffic was seen to rely on the row.
    public var isTested: Bool { self.recordedChats >= 5 }

    /// The endpoint of the provider that a front door's requests go to; nil where the provider has none for them.
    public func target(of door: Endpoint) -> Endpoint? {
        if self.endpoints.contains(door) { return door }
        switch door {
        case .chatCompletions, .messages, .completions:
            return self.speaksAnthropic ? .messages : .chatCompletions
        // Counted here: no provider is called. The URL is that of a chat all the same.
        case .countTokens: return .chatCompletions
        case .embeddings, .moderations, .imageGenerations: return nil
        }
    }

    /// What is done to members of a request that goes to `target`.
    func rules(for target: Endpoint) -> [MemberRule] {
        switch target {
        case .chatCompletions: self.rules
        case .embeddings: self.embeddingRules
        default: []
        }
    }
}
