// What the administration's API takes, where the configuration file is not to be written.
extension LiteLLMImport {
    /// One provider, alias or price.
    public struct Object: Sendable {
        /// `providers`, `models` or `prices`.
        public let path: String
        public let name: String
        /// Its members, with the environment's values in them: an object in JSON.
        public let json: String
    }

    /// What the loader has against the new file where all its variables are set. None, unless the import is wrong.
    public func problems() -> [ConfigurationProblem] {
        let environment = Dictionary(
            self.variables.map {
                ($0, $0.contains("BASE") || $0.contains("URL") ? "https://a.example" : "key-of-\($0)-01234567")
            },
            uniquingKeysWith: { first, _ in first })
        let result = ConfigurationLoader.load(text: self.yaml, file: "sluice.yaml", environment: environment) {
            (path, _) throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "\(path) is not looked at")
        }
        // Which value a variable has decides of an address; the real one is checked by `sluice check`.
        return result.problems.filter { problem in
            !self.variables.contains { problem.message.contains($0) } && !problem.path.hasSuffix(".base_url")
                && !problem.path.hasSuffix(".api_version")
        }
    }

    /// Providers, aliases and prices, in an order in which they can be made.
    public func objects(environment: [String: String]) throws(ImportFailure) -> [Object] {
        let problems = ProblemSink(file: "sluice.yaml")
        let substitution = Substitution(environment: environment) { (path, _) throws(BoundedFile.Failure) in
            throw BoundedFile.Failure(reason: "\(path) is not looked at")
        }
        var parser = DocumentParser(substitution: substitution, problems: problems)
        guard let root = parser.parse(self.yaml), case .mapping(let entries) = root.content, problems.problems.isEmpty
        else { throw ImportFailure(problems: problems.problems) }
        var objects: [Object] = []
        for (section, path) in [("providers", "providers"), ("models", "models"), ("pricing", "prices")] {
            guard case .mapping(let members) = entries.first(where: { $0.key == section })?.value.content else {
                continue
            }
            objects += members.map { Object(path: path, name: $0.key, json: Self.value($0.value).json()) }
        }
        return objects
    }

    private static func value(_ node: DocumentNode) -> EffectiveValue {
        switch node.content {
        case .null, .invalid: return .null
        case .scalar(let scalar):
            if !scalar.isQuoted, let number = DecimalText.parse(scalar.text.utf8) { return .integer(Int(number)) }
            if !scalar.isQuoted, let value = scalar.boolean { return .boolean(value) }
            return .text(scalar.text)
        case .sequence(let nodes): return .list(nodes.map { self.value($0) })
        case .mapping(let entries): return .mapping(entries.map { ($0.key, self.value($0.value)) })
        }
    }
}
