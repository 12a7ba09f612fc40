import Domain

/// What a dialect makes of the URL that somebody gave for a provider: the one that the gateway's own paths are added to.
enum ProviderBaseURL {
    /// The last parts of the paths that the gateway adds itself; with one of them the URL is that of a single endpoint.
    private static let endpoints = Endpoint.allCases.map(\.path)
    /// What Azure shows behind a resource's host, and the gateway adds by itself.
    private static let azurePaths = ["/openai/v1", "/openai"]

    /// Without a slash at the end. Takes off what people copy along, refuses the URL of a single endpoint.
    static func text(of url: ProviderURL, _ dialect: Dialect) throws(ValueError) -> String {
        guard !self.endpoints.contains(where: { url.path.hasSuffix($0) }) else {
            let added = dialect == .anthropic ? Endpoint.messages.path : Endpoint.chatCompletions.path
            throw ValueError(
                dialect == .azure
                    ? "expected the URL of a resource, such as https://my-resource.openai.azure.com"
                    : "expected the URL that \(added) is added to, such as \(self.example(dialect))")
        }
        switch dialect {
        case .anthropic: return url.description + (url.path.isEmpty ? "/v1" : "")
        case .azure:
            let surplus = self.azurePaths.first { url.path.hasSuffix($0) } ?? ""
            return String(url.description.dropLast(surplus.count))
        case .openai, .groq, .mistral, .deepseek, .openrouter, .xai, .together, .perplexity, .cerebras, .huggingface,
            .ollama, .vllm, .llamacpp, .litellm:
            return url.description
        }
    }

    /// Where an Azure resource of that name is found.
    static func ofAzure(resource: String) throws(ValueError) -> String {
        let isName =
            (2...64).contains(resource.utf8.count) && !resource.hasPrefix("-") && !resource.hasSuffix("-")
            && resource.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
        guard isName else {
            throw ValueError(
                "expected the name of an Azure resource: 2 to 64 letters, digits or -, as in NAME.openai.azure.com")
        }
        return "https://\(resource.lowercased()).openai.azure.com"
    }

    /// Azure's `api-version`: nil for the paths that have none.
    static func azureVersion(_ text: String) throws(ValueError) -> String? {
        if text == "v1" || text == "latest" { return nil }
        let date = text.hasSuffix("-preview") ? text.dropLast("-preview".count) : Substring(text)
        let parts = date.split(separator: "-", omittingEmptySubsequences: false)
        let isDate =
            parts.map(\.utf8.count) == [4, 2, 2]
            && parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard text == "preview" || isDate else {
            throw ValueError("expected v1, preview or a dated version such as 2024-10-21 or 2025-04-01-preview")
        }
        return text
    }

    private static func example(_ dialect: Dialect) -> String {
        dialect.defaultBaseURL ?? "http://127.0.0.1:8000/v1"
    }
}
