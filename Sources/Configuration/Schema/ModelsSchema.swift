/// Reads `models`: aliases with one target each.
struct ModelsSchema {
    let problems: ProblemSink
    /// Names of all providers, also of those that have problems of their own.
    let providers: [String]

    func read(_ reader: MappingReader) -> [ModelAlias] {
        reader.entries.compactMap { self.alias($0) }
    }

    private func alias(_ entry: DocumentEntry) -> ModelAlias? {
        if !NameText.isModelName(entry.key) {
            self.problems.problem(at: entry.position, path: entry.value.path, "expected \(NameText.modelNameRule)")
        }
        var reader = MappingReader(entry.value, problems: self.problems)
        let targets = reader.list("targets", of: "targets, such as [openai:gpt-4o-mini]")
        reader.unavailable("strategy", neutral: ["ordered"])
        self.retries(&reader)
        reader.tuning("retry_delay", ScalarParser.duration(.milliseconds(1) ... .seconds(60)))
        reader.unavailable("hedge_after")
        reader.unavailable("tier")
        reader.unavailable("route")
        reader.finish()

        if let second = targets?.dropFirst().first {
            self.problems.problem(second, "not available yet: an alias has exactly one target for now")
        }
        if targets?.isEmpty ?? (reader.lacks("targets") && reader.lacks("route")) {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).targets",
                "expected one target, such as [openai:gpt-4o-mini]")
        }
        let parsed = (targets ?? []).map { self.target($0) }
        guard let target = parsed.first ?? nil else { return nil }
        return ModelAlias(name: entry.key, target: target)
    }

    /// `retries` is available as 0 only: each request makes one attempt.
    private func retries(_ reader: inout MappingReader) {
        guard let entry = reader.entry("retries") else { return }
        if case .scalar(let scalar) = entry.value.content, scalar.boolean == false { return }
        guard let number = self.problems.value(of: entry.value, ScalarParser.integer(0...100)), number > 0 else {
            return
        }
        self.problems.problem(
            at: entry.position, path: entry.value.path, "not available yet: leave retries out or set it to 0")
    }

    /// `provider:model`, bare or as the `target` of a mapping.
    private func target(_ node: DocumentNode) -> ModelTarget? {
        guard case .mapping = node.content else { return self.parsedTarget(node) }
        var reader = MappingReader(node, problems: self.problems)
        let entry = reader.entry("target")
        // With one target a weight changes nothing.
        _ = reader.value("weight", ScalarParser.integer(1...1_000_000))
        reader.finish()
        guard let entry else {
            if reader.lacks("target") {
                self.problems.problem(node, "expected a target, such as {target: \"openai:gpt-4o-mini\"}")
            }
            return nil
        }
        return self.parsedTarget(entry.value)
    }

    private func parsedTarget(_ node: DocumentNode) -> ModelTarget? {
        self.problems.value(of: node) { scalar throws(ValueError) in
            let target = try ModelTarget(scalar.text)
            guard self.providers.contains(target.provider) else {
                throw ProviderSchema.unknownProvider(target.provider, names: self.providers)
            }
            return target
        }
    }
}
