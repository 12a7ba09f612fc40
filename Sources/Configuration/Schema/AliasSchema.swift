import Domain

/// Reads one entry of `models`.
struct AliasSchema {
    /// Most targets of an alias: as many as a request can have.
    static let maximumTargets = 64
    private static let weights = 1...1_000_000
    private static let example = "targets, such as [openai:gpt-4o-mini]"
    private static let strategies: KeyValuePairs<String, RoutePolicy.Strategy> = [
        "ordered": .ordered, "weighted": .weighted, "least_latency": .leastLatency, "least_cost": .leastCost,
        "least_busy": .leastBusy,
    ]

    let problems: ProblemSink
    /// Names of all providers, also of those that have problems of their own.
    let providers: [String]

    /// What the entry says; where that has problems, as much as could be read.
    func read(_ entry: DocumentEntry) -> ModelAlias {
        do throws(ValueError) {
            _ = try WildcardText.pattern(entry.key)
        } catch {
            self.problems.problem(at: entry.position, path: entry.value.path, error.message)
        }
        var reader = MappingReader(entry.value, problems: self.problems)
        var alias = ModelAlias(name: entry.key, choices: [])
        alias.choices = self.choices(&reader, entry)
        let strategy = reader.entry("strategy").map { entry in
            self.problems.value(of: entry.value, ScalarParser.choice(Self.strategies))
        }
        alias.policy.strategy = (strategy ?? nil) ?? alias.policy.strategy
        self.readAttempts(&reader, &alias.policy)
        alias.sticky = self.sticky(&reader, strategy ?? .ordered)
        let tier = reader.entry("tier")
        alias.tier = reader.value("tier", ScalarParser.choice(["fast": .fast, "deep": .deep]))
        if let route = reader.entry("route") {
            alias.route = self.route(route)
            if let tier {
                self.problems.problem(
                    at: tier.position, path: tier.value.path, "has no meaning beside route, which chooses: leave it out"
                )
            }
        }
        reader.finish()
        if let strategy = strategy ?? .ordered { self.refuseWeights(entry, strategy) }
        return alias
    }

    // MARK: - How it is tried

    private func readAttempts(_ reader: inout MappingReader, _ policy: inout RoutePolicy) {
        let most = Int(RoutePolicy.maximumRetries)
        let retries = reader.value("retries") { scalar throws(ValueError) in
            scalar.boolean == false ? 0 : try ScalarParser.integer(0...most)(scalar)
        }
        policy.retries = retries.map { UInt8($0) } ?? policy.retries
        policy.retryDelay =
            reader.value("retry_delay", ScalarParser.duration(.milliseconds(1) ... .seconds(10))) ?? policy.retryDelay
        let hedge = reader.value("hedge_after") { scalar throws(ValueError) -> RoutePolicy.HedgeDelay? in
            scalar.boolean == false ? nil : try HedgeDelayText.parse(scalar.text)
        }
        policy.hedgeAfter = hedge ?? nil
    }

    private func sticky(_ reader: inout MappingReader, _ strategy: RoutePolicy.Strategy?) -> RouteTable.Sticky {
        let entry = reader.entry("sticky")
        let sticky = reader.value("sticky") { scalar throws(ValueError) -> RouteTable.Sticky in
            scalar.boolean == false
                ? .none : try ScalarParser.choice(["user": .user, "key": .key])(scalar)
        }
        guard let entry, let sticky, sticky != .none else { return .none }
        if let strategy, strategy != .weighted {
            self.problems.problem(
                at: entry.position, path: entry.value.path,
                "has no meaning with strategy \(Self.name(of: strategy)): leave it out, or set strategy to weighted")
        }
        return sticky
    }

    /// Weights that differ are most likely meant for another strategy.
    private func refuseWeights(_ entry: DocumentEntry, _ strategy: RoutePolicy.Strategy) {
        guard strategy != .weighted else { return }
        guard case .mapping(let entries) = entry.value.content,
            case .sequence(let targets) = entries.first(where: { $0.key == "targets" })?.value.content
        else { return }
        let weights = targets.map { target -> DocumentEntry? in
            guard case .mapping(let members) = target.content else { return nil }
            return members.first { $0.key == "weight" }
        }
        let numbers = weights.compactMap { weight -> Int64? in
            guard case .scalar(let scalar) = weight?.value.content else { return 1 }
            return DecimalText.parse(scalar.text.utf8).flatMap { Self.weights.contains(Int($0)) ? $0 : nil }
        }
        guard Set(numbers).count > 1, let first = weights.lazy.compactMap(\.self).first else { return }
        self.problems.problem(
            at: first.position, path: first.value.path,
            "different weights have no meaning with strategy \(Self.name(of: strategy)): leave them out, or set "
                + "strategy to weighted")
    }

