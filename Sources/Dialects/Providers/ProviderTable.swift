public import Domain

/// The one table of what is peculiar to each provider.
///
/// From recorded traffic where there is any, else from the providers' documentation. `recordedChats` counts recordings of chats
/// (in whichever shape the provider has).
public enum ProviderTable {
    /// The row of a dialect.
    public static func row(_ dialect: Dialect) -> ProviderRow {
        self.rows[Int(dialect.rawValue)]
    }

    /// All rows, in the order of `Dialect.allCases`, whose raw values count up from 0.
    public static let rows: [ProviderRow] = Dialect.allCases.map(Self.make)

    /// Members of OpenAI's own that change nothing about an answer elsewhere.
    private static let housekeeping = [
        "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_retention", "verbosity",
    ]
    /// Sound, and a search that OpenAI's own models run.
    private static let openAIOnly = ["audio", "modalities", "web_search_options", "prediction"]
    /// As Anthropic's and DeepSeek's models are told how much to think, and LiteLLM's clients.
    private static let thinking = MemberRule("thinking", .unsupported)
    /// As OpenRouter's models are.
    private static let reasoning = MemberRule("reasoning", .unsupported)

    private static func make(_ dialect: Dialect) -> ProviderRow {
        switch dialect {
        case .openai: self.openAI
        case .azure: self.azure
        case .groq: self.groq
        case .mistral: self.mistral
        case .deepseek: self.deepSeek
        case .openrouter: self.openRouter
        case .xai: self.xAI
        case .together: self.together
        case .perplexity: self.perplexity
        case .cerebras: self.cerebras
        case .huggingface: self.huggingFace
        case .ollama: self.ollama
        case .vllm: self.vLLM
        case .llamacpp: self.llamaCpp
        case .litellm: self.liteLLM
        case .anthropic: self.anthropic
        }
    }

    private static func row(
        _ dialect: Dialect, _ title: String, recorded: Int, _ fill: (inout ProviderRow) -> Void
    ) -> ProviderRow {
        var row = ProviderRow(dialect, title: title, recordedChats: recorded)
        fill(&row)
        return row
    }

    // MARK: OpenAI's own API

    private static var openAI: ProviderRow {
        self.row(.openai, "OpenAI", recorded: 18) {
            $0.isExact = true
            $0.endpoints = [.chatCompletions, .completions, .embeddings, .moderations, .imageGenerations]
            $0.outputLimit = .maxCompletionTokens
            $0.takesDeveloperRole = true
            $0.takesToolContentLists = true
            $0.takesFiles = true
        }
    }

    private static var azure: ProviderRow {
        self.row(.azure, "Azure OpenAI", recorded: 12) {
            $0.authentication = .apiKey
            $0.addressing = .azure
            $0.endpoints = [.chatCompletions, .completions, .embeddings, .imageGenerations]
            $0.outputLimit = .maxCompletionTokens
            $0.takesDeveloperRole = true
            $0.takesToolContentLists = true
            $0.takesFiles = true
        }
    }

    // MARK: Clouds

    private static var groq: ProviderRow {
        self.row(.groq, "Groq", recorded: 12) {
            $0.rules =
                [self.thinking, self.reasoning]
                + MemberRule.strip(self.housekeeping.filter { $0 != "service_tier" } + ["prompt_cache_key"])
                + MemberRule.unsupported(["n", "logprobs", "top_logprobs", "logit_bias"] + self.openAIOnly)
            $0.names = .nowhere
            $0.thoughts = .reasoning
        }
    }

    private static var mistral: ProviderRow {
        self.row(.mistral, "Mistral", recorded: 13) {
            $0.endpoints = [.chatCompletions, .embeddings, .moderations]
            // Anything it does not know is a 422.
            $0.rules =
                [self.thinking, self.reasoning]
                + MemberRule.strip(
                    self.housekeeping.filter { $0 != "metadata" } + ["user", "stream_options"])
                + MemberRule.unsupported(
                    ["logit_bias", "logprobs", "top_logprobs", "functions", "function_call"]
                        + self.openAIOnly.filter { $0 != "prediction" })
                + [
                    .rename("max_completion_tokens", to: "max_tokens"), .rename("seed", to: "random_seed"),
                ]
            $0.embeddingRules = MemberRule.strip(["user"]) + [.rename("dimensions", to: "output_dimension")]
            $0.streamUsage = .alwaysUnasked
            $0.takesToolContentLists = true
            $0.names = .tools
            $0.thoughts = .thinkingPart
            $0.callIDLength = 9
        }
    }

    private static var deepSeek: ProviderRow {
        self.row(.deepseek, "DeepSeek", recorded: 9) {
            $0.rules =
                MemberRule.strip(self.housekeeping + ["prompt_cache_key"])
                + MemberRule.unsupported(["n", "seed", "logit_bias", "functions", "function_call"] + self.openAIOnly)
                + [.rename("max_completion_tokens", to: "max_tokens")]
            $0.takesSchemas = false
            $0.thoughts = .reasoningContent
            $0.effortForm = .thinkingSwitch
        }
    }

