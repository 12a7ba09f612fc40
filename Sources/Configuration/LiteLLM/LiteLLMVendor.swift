import Domain

/// What a prefix of a model's name in LiteLLM stands for.
struct LiteLLMVendor {
    /// What our file calls a provider of the vendor.
    let name: String
    let dialect: Dialect
    /// Where it is; nil where the dialect knows, or the file has to say.
    var baseURL: String?
    /// Where LiteLLM takes a key from that the file does not give.
    var keyVariable: String?
    /// What has to be behind an address without a path.
    var path = ""
    /// What is different from before.
    var note: String?

    /// Vendors that cannot be called yet.
    private static let later: Set<String> = [
        "bedrock", "bedrock_converse", "vertex_ai", "vertex_ai_beta", "sagemaker", "sagemaker_chat", "replicate",
        "watsonx",
        "watsonx_text", "palm", "nlp_cloud", "aleph_alpha", "predibase", "petals", "oobabooga", "snowflake", "triton",
        "clarifai", "cloudflare", "baseten", "maritalk", "ai21", "ai21_chat", "databricks", "jina_ai", "voyage",
        "infinity",
        "oci", "gigachat", "bytez", "runwayml", "elevenlabs", "assemblyai", "deepgram", "stability", "recraft", "topaz",
    ]

    enum Finding {
        case vendor(LiteLLMVendor)
        case later
        case unknown
    }

    /// The vendor of a prefix such as `azure`.
    static func find(_ prefix: String) -> Finding {
        if let vendor = self.table[prefix] { return .vendor(vendor) }
        return self.later.contains(prefix) ? .later : .unknown
    }

    /// The prefix that LiteLLM adds by itself to a bare model name; nil for names it does not know either.
    static func prefix(ofBare model: String) -> String? {
        let families: [(prefix: String, beginnings: [String])] = [
            (
                "openai",
                [
                    "gpt-", "o1", "o3", "o4", "chatgpt-", "text-embedding-", "text-moderation-", "omni-moderation-",
                    "ft:",
                    "dall-e-", "whisper-", "tts-", "davinci-", "babbage-", "codex-", "computer-use-",
                ]
            ),
            ("anthropic", ["claude-"]), ("vertex_ai", ["gemini-", "chat-bison", "text-bison"]),
            ("cohere", ["command", "embed-english", "embed-multilingual"]),
        ]
        return families.first { $0.beginnings.contains { model.hasPrefix($0) } }?.prefix
    }

    private static let table: [String: LiteLLMVendor] = [
        "openai": .init(name: "openai", dialect: .openai, keyVariable: "OPENAI_API_KEY"),
        "text-completion-openai": .init(name: "openai", dialect: .openai, keyVariable: "OPENAI_API_KEY"),
        "custom_openai": .init(name: "openai", dialect: .openai, keyVariable: "OPENAI_API_KEY"),
        "openai_like": .init(name: "openai_like", dialect: .openai),
        "azure": .init(name: "azure", dialect: .azure, keyVariable: "AZURE_API_KEY"),
        "azure_text": .init(name: "azure", dialect: .azure, keyVariable: "AZURE_API_KEY"),
        "azure_ai": .init(name: "azure_ai", dialect: .azure, keyVariable: "AZURE_AI_API_KEY"),
        "anthropic": .init(name: "anthropic", dialect: .anthropic, keyVariable: "ANTHROPIC_API_KEY"),
        "groq": .init(name: "groq", dialect: .groq, keyVariable: "GROQ_API_KEY"),
        "mistral": .init(name: "mistral", dialect: .mistral, keyVariable: "MISTRAL_API_KEY"),
        "codestral": .init(
            name: "codestral", dialect: .mistral, baseURL: "https://codestral.mistral.ai/v1",
            keyVariable: "CODESTRAL_API_KEY"),
        "deepseek": .init(name: "deepseek", dialect: .deepseek, keyVariable: "DEEPSEEK_API_KEY"),
        "openrouter": .init(name: "openrouter", dialect: .openrouter, keyVariable: "OPENROUTER_API_KEY"),
        "xai": .init(name: "xai", dialect: .xai, keyVariable: "XAI_API_KEY"),
        "together_ai": .init(name: "together", dialect: .together, keyVariable: "TOGETHERAI_API_KEY"),
        "perplexity": .init(name: "perplexity", dialect: .perplexity, keyVariable: "PERPLEXITYAI_API_KEY"),
        "cerebras": .init(name: "cerebras", dialect: .cerebras, keyVariable: "CEREBRAS_API_KEY"),
        "huggingface": .init(
            name: "huggingface", dialect: .huggingface, keyVariable: "HUGGINGFACE_API_KEY", path: "/v1"),
        "ollama": .init(name: "ollama", dialect: .ollama, path: "/v1"),
        "ollama_chat": .init(name: "ollama", dialect: .ollama, path: "/v1"),
        "vllm": .init(name: "vllm", dialect: .vllm),
        "hosted_vllm": .init(name: "vllm", dialect: .vllm),
        "litellm_proxy": .init(name: "litellm", dialect: .litellm, keyVariable: "LITELLM_PROXY_API_KEY"),
        "lm_studio": .init(name: "lm_studio", dialect: .openai),
        "xinference": .init(name: "xinference", dialect: .openai),
        "llamafile": .init(name: "llamafile", dialect: .llamacpp, baseURL: "http://127.0.0.1:8080/v1"),
        "fireworks_ai": .init(
            name: "fireworks", dialect: .openai, baseURL: "https://api.fireworks.ai/inference/v1",
            keyVariable: "FIREWORKS_API_KEY"),
        "deepinfra": .init(
            name: "deepinfra", dialect: .openai, baseURL: "https://api.deepinfra.com/v1/openai",
            keyVariable: "DEEPINFRA_API_KEY"),
        "nvidia_nim": .init(
            name: "nvidia", dialect: .openai, baseURL: "https://integrate.api.nvidia.com/v1",
            keyVariable: "NVIDIA_NIM_API_KEY"),
        "sambanova": .init(
            name: "sambanova", dialect: .openai, baseURL: "https://api.sambanova.ai/v1",
            keyVariable: "SAMBANOVA_API_KEY"),
        "moonshot": .init(
            name: "moonshot", dialect: .openai, baseURL: "https://api.moonshot.ai/v1", keyVariable: "MOONSHOT_API_KEY"),
        "dashscope": .init(
            name: "dashscope", dialect: .openai, baseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            keyVariable: "DASHSCOPE_API_KEY"),
        "gemini": .init(
            name: "gemini", dialect: .openai, baseURL: "https://generativelanguage.googleapis.com/v1beta/openai",
            keyVariable: "GEMINI_API_KEY", note: "called by Google's interface for clients of OpenAI"),
        "cohere": .init(
            name: "cohere", dialect: .openai, baseURL: "https://api.cohere.ai/compatibility/v1",
            keyVariable: "COHERE_API_KEY", note: "called by Cohere's interface for clients of OpenAI"),
        "cohere_chat": .init(
            name: "cohere", dialect: .openai, baseURL: "https://api.cohere.ai/compatibility/v1",
            keyVariable: "COHERE_API_KEY", note: "called by Cohere's interface for clients of OpenAI"),
    ]
}