    static func name(of strategy: RoutePolicy.Strategy) -> String {
        self.strategies.first { $0.value == strategy }?.key ?? ""
    }

    private func route(_ entry: DocumentEntry) -> ModelAlias.Route? {
        if case .scalar(let scalar) = entry.value.content, scalar.boolean == false { return nil }
        var reader = MappingReader(entry.value, problems: self.problems)
        var route = ModelAlias.Route()
        let by = reader.value("by", ScalarParser.word("tier"))
        if by == nil, reader.lacks("by") {
            self.problems.problem(at: entry.position, path: "\(entry.value.path).by", "missing; expected tier")
        }
        if let count = reader.value("threshold_characters", ScalarParser.integer(1...1_000_000_000)) {
            route.threshold = UInt32(count)
        }
        let header = reader.value("header") { scalar throws(ValueError) in
            try RouteHeaderText.parse(scalar.text)
        }
        route.header = header ?? route.header
        reader.finish()
        return route
    }

    // MARK: - Targets

    private func choices(_ reader: inout MappingReader, _ entry: DocumentEntry) -> [ModelAlias.Choice] {
        let listed = reader.entry("targets")
        let nodes = reader.list("targets", of: Self.example)
        guard reader.lacks("route") || reader.isOff("route") else {
            if let listed {
                self.problems.problem(
                    at: listed.position, path: listed.value.path,
                    "has no meaning beside route, whose targets are those of the aliases with a tier: leave it out")
            }
            return []
        }
        if nodes?.isEmpty ?? reader.lacks("targets") {
            self.problems.problem(
                at: entry.position, path: "\(entry.value.path).targets", "expected \(Self.example)")
        }
        var choices: [ModelAlias.Choice] = []
        var seen: Set<[UInt8]> = []
        let hasStar = WildcardText.stars(in: entry.key) > 0
        for node in nodes ?? [] {
            guard let choice = self.choice(node, mayHaveStar: hasStar) else { continue }
            guard seen.insert(Array(choice.target.description.utf8)).inserted else {
                self.problems.problem(node, "the target stands here more than once: leave this one out")
                continue
            }
            choices.append(choice)
        }
        if let nodes, nodes.count > Self.maximumTargets {
            self.problems.problem(
                nodes[Self.maximumTargets], "an alias has at most \(Self.maximumTargets) targets: leave the others out")
        }
        return choices
    }

    /// `provider:model`, bare or as the `target` of a mapping.
    private func choice(_ node: DocumentNode, mayHaveStar: Bool) -> ModelAlias.Choice? {
        guard case .mapping = node.content else {
            return self.target(node, mayHaveStar: mayHaveStar).map { ModelAlias.Choice($0) }
        }
        var reader = MappingReader(node, problems: self.problems)
        let entry = reader.entry("target")
        let weight = reader.value("weight", ScalarParser.integer(Self.weights))
        reader.finish()
        guard let entry else {
            if reader.lacks("target") {
                self.problems.problem(node, "expected a target, such as {target: \"openai:gpt-4o-mini\"}")
            }
            return nil
        }
        return self.target(entry.value, mayHaveStar: mayHaveStar).map {
            ModelAlias.Choice($0, weight: UInt32(weight ?? 1))
        }
    }

    private func target(_ node: DocumentNode, mayHaveStar: Bool) -> ModelTarget? {
        self.problems.value(of: node) { scalar throws(ValueError) in
            let target = try ModelTarget(scalar.text)
            guard self.providers.contains(target.provider) else {
                throw ProviderSchema.unknownProvider(target.provider, names: self.providers)
            }
            let stars = WildcardText.stars(in: target.model)
            guard stars <= 1 else { throw ValueError("expected a target with at most one *") }
            guard stars == 0 || mayHaveStar else {
                throw ValueError("expected a target without *: the alias's name has none that it could stand for")
            }
            return target
        }
    }
}