    private static var openRouter: ProviderRow {
        self.row(.openrouter, "OpenRouter", recorded: 16) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings]
            $0.streamUsage = .always
            $0.takesDeveloperRole = true
            $0.takesToolContentLists = true
            $0.takesFiles = true
            $0.takesCacheMarks = true
            $0.takesTopK = true
            $0.moderates = true
            $0.thoughts = .reasoningDetails
            $0.effortForm = .reasoningObject
        }
    }

    private static var xAI: ProviderRow {
        self.row(.xai, "xAI", recorded: 0) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings, .imageGenerations]
            $0.rules =
                [self.thinking] + MemberRule.strip(self.housekeeping)
                + MemberRule.unsupported(["logit_bias"] + self.openAIOnly)
            $0.streamUsage = .always
            $0.thoughts = .reasoningContent
        }
    }

    private static var together: ProviderRow {
        self.row(.together, "Together AI", recorded: 1) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings, .imageGenerations]
            $0.rules =
                [self.thinking] + MemberRule.strip(self.housekeeping + ["prompt_cache_key"])
                + MemberRule.unsupported(self.openAIOnly)
                + [.rename("max_completion_tokens", to: "max_tokens")]
            $0.streamUsage = .always
            $0.takesTopK = true
        }
    }

    private static var perplexity: ProviderRow {
        self.row(.perplexity, "Perplexity", recorded: 3) {
            $0.endpoints = [.chatCompletions, .embeddings]
            $0.paths = [.embeddings: "/v1/embeddings"]
            $0.rules =
                [self.thinking, self.reasoning] + MemberRule.strip(self.housekeeping + ["prompt_cache_key", "user"])
                + MemberRule.unsupported(
                    [
                        "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "n", "seed",
                        "logprobs",
                        "top_logprobs", "logit_bias",
                    ] + self.openAIOnly.filter { $0 != "web_search_options" })
                + [.rename("max_completion_tokens", to: "max_tokens")]
            $0.streamUsage = .always
            $0.takesTopK = true
            $0.names = .nowhere
        }
    }

    private static var cerebras: ProviderRow {
        self.row(.cerebras, "Cerebras", recorded: 1) {
            $0.endpoints = [.chatCompletions, .completions]
            $0.rules =
                [self.thinking, self.reasoning] + MemberRule.strip(self.housekeeping + ["prompt_cache_key"])
                + MemberRule.unsupported(
                    ["n", "frequency_penalty", "presence_penalty", "logit_bias"] + self.openAIOnly)
            $0.outputLimit = .maxCompletionTokens
            $0.streamUsage = .always
            $0.thoughts = .reasoning
        }
    }

    private static var huggingFace: ProviderRow {
        self.row(.huggingface, "Hugging Face", recorded: 1) {
            $0.rules =
                [self.thinking] + MemberRule.strip(self.housekeeping + ["prompt_cache_key"])
                + MemberRule.unsupported(self.openAIOnly)
                + [.rename("max_completion_tokens", to: "max_tokens")]
        }
    }

    // MARK: Servers of one's own

    private static var ollama: ProviderRow {
        self.row(.ollama, "Ollama", recorded: 5) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings]
            $0.rules =
                [self.thinking] + MemberRule.strip(self.housekeeping + ["prompt_cache_key"])
                + MemberRule.unsupported(["n", "logit_bias", "functions", "function_call"] + self.openAIOnly)
                + [.rename("max_completion_tokens", to: "max_tokens")]
            $0.takesImageURLs = false
            $0.thoughts = .reasoning
        }
    }

    private static var vLLM: ProviderRow {
        self.row(.vllm, "vLLM", recorded: 3) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings]
            $0.takesToolContentLists = true
            $0.takesTopK = true
            $0.thoughts = .reasoningContent
        }
    }

    private static var llamaCpp: ProviderRow {
        self.row(.llamacpp, "llama.cpp", recorded: 0) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings]
            $0.rules = [.rename("max_completion_tokens", to: "max_tokens")]
            $0.takesImageURLs = false
            $0.takesTopK = true
            $0.thoughts = .reasoningContent
        }
    }

    private static var liteLLM: ProviderRow {
        self.row(.litellm, "LiteLLM", recorded: 0) {
            $0.endpoints = [.chatCompletions, .completions, .embeddings, .moderations, .imageGenerations]
            $0.takesDeveloperRole = true
            $0.takesToolContentLists = true
            $0.takesFiles = true
            $0.takesCacheMarks = true
            $0.takesTopK = true
            $0.thoughts = .blocks
            $0.signsThoughts = true
        }
    }

    // MARK: Anthropic

    private static var anthropic: ProviderRow {
        self.row(.anthropic, "Anthropic", recorded: 40) {
            $0.authentication = .xAPIKey
            $0.endpoints = [.messages, .countTokens]
            $0.takesTopK = true
            $0.signsThoughts = true
        }
    }
}
