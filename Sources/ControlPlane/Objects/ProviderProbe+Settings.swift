import Administration
import Configuration
import Domain

extension ProviderProbe {
    /// Azure's models where no version is called, and where one is.
    private static let azurePath = "/openai/v1/models"
    private static let azureVersionedPath = "/openai/models?api-version="

    /// The call by which a provider is asked for its models with one of its keys; nil for the simulated one.
    init?(_ provider: ConfiguredProvider, key: Secret?) {
        let settings = provider.settings
        guard case .server(let dialect, let base) = settings.kind else { return nil }
        var headers = ["accept: application/json"].map { Secret(Array($0.utf8)) }
        headers += settings.headers.map { Self.line($0.name, $0.value) }
        if let key { headers.append(Self.line(Self.keyHeader(dialect), key, after: Self.scheme(dialect))) }
        var url = base + "/models"
        var listsModels = true
        switch dialect {
        case .azure: url = base + (settings.apiVersion.map { Self.azureVersionedPath + $0 } ?? Self.azurePath)
        case .anthropic: headers.append(Secret(Array("anthropic-version: 2023-06-01".utf8)))
        case .perplexity:
            // It has no list.
            url = base + "/chat/completions"
            listsModels = false
            headers.append(Secret(Array("content-type: application/json".utf8)))
        case .openai, .groq, .mistral, .deepseek, .openrouter, .xai, .together, .cerebras, .huggingface, .ollama, .vllm,
            .llamacpp, .litellm:
            break
        }
        self.init(
            url: url, listsModels: listsModels, headers: headers, reach: settings.reach, proxy: settings.proxy,
            caFile: settings.caFile)
    }

    private static func keyHeader(_ dialect: Dialect) -> String {
        switch dialect {
        case .anthropic: "x-api-key"
        case .azure: "api-key"
        default: "authorization"
        }
    }

    private static func scheme(_ dialect: Dialect) -> String {
        dialect == .anthropic || dialect == .azure ? "" : "Bearer "
    }

    private static func line(_ name: String, _ value: Secret, after prefix: String = "") -> Secret {
        Secret(Array("\(name): \(prefix)".utf8) + value.withBytes { $0 })
    }
}
