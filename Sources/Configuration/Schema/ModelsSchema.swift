import Domain

/// Reads `models`: each alias, and what has to be true of all of them together.
struct ModelsSchema {
    let problems: ProblemSink
    /// Names of all providers, also of those that have problems of their own.
    let providers: [String]

    func read(_ reader: MappingReader) -> [ModelAlias] {
        let schema = AliasSchema(problems: self.problems, providers: self.providers)
        let aliases = reader.entries.map { entry in
            self.problems.defined(entry, .alias)
            return schema.read(entry)
        }
        let objections = Tier.allCases.compactMap { Self.objection(to: $0, aliases) }
        for (entry, alias) in zip(reader.entries, aliases) where alias.route != nil {
            for objection in objections {
                self.problems.problem(at: entry.position, path: "\(entry.value.path).route", objection)
            }
        }
        return aliases
    }

    /// Why an alias cannot choose the tier; nil where it can.
    static func objection(to tier: Tier, _ aliases: [ModelAlias]) -> String? {
        let members = aliases.filter { $0.tier == tier && $0.route == nil }
        let count = ModelAlias.targets(of: tier, aliases).count
        if members.isEmpty {
            return "no alias has tier \(tier.name): add one, such as \(tier.name): {tier: \(tier.name), "
                + "targets: [openai:gpt-4o-mini]}"
        }
        // Targets that are wrong have been reported.
        if count == 0, members.allSatisfy({ !$0.choices.isEmpty }) {
            return "no alias of tier \(tier.name) has a target without *: add one"
        }
        guard count > AliasSchema.maximumTargets else { return nil }
        return "expected at most \(AliasSchema.maximumTargets) different targets in tier \(tier.name), found \(count)"
    }
}
