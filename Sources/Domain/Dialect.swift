/// How a provider is spoken to. The names are those of `dialect:` in the configuration file.
public enum Dialect: UInt8, Hashable, Sendable, CaseIterable {
    /// OpenAI's own, passed byte for byte: also every server that speaks it faithfully.
    case openai = 0
    case azure = 1
    case groq = 2
    case mistral = 3
    case deepseek = 4
    case openrouter = 5
    case xai = 6
    case together = 7
    case perplexity = 8
    case cerebras = 9
    case huggingface = 10
    case ollama = 11
    case vllm = 12
    case llamacpp = 13
    case litellm = 14
    case anthropic = 15

    /// The name in the configuration file.
    public var name: String {
        switch self {
        case .openai: "openai"
        case .azure: "azure"
        case .groq: "groq"
        case .mistral: "mistral"
        case .deepseek: "deepseek"
        case .openrouter: "openrouter"
        case .xai: "xai"
        case .together: "together"
        case .perplexity: "perplexity"
        case .cerebras: "cerebras"
        case .huggingface: "huggingface"
        case .ollama: "ollama"
        case .vllm: "vllm"
        case .llamacpp: "llamacpp"
        case .litellm: "litellm"
        case .anthropic: "anthropic"
        }
    }

    /// Where the provider is found when the configuration does not say; nil where it is not in one place.
    public var defaultBaseURL: String? {
        switch self {
        case .openai: "https://api.openai.com/v1"
        case .groq: "https://api.groq.com/openai/v1"
        case .mistral: "https://api.mistral.ai/v1"
        case .deepseek: "https://api.deepseek.com"
        case .openrouter: "https://openrouter.ai/api/v1"
        case .xai: "https://api.x.ai/v1"
        case .together: "https://api.together.xyz/v1"
        case .perplexity: "https://api.perplexity.ai"
        case .cerebras: "https://api.cerebras.ai/v1"
        case .huggingface: "https://router.huggingface.co/v1"
        case .ollama: "http://127.0.0.1:11434/v1"
        case .anthropic: "https://api.anthropic.com/v1"
        case .azure, .vllm, .llamacpp, .litellm: nil
        }
    }
}
