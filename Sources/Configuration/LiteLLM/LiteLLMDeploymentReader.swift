import Domain

/// Reads the entries of `model_list`.
struct LiteLLMDeploymentReader {
    private static let prices: KeyValuePairs<String, String> = [
        "input_cost_per_token": "input", "output_cost_per_token": "output",
        "cache_read_input_token_cost": "cache_read", "cache_creation_input_token_cost": "cache_write",
        "output_cost_per_reasoning_token": "reasoning", "input_cost_per_audio_token": "audio_input",
        "output_cost_per_audio_token": "audio_output",
    ]
    /// What only describes a model.
    private static let descriptions: Set<String> = [
        "id", "mode", "max_tokens", "max_input_tokens", "max_output_tokens", "version", "description", "base_model",
        "db_model", "litellm_provider", "team_id", "created_by", "updated_by", "created_at", "updated_at",
    ]

    let sink: ImportSink
    let settings: LiteLLMSettings
    let variables: [String: String]
    /// By `credential_name`.
    let credentials: [String: DocumentNode]

    /// The deployment, or nil where it cannot be carried over, which has been noted then.
    func read(_ node: DocumentNode) -> LiteLLMDeployment? {
        var entry = ImportReader(node, self.sink, variables: self.variables)
        let group = entry.text("model_name")?.literal
        var parameters = entry.mapping("litellm_params")
        var info = entry.mapping("model_info")
        // Where the Router of LiteLLM's SDK has them.
        let outer = (entry.count("rpm", 1...1_000_000_000), entry.count("tpm", 1...1_000_000_000))
        entry.finish { _ in "Sluice has no counterpart" }
        guard let group else {
            self.sink.dropped(node, "there is no model_name")
            return nil
        }
        do throws(ValueError) {
            _ = try WildcardText.pattern(group)
        } catch {
            self.sink.dropped(node, "the name \(DocumentScalar.quoted(group)) cannot be an alias: \(error.message)")
            return nil
        }
        guard var deployment = self.deployment(node, group, &parameters) else { return nil }
        deployment.requests = deployment.requests ?? outer.0?.value
        deployment.tokens = deployment.tokens ?? outer.1?.value
        deployment.id = info.text("id")?.literal
        self.readPrice(&parameters, &info, &deployment)
        parameters.finish(Self.reason)
        for key in Self.descriptions { _ = info.take(key) }
        info.finish { key in
            key.hasPrefix("supports_")
                ? "what a model can do is known of the catalogue, or found out" : Self.reason(key)
        }
        if deployment.key != nil {
            deployment.key?.requests = deployment.requests
            deployment.key?.tokens = deployment.tokens
        } else if deployment.requests ?? deployment.tokens != nil {
            self.sink.changed(
                node, "rpm and tpm of a server without a key are not enforced; concurrency and limits.models would be")
        }
        return deployment
    }

    private static func reason(_ key: String) -> String {
        switch key {
        case "temperature", "max_tokens", "top_p", "seed", "n", "stop", "presence_penalty", "frequency_penalty",
            "response_format", "tools", "tool_choice", "reasoning_effort", "thinking", "max_completion_tokens",
            "stream":
            "requests go on with the client's parameters; the gateway adds none"
        case "azure_ad_token", "tenant_id", "client_id", "client_secret", "azure_username", "azure_password",
            "azure_scope", "azure_ad_token_provider":
            "azure is called with an api_key; tokens of Entra ID are not available"
        case "tags": "requests do not choose deployments by tags"
        case "mock_response": "a built-in simulated provider answers, with words of its own"
        case "max_budget", "budget_duration": "budgets are those of keys, projects and models (limits.models)"
        case "input_cost_per_second", "output_cost_per_second", "input_cost_per_character", "output_cost_per_character",
            "input_cost_per_pixel", "output_cost_per_image":
            "prices are for tokens"
        default: "Sluice has no counterpart"
        }
    }

    // MARK: Where it is called

