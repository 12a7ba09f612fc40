/// Makes the aliases of our file of model groups, fallbacks and further names.
struct LiteLLMAliases {
    private static let mostTargets = AliasSchema.maximumTargets
    private static let largestWeight: Int64 = 1_000_000

    let groups: [LiteLLMGroup]
    let settings: LiteLLMSettings
    let sink: ImportSink

    /// `models` of our file.
    var value: [(key: String, value: EffectiveValue)] {
        var aliases: [(key: String, value: EffectiveValue)] = self.groups.map { ($0.name, .mapping(self.members($0))) }
        for (name, target) in self.settings.aliases {
            guard let group = self.groups.first(where: { $0.name == target.group }) else {
                self.sink.dropped(target.node, "no model of model_list that was carried over has this name")
                continue
            }
            guard !aliases.contains(where: { $0.key == name }), (try? WildcardText.pattern(name)) != nil,
                WildcardText.stars(in: name) == WildcardText.stars(in: group.name)
            else {
                self.sink.dropped(target.node, "\(DocumentScalar.quoted(name)) cannot be another name of it")
                continue
            }
            aliases.append((name, .mapping(self.members(group))))
        }
        return aliases
    }

    /// Says which fallbacks are for a model that is not there.
    func finish() {
        for (name, fallbacks) in self.settings.fallbacks where !self.groups.contains(where: { $0.name == name }) {
            for fallback in fallbacks {
                self.sink.dropped(
                    fallback.node,
                    "no model of model_list that was carried over has the name \(DocumentScalar.quoted(name))")
            }
        }
    }

    private func members(_ group: LiteLLMGroup) -> [(key: String, value: EffectiveValue)] {
        var own = group.targets
        var strategy = self.settings.strategy
        if group.isOrdered {
            own = group.ordered(self.sink)
            strategy = "ordered"
        }
        if own.count > Self.mostTargets, let node = own[Self.mostTargets].deployments.first?.node {
            self.sink.dropped(node, "an alias has at most \(Self.mostTargets) targets")
            own = Array(own.prefix(Self.mostTargets))
        }
        let fallbacks = self.fallbacks(of: group, beside: own)
        if own.count == 1 { strategy = "ordered" }
        if !fallbacks.isEmpty, strategy.hasPrefix("least") {
            self.sink.changed(
                fallbacks[0].node,
                "the deployments of \(DocumentScalar.quoted(group.name)) are drawn by weight: with another strategy the fallbacks would be used like them"
            )
            strategy = "weighted"
        }
        var weights = group.isOrdered ? own.map { _ in Int64(1) } : Array(group.weights(self.sink).prefix(own.count))
        var targets = own.map(\.name)
        if !fallbacks.isEmpty {
            targets += fallbacks.map(\.name)
            if strategy == "weighted" {
                weights = LiteLLMGroup.scaled(weights, to: Self.largestWeight)
                let factor = Self.largestWeight / (weights.max() ?? 1)
                weights = weights.map { $0 * factor } + fallbacks.map { _ in 1 }
                self.sink.changed(
                    fallbacks[0].node,
                    "of very many requests for \(DocumentScalar.quoted(group.name)) one begins with a fallback: a target has a weight of at least 1"
                )
            }
        }
        var members: [(key: String, value: EffectiveValue)] = []
        let areEqual = Set(weights).count <= 1
        members.append(
            (
                "targets",
                .list(
                    zip(targets, weights + targets.map { _ in 1 }).map { target, weight in
                        strategy == "weighted" && !areEqual
                            ? .mapping([("target", .text(target)), ("weight", .integer(Int(weight)))]) : .text(target)
                    })
            ))
        if targets.count > 1 { members.append(("strategy", .text(strategy))) }
        let retries = group.retries.map { min($0, 8) } ?? self.settings.retries
        if retries != nil || !fallbacks.isEmpty {
            // Fallbacks are further attempts here; in LiteLLM they come when those of a group are used up.
            members.append(("retries", .integer(min(8, Int(retries ?? 2) + fallbacks.count))))
        }
        if let delay = self.settings.retryDelay {
            members.append(("retry_delay", .text(DurationText.text(of: .milliseconds(delay)))))
        }
        return members
    }

    /// The targets that are tried when those of the group have failed.
    private func fallbacks(
        of group: LiteLLMGroup, beside own: [LiteLLMGroup.Target]
    ) -> [(name: String, node: DocumentNode)] {
        var names = Set(own.map(\.name))
        var targets: [(name: String, node: DocumentNode)] = []
        for fallback in self.settings.fallbacks[group.name] ?? self.settings.defaultFallbacks
        where !fallback.group.utf8.elementsEqual(group.name.utf8) {
            let found =
                self.groups.first { $0.name == fallback.group }?.targets
                ?? self.groups.flatMap(\.targets).filter { $0.deployments.contains { $0.id == fallback.group } }
            guard !found.isEmpty else {
                self.sink.dropped(fallback.node, "no model of model_list that was carried over has this name")
                continue
            }
            for target in found where !names.contains(target.name) {
                guard WildcardText.stars(in: target.model) <= WildcardText.stars(in: group.name) else {
                    self.sink.dropped(fallback.node, "a model with * cannot stand in for one without")
                    continue
                }
                guard targets.count + own.count < Self.mostTargets else { break }
                names.insert(target.name)
                targets.append((target.name, fallback.node))
            }
        }
        return targets
    }
}
