import Domain

/// Reads those keys of a provider that say where a server is and how it is spoken to.
struct ServerSchema {
    /// The keys of servers, of whatever dialect.
    static let keys = ["base_url", "api_key", "keys", "drop_unsupported", "fetch_images"]
    static let azureKeys = ["resource", "api_version"]

    /// What such keys say.
    struct Server {
        var baseURL: String?
        var apiVersion: String?
        var keys = KeysSchema.Keys()
        var dropsUnsupported = false
        var fetchesImages = false
    }

    let problems: ProblemSink

    /// `dialect` is nil where it is not known, or where the provider is no server: then each key is only checked.
    func read(_ reader: inout MappingReader, _ dialect: Dialect?) -> Server {
        var server = Server()
        server.baseURL = self.baseURL(&reader, dialect)
        if dialect == .azure {
            let resource = reader.entry("resource")
            let named = reader.value("resource") { scalar throws(ValueError) in
                try ProviderBaseURL.ofAzure(resource: scalar.text)
            }
            if let resource, !reader.lacks("base_url") {
                self.problems.problem(
                    at: resource.position, path: resource.value.path, "expected either resource or base_url, not both")
            }
            server.baseURL = server.baseURL ?? named
            let version = reader.value("api_version") { scalar throws(ValueError) -> String? in
                try ProviderBaseURL.azureVersion(scalar.text)
            }
            server.apiVersion = version ?? nil
        }
        server.keys = KeysSchema(problems: self.problems).read(&reader)
        server.dropsUnsupported = reader.value("drop_unsupported", ScalarParser.boolean) ?? false
        server.fetchesImages = reader.value("fetch_images", ScalarParser.boolean) ?? false
        return server
    }

    /// Reports what a provider of the dialect cannot do without. All keys have been read.
    func complain(_ reader: MappingReader, _ server: Server, _ dialect: Dialect, _ entry: DocumentEntry) {
        guard reader.lacks("base_url") else { return }
        let path = entry.value.path
        let hasKey = server.keys.areGiven || !reader.lacks("headers")
        switch dialect {
        case .azure where reader.lacks("resource"):
            self.problems.problem(
                at: entry.position, path: path,
                "expected a resource, the NAME of https://NAME.openai.azure.com, or a base_url")
        case .azure where !hasKey:
            self.problems.problem(at: entry.position, path: path, "expected an api_key for the resource")
        case .vllm, .llamacpp, .litellm:
            self.problems.problem(
                at: entry.position, path: "\(path).base_url",
                "missing; dialect \(dialect.name) has none of its own: such as http://127.0.0.1:8000/v1")
        case .azure, .ollama: break
        case .openai, .groq, .mistral, .deepseek, .openrouter, .xai, .together, .perplexity, .cerebras, .huggingface,
            .anthropic:
            // Most likely a local server whose URL was forgotten: its prompts must not go to a vendor instead.
            guard !hasKey, let url = dialect.defaultBaseURL else { return }
            self.problems.problem(
                at: entry.position, path: path,
                "expected an api_key for \(url), or the base_url of another server")
        }
    }

    // MARK: - Where

    private func baseURL(_ reader: inout MappingReader, _ dialect: Dialect?) -> String? {
        // A URL that is wrong may hold a password or a key.
        reader.value("base_url", secret: true) { scalar throws(ValueError) in
            try ProviderBaseURL.text(of: try ProviderURL(scalar.text), dialect ?? .openai)
        }
    }
}
