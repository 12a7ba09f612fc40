import Domain

/// Reads one entry of `providers`.
struct ProviderSchema {
    /// Dialects of the schema that later versions speak.
    private static let laterDialects: Set<String> = [
        "groq", "mistral", "deepseek", "openrouter", "xai", "together", "perplexity", "cerebras", "huggingface",
        "ollama",
        "vllm", "llamacpp", "litellm", "azure", "anthropic", "gemini", "vertex", "bedrock", "cohere",
    ]
    /// Those of them that do not speak OpenAI's grammar at all.
    private static let foreignDialects: Set<String> = ["azure", "anthropic", "gemini", "vertex", "bedrock", "cohere"]
    private static let openAIKeys = ["base_url", "api_key", "keys"]
    private static let simulatedKeys = ["delay", "tokens_per_second"]
    private static let laterKeys = [
        "project", "location", "credentials", "region", "access_key_id", "secret_access_key", "resource", "api_version",
    ]

    private enum Dialect { case openAI, simulated }

    let problems: ProblemSink
    let readFile: BoundedFile.Reader

    /// The provider, or nil when its dialect is not known.
    func read(_ entry: DocumentEntry) -> ConfiguredProvider? {
        if !NameText.isProviderName(entry.key) {
            self.problems.problem(at: entry.position, path: entry.value.path, "expected \(NameText.providerNameRule)")
        }
        var reader = MappingReader(entry.value, problems: self.problems)
        let dialect = self.dialect(&reader, entry)
        let baseURL = self.baseURL(&reader)
        let (key, keyName) = self.keys(&reader)
        let simulation = self.simulation(&reader)
        self.refuseForeignKeys(&reader, dialect)
        let kind =
            dialect == .simulated
            ? simulation : .server(.openai, baseURL: baseURL ?? ConfiguredProvider.defaultBaseURL)
        var provider = ConfiguredProvider(
            settings: ProviderSettings(name: entry.key, kind: kind, apiKey: key), keyName: keyName)
        self.readCommon(&reader, &provider)
        if dialect == .openAI, reader.lacks("base_url"), reader.lacks("api_key"), reader.lacks("keys"),
            reader.lacks("headers")
        {
            // Most likely a local server whose URL was forgotten: its prompts must not go to a vendor instead.
            self.problems.problem(
                at: entry.position, path: entry.value.path,
                "expected an api_key for \(ConfiguredProvider.defaultBaseURL), or the base_url of another server")
        }
        reader.finish()
        return dialect == nil ? nil : provider
    }

    static func unknownProvider(_ name: String, names: [String]) -> ValueError {
        if let meant = EditDistance.nearest(to: name, among: names) {
            return ValueError("expected the name of a provider (did you mean \(meant)?)")
        }
        let known = names.isEmpty ? "there is none" : names.joined(separator: ", ")
        return ValueError("expected the name of a provider (\(known))")
    }

    // MARK: - What the provider speaks

