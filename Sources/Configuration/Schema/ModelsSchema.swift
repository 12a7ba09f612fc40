import Domain

/// Reads `models`: each alias, and what has to be true of all of them together.
struct ModelsSchema {
    let problems: ProblemSink
    /// Names of all providers, also of those that have problems of their own.
    let providers: [String]

    func read(_ reader: MappingReader) -> [ModelAlias] {
        let schema = AliasSchema(problems: self.problems, providers: self.providers)
        let aliases = reader.entries.map { schema.read($0) }
        for (entry, alias) in zip(reader.entries, aliases) where alias.route != nil {
            for tier in Tier.allCases { self.check(tier, aliases, entry) }
        }
        return aliases
    }

    /// An alias that chooses a tier needs targets in each of them.
    private func check(_ tier: Tier, _ aliases: [ModelAlias], _ entry: DocumentEntry) {
        let members = aliases.filter { $0.tier == tier && $0.route == nil }
        let count = ModelAlias.targets(of: tier, aliases).count
        if members.isEmpty {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).route",
                "no alias has tier \(tier.name): add one, such as \(tier.name): {tier: \(tier.name), "
                    + "targets: [openai:gpt-4o-mini]}")
        } else if count == 0, members.allSatisfy({ !$0.choices.isEmpty }) {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).route",
                "no alias of tier \(tier.name) has a target without *: add one")
        } else if count > AliasSchema.maximumTargets {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).route",
                "expected at most \(AliasSchema.maximumTargets) different targets in tier \(tier.name), found \(count)")
        }
    }
}
