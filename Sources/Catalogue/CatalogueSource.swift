public import Domain

/// Which models of a catalogue are a configured provider's, and what it calls them.
public struct CatalogueSource: Hashable, Sendable {
    /// In LiteLLM's words; what the first says of a model counts.
    public let providers: [String]
    /// What stands before the names of its models in the file; names without it count, too, where there is no other of that name.
    private let prefixes: [[UInt8]]
    /// Its own names for models may have a slash; else one in a name stands behind a region, or the size of an image.
    private let hasSlashes: Bool

    private init(_ providers: [String], slashes: Bool = true) {
        self.providers = providers
        self.prefixes = providers.map { Array($0.utf8) + [UInt8(ascii: "/")] }
        self.hasSlashes = slashes
    }

    /// nil for a provider of whose models a catalogue says nothing.
    ///
    /// A host that is known decides alone; then a dialect that is a vendor's own does. `openai` and `litellm`, which many speak, leave the
    /// provider's name as the only hint, whatever its case.
    public init?(dialect: Dialect, baseURL: String, providerName: String) {
        let host = Vendor.host(of: baseURL)
        if let known = Self.hosts.first(where: { host == $0.host || host.hasSuffix(".\($0.host)") }) {
            self = Self.named(known.provider)
            return
        }
        switch dialect {
        case .anthropic: self = Self.named("anthropic")
        case .azure: self = Self.named("azure")
        case .groq: self = Self.named("groq")
        case .mistral: self = Self.named("mistral")
        case .deepseek: self = Self.named("deepseek")
        case .xai: self = Self.named("xai")
        case .openrouter: self = Self.named("openrouter")
        case .together: self = Self.named("together_ai")
        case .perplexity: self = Self.named("perplexity")
        case .cerebras: self = Self.named("cerebras")
        case .huggingface: self = Self.named("huggingface")
        case .ollama: self = Self.named("ollama")
        case .openai, .litellm:
            let name = providerName.lowercased()
            self = Self.named(Self.names[name] ?? name)
        case .vllm, .llamacpp: return nil
        }
    }

    /// The models of a catalogue that are this provider's, with the names it has for them; none occurs twice.
    public func models(in document: CatalogueDocument) -> [(name: [UInt8], entry: CatalogueEntry)] {
        var found: [(name: [UInt8], entry: CatalogueEntry)] = []
        var places: [[UInt8]: Int] = [:]
        for (provider, prefix) in zip(self.providers, self.prefixes) {
            let first = found.count
            for entry in document.entries(of: provider) {
                guard let name = self.name(of: entry) else { continue }
                if let place = places[name] {
                    // A name with its prefix is the more certain one.
                    if place >= first, entry.name.starts(with: prefix) { found[place].entry = entry }
                } else {
                    places[name] = found.count
                    found.append((name, entry))
                }
            }
        }
        return found
    }

    /// What this provider calls a model of the catalogue; nil for one of another, or for one that it does not sell by this name.
    public func name(of entry: CatalogueEntry) -> [UInt8]? {
        guard let index = self.providers.firstIndex(where: { $0.utf8.elementsEqual(entry.provider.utf8) }) else {
            return nil
        }
        let prefix = self.prefixes.first { entry.name.starts(with: $0) }
        let name = prefix.map { Array(entry.name.dropFirst($0.count)) } ?? entry.name
        guard !name.isEmpty, name.count <= 512 else { return nil }
        guard name.contains(UInt8(ascii: "/")) else { return name }
        // Without its prefix it is a size, a quality or another provider's.
        guard self.hasSlashes, prefix == self.prefixes[index] else { return nil }
        return name
    }

    /// By which member requests for its models bound the answer.
    public var outputLimitMember: ModelFacts.OutputLimitMember {
        let takesCompletionTokens = ["openai", "azure", "groq", "xai", "cerebras"]
        return self.providers.first.map { takesCompletionTokens.contains($0) } == true
            ? .maxCompletionTokens : .maxTokens
    }

    private static func named(_ provider: String) -> CatalogueSource {
        switch provider {
        case "openai": CatalogueSource(["openai", "text-completion-openai"], slashes: false)
        case "azure": CatalogueSource(["azure", "azure_text"], slashes: false)
        case "azure_ai": CatalogueSource(["azure_ai", "azure"], slashes: false)
        case "anthropic", "gemini", "mistral", "deepseek", "xai":
            CatalogueSource([provider], slashes: false)
        case "codestral": CatalogueSource(["codestral", "text-completion-codestral"], slashes: false)
        case "fireworks_ai": CatalogueSource(["fireworks_ai", "fireworks_ai-embedding-models"])
        case "cohere": CatalogueSource(["cohere", "cohere_chat"])
        default: CatalogueSource([provider])
        }
    }

    /// Other names that a provider may have in a configuration.
    private static let names = [
        "google": "gemini", "together": "together_ai", "fireworks": "fireworks_ai", "nvidia": "nvidia_nim",
        "lambda": "lambda_ai", "vercel": "vercel_ai_gateway", "kimi": "moonshot", "qwen": "dashscope",
    ]

    /// A host, or what its name ends in behind a dot, and whose it is.
    private static let hosts: [(host: String, provider: String)] = [
        ("api.openai.com", "openai"), ("openai.azure.com", "azure"), ("cognitiveservices.azure.com", "azure"),
        ("services.ai.azure.com", "azure_ai"), ("models.ai.azure.com", "azure_ai"),
        ("api.anthropic.com", "anthropic"), ("generativelanguage.googleapis.com", "gemini"),
        ("api.groq.com", "groq"), ("codestral.mistral.ai", "codestral"), ("api.mistral.ai", "mistral"),
        ("api.deepseek.com", "deepseek"), ("api.x.ai", "xai"), ("openrouter.ai", "openrouter"),
        ("api.together.xyz", "together_ai"), ("api.together.ai", "together_ai"), ("api.perplexity.ai", "perplexity"),
        ("api.cerebras.ai", "cerebras"), ("router.huggingface.co", "huggingface"),
        ("api.fireworks.ai", "fireworks_ai"), ("api.deepinfra.com", "deepinfra"),
        ("integrate.api.nvidia.com", "nvidia_nim"), ("api.sambanova.ai", "sambanova"),
        ("api.moonshot.ai", "moonshot"), ("api.moonshot.cn", "moonshot"), ("aliyuncs.com", "dashscope"),
        ("api.cohere.ai", "cohere"), ("api.cohere.com", "cohere"), ("api.ai21.com", "ai21"),
        ("nebius.com", "nebius"), ("nebius.ai", "nebius"), ("api.novita.ai", "novita"),
        ("api.hyperbolic.xyz", "hyperbolic"), ("api.lambda.ai", "lambda_ai"), ("inference.api.nscale.com", "nscale"),
        ("api.friendli.ai", "friendliai"), ("api.featherless.ai", "featherless_ai"), ("api.z.ai", "zai"),
        ("api.minimax.io", "minimax"), ("api.minimaxi.com", "minimax"), ("volces.com", "volcengine"),
        ("api.inference.wandb.ai", "wandb"), ("inference.baseten.co", "baseten"), ("api.scaleway.ai", "scaleway"),
        ("ovh.net", "ovhcloud"), ("api.morphllm.com", "morph"), ("api.v0.dev", "v0"),
        ("ai-gateway.vercel.sh", "vercel_ai_gateway"), ("api.llama.com", "meta_llama"),
        ("api.gmi-serving.com", "gmi"), ("api.inceptionlabs.ai", "inception"),
    ]
}