    private func dialect(_ reader: inout MappingReader, _ entry: DocumentEntry) -> Dialect? {
        if reader.lacks("dialect") {
            // No default: a key must not go to a vendor that nobody named.
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).dialect", "missing; expected openai or simulated")
        }
        return reader.value("dialect") { scalar throws(ValueError) in
            switch scalar.text {
            case "openai": return .openAI
            case "simulated": return .simulated
            default: throw self.unknownDialect(scalar)
            }
        }
    }

    private func unknownDialect(_ scalar: DocumentScalar) -> ValueError {
        guard Self.laterDialects.contains(scalar.text) else {
            let candidates = ["openai", "simulated"] + Self.laterDialects.sorted()
            let meant = EditDistance.nearest(to: scalar.text, among: candidates).map { " (did you mean \($0)?)" } ?? ""
            return ValueError("expected openai or simulated\(meant)")
        }
        let hint =
            Self.foreignDialects.contains(scalar.text)
            ? "" : "; dialect: openai with the provider's base_url serves most OpenAI-compatible providers"
        return ValueError("this dialect is not available yet: expected openai or simulated\(hint)")
    }

    private func baseURL(_ reader: inout MappingReader) -> String? {
        // A URL that is wrong may hold a password or a key.
        reader.value("base_url", secret: true) { scalar throws(ValueError) in
            let url = try ProviderURL(scalar.text)
            guard !url.path.hasSuffix("/chat/completions"), !url.path.hasSuffix("/embeddings") else {
                throw ValueError(
                    "expected the URL that /chat/completions is added to, such as https://api.openai.com/v1")
            }
            return url.description
        }
    }

    private func keys(_ reader: inout MappingReader) -> (key: Secret?, name: String?) {
        let single = reader.entry("api_key")
        let key = self.key(&reader, "api_key")
        let pool = reader.list("keys", of: "keys, such as [{name: one, value: \"${API_KEY}\"}]") ?? []
        guard !pool.isEmpty else { return (key, nil) }
        if let single {
            self.problems.problem(
                at: single.position, path: single.value.path, "expected either api_key or keys, not both")
        }
        if let second = pool.dropFirst().first {
            self.problems.problem(second, "not available yet: a provider has one key for now")
        }
        let keys = pool.map { self.pooledKey($0) }
        return keys.first ?? (nil, nil)
    }

    private func pooledKey(_ node: DocumentNode) -> (key: Secret?, name: String?) {
        var reader = MappingReader(node, problems: self.problems)
        let name = reader.value("name") { scalar throws(ValueError) in
            guard NameText.isProviderName(scalar.text) else {
                throw ValueError("expected \(NameText.providerNameRule)")
            }
            return scalar.text
        }
        if reader.lacks("value") {
            self.problems.problem(node, "expected a key under value")
        }
        let key = self.key(&reader, "value")
        reader.unavailable("requests_per_minute")
        reader.unavailable("tokens_per_minute")
        // With one key a weight changes nothing.
        _ = reader.value("weight", ScalarParser.integer(1...1_000_000))
        reader.finish()
        return (key, name)
    }

    private func key(_ reader: inout MappingReader, _ name: String) -> Secret? {
        reader.value(name, secret: true) { scalar throws(ValueError) in
            let bytes = Array(scalar.text.utf8)
            guard CredentialText.isKey(bytes) else {
                throw ValueError(
                    "expected a key of printable ASCII characters without blanks\(bytes.isEmpty ? ", found nothing" : "")"
                )
            }
            return Secret(bytes)
        }
    }

    private func simulation(_ reader: inout MappingReader) -> ProviderSettings.Kind {
        guard case .simulated(var delay, var speed) = ConfiguredProvider.defaultSimulation else {
            return ConfiguredProvider.defaultSimulation
        }
        if let time = reader.value("delay", ScalarParser.duration(.zero ... .seconds(3600))) { delay = UInt32(time) }
        if let count = reader.value("tokens_per_second", ScalarParser.integer(1...1_000_000)) { speed = UInt32(count) }
        return .simulated(delay: delay, tokensPerSecond: speed)
    }

    /// Names each key that belongs to another dialect. For an unknown dialect they may all be right.
    private func refuseForeignKeys(_ reader: inout MappingReader, _ dialect: Dialect?) {
        let foreign: [String]
        switch dialect {
        case .openAI: foreign = Self.simulatedKeys + Self.laterKeys
        case .simulated: foreign = Self.openAIKeys + Self.laterKeys
        case nil: foreign = []
        }
        for key in Self.laterKeys {
            _ = reader.entry(key)
        }
        for entry in reader.entries where foreign.contains(entry.key) && !reader.lacks(entry.key) {
            let name = dialect == .openAI ? "openai" : "simulated"
            self.problems.problem(
                at: entry.position, path: entry.value.path, "has no meaning for dialect \(name): leave it out")
        }
    }

    // MARK: - What every provider may have

    private func readCommon(_ reader: inout MappingReader, _ provider: inout ConfiguredProvider) {
        let headers = HeadersSchema(problems: self.problems, hasKey: provider.settings.apiKey != nil)
        provider.settings.headers = headers.read(reader.mapping("headers"))
        provider.settings.proxy = reader.value("proxy", secret: true) { scalar throws(ValueError) in
            let url = try ProviderURL(scalar.text)
            guard url.path.isEmpty else {
                throw ValueError("expected a proxy without a path, such as http://proxy:3128")
            }
            return url.description
        }
        if let count = reader.value("max_connections", ScalarParser.integer(1...100_000)) {
            provider.settings.maxConnections = UInt32(count)
        }
        reader.unavailable("http2", neutral: ["false"])
        provider.settings.caFile = reader.value("ca_file") { scalar throws(ValueError) in
            try self.certificateFile(scalar)
        }
        provider.allowPrivateNetwork = reader.value("allow_private_network", ScalarParser.boolean) ?? false
        provider.settings.timeouts = self.timeouts(reader.mapping("timeouts"))
    }

    private func timeouts(_ reader: MappingReader) -> ProviderTimeouts {
        var reader = reader
        var timeouts = ProviderTimeouts()
        let parse = ScalarParser.duration(.milliseconds(1) ... .seconds(86_400))
        timeouts.connect = reader.value("connect", parse) ?? timeouts.connect
        timeouts.firstToken = reader.value("first_token", parse) ?? timeouts.firstToken
        timeouts.idle = reader.value("idle", parse) ?? timeouts.idle
        timeouts.total = reader.value("total", parse) ?? timeouts.total
        reader.finish()
        return timeouts
    }

    private func certificateFile(_ scalar: DocumentScalar) throws(ValueError) -> String {
        let path = try ScalarParser.text("the path of a PEM file")(scalar)
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try self.readFile(path, 4 << 20)
        } catch {
            throw ValueError("expected a readable PEM file (\(error.reason))")
        }
        guard bytes.firstRange(of: "-----BEGIN CERTIFICATE-----".utf8) != nil else {
            throw ValueError("expected a PEM file with certificates")
        }
        return path
    }
}