    private func deployment(
        _ node: DocumentNode, _ group: String, _ reader: inout ImportReader
    ) -> LiteLLMDeployment? {
        guard let modelNode = reader.take("model"), let full = reader.text("model")?.literal else {
            self.sink.dropped(node, "litellm_params has no model")
            return nil
        }
        if let mock = reader.take("mock_response") {
            self.sink.changed(mock, Self.reason("mock_response"))
            return LiteLLMDeployment(
                node: node, group: group, server: .init(name: "simulated", dialect: "simulated"),
                model: full.split(separator: "/").last.map(String.init) ?? full)
        }
        guard let (vendor, model) = self.vendor(full, reader.text("custom_llm_provider")?.literal, modelNode) else {
            return nil
        }
        guard NameText.isModelName(model), WildcardText.stars(in: model) <= WildcardText.stars(in: group) else {
            self.sink.dropped(modelNode, "the model \(DocumentScalar.quoted(model)) cannot be the target of \(group)")
            return nil
        }
        if let note = vendor.note { self.sink.changed(modelNode, note) }
        var credential = self.credential(&reader)
        guard let server = self.server(vendor, &reader, &credential, modelNode) else { return nil }
        var deployment = LiteLLMDeployment(node: node, group: group, server: server, model: model)
        credential.finish { _ in "Sluice has no counterpart" }
        guard self.readKey(&reader, &credential, vendor, &deployment) else { return nil }
        deployment.weight = reader.count("weight", 0...1_000_000)?.value
        deployment.requests = reader.count("rpm", 1...1_000_000_000)?.value
        deployment.tokens = reader.count("tpm", 1...1_000_000_000)?.value
        deployment.order = reader.count("order", 0...1_000_000)?.value
        deployment.retries =
            reader.count("num_retries", 0...1000)?.value ?? reader.count("max_retries", 0...1000)?.value
        return deployment
    }

    /// The vendor and what the model is called there.
    private func vendor(
        _ full: String, _ custom: String?, _ node: DocumentNode
    ) -> (vendor: LiteLLMVendor, model: String)? {
        let parts = full.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var prefix = custom ?? ""
        var model = full
        if parts.count == 2, custom == nil || custom == parts[0] {
            (prefix, model) = (parts[0], parts[1])
        } else if custom == nil {
            guard let bare = LiteLLMVendor.prefix(ofBare: full) else {
                self.sink.dropped(
                    node,
                    full == "*"
                        ? "all models of all vendors cannot be one alias: clients may ask for provider/model of every provider in the file"
                        : "the model has no vendor in front, such as openai/\(full)")
                return nil
            }
            prefix = bare
        }
        for family in ["o_series/", "gpt5_series/"] where prefix == "azure" && model.hasPrefix(family) {
            model = String(model.dropFirst(family.count))
        }
        switch LiteLLMVendor.find(prefix) {
        case .vendor(let vendor): return (vendor, model)
        case .later: self.sink.dropped(node, "providers of the kind \(prefix) are not available yet")
        case .unknown: self.sink.dropped(node, "\(DocumentScalar.quoted(prefix)) is no vendor that Sluice knows")
        }
        return nil
    }

    /// What `litellm_credential_name` stands for; nothing where there is none.
    private func credential(_ reader: inout ImportReader) -> ImportReader {
        let none = DocumentNode(content: .null, position: reader.node.position, path: reader.node.path)
        let name = reader.text("litellm_credential_name")?.literal
        if let name, self.credentials[name] == nil {
            self.sink.dropped(reader.node, "there is no credential \(DocumentScalar.quoted(name)) in credential_list")
        }
        return ImportReader(name.flatMap { self.credentials[$0] } ?? none, self.sink, variables: self.variables)
    }

    private func server(
        _ vendor: LiteLLMVendor, _ reader: inout ImportReader, _ credential: inout ImportReader, _ model: DocumentNode
    ) -> LiteLLMDeployment.Server? {
        var server = LiteLLMDeployment.Server(name: vendor.name, dialect: vendor.dialect.name)
        let given = reader.text("api_base", "base_url") ?? credential.text("api_base", "base_url")
        server.baseURL = given ?? vendor.baseURL.map { ImportedText(literal: $0) }
        if server.baseURL == nil, vendor.dialect == .azure {
            self.sink.changed(
                model, "there is no api_base: LiteLLM takes it from AZURE_API_BASE, and so does this file")
            server.baseURL = ImportedText(variable: "AZURE_API_BASE")
        }
        if server.baseURL == nil, vendor.dialect.defaultBaseURL == nil || vendor.name != vendor.dialect.name {
            self.sink.dropped(model, "there is no api_base")
            return nil
        }
        if let url = given { server.baseURL = self.baseURL(url, vendor, model) }
        guard given == nil || server.baseURL != nil else { return nil }
        let version = reader.text("api_version") ?? credential.text("api_version")
        if vendor.dialect == .azure, let text = version?.literal {
            do throws(ValueError) {
                server.apiVersion = try ProviderBaseURL.azureVersion(text) ?? "v1"
            } catch {
                self.sink.dropped(model, "api_version: \(error.message)")
            }
        } else if vendor.dialect == .azure, let version {
            server.apiVersion = version.text
        }
        self.readHeaders(&reader, &credential, &server)
        server.dropsUnsupported = reader.flag("drop_params")?.value ?? self.settings.dropsUnsupported
        server.timeout =
            reader.seconds("timeout", atMost: 86_400)?.milliseconds ?? reader.seconds(
                "request_timeout", atMost: 86_400)?.milliseconds ?? self.settings.timeout
        server.streamTimeout =
            reader.seconds("stream_timeout", atMost: 86_400)?.milliseconds ?? self.settings.streamTimeout
        server.concurrency = reader.count("max_parallel_requests", 1...100_000)?.value
        return server
    }

