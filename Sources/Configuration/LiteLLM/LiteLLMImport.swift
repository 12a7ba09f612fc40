import Domain

/// A configuration of LiteLLM's proxy (`config.yaml`) in the words of ours. Pure: nothing is read but the text that is given.
public struct LiteLLMImport: Sendable {
    /// As a configuration file, which `ConfigurationLoader` accepts once the variables it names are set.
    public let yaml: String
    /// Everything that is not as it was, in the order of the file that was read.
    public let notes: [ImportNote]
    /// The environment variables that the new file takes values from, each once.
    public let variables: [String]
    /// Names of the providers and of the aliases in the new file.
    public let providers: [String]
    public let models: [String]

    /// Converts the bytes of the file that messages call `file`.
    ///
    /// Throws what makes it no document that can be read; anything that can be read is converted as far as it goes.
    public static func convert(
        _ bytes: [UInt8], file: String
    ) throws(ImportFailure) -> LiteLLMImport {
        let problems = ProblemSink(file: file)
        guard bytes.count <= ConfigurationLoader.fileLimit, let text = String(validating: bytes, as: UTF8.self) else {
            problems.problem(at: .start, path: "", "the file is no UTF-8 text of at most 4MB")
            throw ImportFailure(problems: problems.problems)
        }
        var parser = DocumentParser(substitution: nil, problems: problems)
        guard let root = parser.parse(text), problems.problems.isEmpty else {
            throw ImportFailure(problems: problems.problems)
        }
        guard case .mapping = root.content else {
            problems.problem(root, "expected a mapping with model_list")
            throw ImportFailure(problems: problems.problems)
        }
        return self.convert(root, file: file)
    }

    private static func convert(_ root: DocumentNode, file: String) -> LiteLLMImport {
        let sink = ImportSink()
        var reader = ImportReader(root, sink)
        let variables = self.variables(&reader)
        reader = ImportReader(root, sink, variables: variables)
        let given = reader.take("environment_variables")
        let settings = LiteLLMSettings(
            module: reader.mapping("litellm_settings"), router: reader.mapping("router_settings"),
            general: reader.mapping("general_settings"))
        let deployments = LiteLLMDeploymentReader(
            sink: sink, settings: settings, variables: variables, credentials: self.credentials(&reader, sink))
        var nodes: [DocumentNode] = []
        if let list = reader.take("model_list") {
            if case .sequence(let elements) = list.content {
                nodes = elements
            } else {
                sink.dropped(list, "expected a list")
            }
        }
        if let include = reader.take("include") {
            sink.dropped(include, "files that are included are not read: import each, or put them together before")
        }
        reader.finish { _ in "Sluice has no counterpart" }
        var groups = LiteLLMGroup.groups(of: nodes.compactMap { deployments.read($0) })
        var providers = LiteLLMProviders(settings, sink)
        providers.assign(&groups)
        let aliases = LiteLLMAliases(groups: groups, settings: settings, sink: sink)
        let models = aliases.value
        aliases.finish()
        let value = EffectiveValue.mapping(
            self.members(settings, providers.value, models, self.pricing(groups, sink)))
        let used = self.variables(in: value)
        if let given { self.note(given, used: variables, sink) }
        return LiteLLMImport(
            yaml: self.head(file, variables: used) + value.yaml(), notes: sink.notes, variables: used,
            providers: providers.value.map(\.key), models: models.map(\.key))
    }

    private static func members(
        _ settings: LiteLLMSettings, _ providers: [(key: String, value: EffectiveValue)],
        _ models: [(key: String, value: EffectiveValue)], _ pricing: [(key: String, value: EffectiveValue)]
    ) -> [(key: String, value: EffectiveValue)] {
        var members: [(key: String, value: EffectiveValue)] = []
        if let key = settings.staticKey { members.append(("auth", .mapping([("static_key", key.value)]))) }
        members += [("providers", .mapping(providers)), ("models", .mapping(models))]
        if !pricing.isEmpty { members.append(("pricing", .mapping(pricing))) }
        // LiteLLM limits nobody who is not limited explicitly.
        let none = EffectiveValue.mapping([("requests_per_minute", .null)])
        var limits: [(key: String, value: EffectiveValue)] = [("per_ip", none), ("per_key", none)]
        if !settings.limits.isEmpty { limits.insert(("global", .mapping(settings.limits)), at: 0) }
        members.append(("limits", .mapping(limits)))
        return members
    }

    private static func pricing(
        _ groups: [LiteLLMGroup], _ sink: ImportSink
    ) -> [(key: String, value: EffectiveValue)] {
        var prices: [(key: String, value: EffectiveValue)] = []
        for target in groups.flatMap(\.targets) {
            for deployment in target.deployments where !deployment.price.isEmpty {
                let price = EffectiveValue.mapping(deployment.price)
                if let known = prices.first(where: { $0.key == target.name }) {
                    if known.value.json() != price.json() {
                        sink.dropped(
                            deployment.node, "\(target.name) has another price already: one model has one price")
                    }
                    continue
                }
                prices.append((target.name, price))
            }
        }
        return prices
    }

    private static func head(_ file: String, variables: [String]) -> String {
        let name = file.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : String($0) }.joined()
        let environment =
            variables.isEmpty ? "" : "# It takes from the environment: \(variables.joined(separator: ", "))\n"
        return "# Made by `sluice import litellm` of \(name).\n\(environment)"
    }

    // MARK: Parts of the file

    private static func variables(_ reader: inout ImportReader) -> [String: String] {
        guard let node = reader.take("environment_variables"), case .mapping(let entries) = node.content else {
            return [:]
        }
        var variables: [String: String] = [:]
        for entry in entries {
            if case .scalar(let scalar) = entry.value.content { variables[entry.key] = scalar.text }
        }
        return variables
    }

    /// What the section set for LiteLLM's process has no one to set it for.
    private static func note(_ node: DocumentNode, used: [String: String], _ sink: ImportSink) {
        guard case .mapping(let entries) = node.content else { return }
        for entry in entries {
            sink.changed(entry.value, "the gateway sets no variables: values stand where the file takes them from here")
        }
    }

    private static func credentials(_ reader: inout ImportReader, _ sink: ImportSink) -> [String: DocumentNode] {
        guard let list = reader.take("credential_list"), case .sequence(let nodes) = list.content else { return [:] }
        var credentials: [String: DocumentNode] = [:]
        for node in nodes {
            var entry = ImportReader(node, sink)
            let name = entry.text("credential_name")?.literal
            let values = entry.take("credential_values")
            _ = entry.take("credential_info")
            entry.finish { _ in "Sluice has no counterpart" }
            guard let name, let values else {
                sink.dropped(node, "expected credential_name and credential_values")
                continue
            }
            credentials[name] = values
        }
        return credentials
    }

    /// Names in `${…}`, in their order.
    private static func variables(in value: EffectiveValue) -> [String] {
        var names: [String] = []
        func walk(_ value: EffectiveValue) {
            switch value {
            case .unsubstituted(let text):
                guard text.hasPrefix("${"), let end = text.firstIndex(of: "}") else { return }
                let name = String(text[..<end].dropFirst(2))
                if !names.contains(name) { names.append(name) }
            case .list(let values): for value in values { walk(value) }
            case .mapping(let entries): for entry in entries { walk(entry.value) }
            case .null, .boolean, .integer, .text, .secret: return
            }
        }
        walk(value)
        return names
    }
}