    /// The address, as our file wants it; nil where it is none.
    private func baseURL(_ url: ImportedText, _ vendor: LiteLLMVendor, _ node: DocumentNode) -> ImportedText? {
        guard let literal = url.literal else { return vendor.path.isEmpty ? url : url.appending(vendor.path) }
        do throws(ValueError) {
            let parsed = try ProviderURL(literal)
            let text = try ProviderBaseURL.text(of: parsed, vendor.dialect)
            return ImportedText(literal: parsed.path.isEmpty ? text + vendor.path : text)
        } catch {
            self.sink.dropped(node, "api_base: \(error.message)")
            return nil
        }
    }

    private func readHeaders(
        _ reader: inout ImportReader, _ credential: inout ImportReader, _ server: inout LiteLLMDeployment.Server
    ) {
        for key in ["extra_headers", "headers"] {
            guard let node = reader.take(key), case .mapping(let entries) = node.content else { continue }
            for entry in entries {
                guard case .scalar(let scalar) = entry.value.content,
                    CredentialText.isToken(Array(entry.key.utf8)), CredentialText.isHeaderValue(Array(scalar.text.utf8))
                else {
                    self.sink.dropped(entry.value, "this cannot be a header")
                    continue
                }
                server.headers[entry.key] = ImportedText(
                    scalar.text, at: entry.value, variables: self.variables, self.sink)
            }
        }
        guard let node = reader.take("organization") else { return }
        if case .sequence = node.content {
            self.sink.dropped(
                node, "one provider has one organization: say headers: {OpenAI-Organization: …} at one each")
        } else if let organization = reader.text("organization") {
            server.headers["OpenAI-Organization"] = organization
        }
    }

    // MARK: Key and price

    /// Whether it is as it should be.
    private func readKey(
        _ reader: inout ImportReader, _ credential: inout ImportReader, _ vendor: LiteLLMVendor,
        _ deployment: inout LiteLLMDeployment
    ) -> Bool {
        let isForeign = deployment.server.baseURL != nil && vendor.baseURL == nil && vendor.dialect != .azure
        let given = reader.text("api_key") ?? credential.text("api_key")
        if let given {
            guard given.literal.map({ CredentialText.isKey(Array($0.utf8)) }) ?? true else {
                self.sink.dropped(reader.node, "api_key: expected printable ASCII characters without blanks")
                return false
            }
            deployment.key = .init(value: given)
        } else if let variable = vendor.keyVariable, !isForeign {
            self.sink.changed(
                reader.node, "there is no api_key: LiteLLM takes it from \(variable), and so does this file")
            deployment.key = .init(value: ImportedText(variable: variable))
        }
        return true
    }

    private func readPrice(
        _ parameters: inout ImportReader, _ info: inout ImportReader, _ deployment: inout LiteLLMDeployment
    ) {
        var given: [String: (text: String, node: DocumentNode)] = [:]
        for (key, name) in Self.prices {
            let (first, second) = (info.number(key), parameters.number(key))
            guard let (cost, node) = first ?? second else { continue }
            guard let rate = cost.scaled(by: 12, rounding: true), rate <= 1_000_000_000_000 else {
                self.sink.dropped(node, "a price is at most a dollar for a token")
                continue
            }
            given[name] = (DollarText.text(of: rate), node)
        }
        guard !given.isEmpty else { return }
        guard given["input"] != nil, given["output"] != nil else {
            for (_, value) in given { self.sink.dropped(value.node, "a price has both, input and output") }
            return
        }
        deployment.price = Self.prices.compactMap { _, name in given[name].map { (name, .text($0.text)) } }
    }
}
