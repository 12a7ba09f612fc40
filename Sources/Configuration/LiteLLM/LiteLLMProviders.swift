/// The providers that deployments are put together to, and what each is called.
///
/// Deployments that are called at one place for one model become one target whose provider has a pool of their keys. Providers of several
/// models are one where their keys are the same; what a key may in a minute is of one model in LiteLLM, so such a model has a provider of
/// its own.
struct LiteLLMProviders {
    private struct Identity: Hashable {
        var server: LiteLLMDeployment.Server
        var keys: [LiteLLMDeployment.Key]
        /// Nil where any model will do.
        var model: String?
    }

    private static let mostKeys = 64

    let sink: ImportSink
    let settings: LiteLLMSettings
    private var order: [Identity] = []
    private var names: [Identity: String] = [:]

    init(_ settings: LiteLLMSettings, _ sink: ImportSink) {
        self.settings = settings
        self.sink = sink
    }

    /// Gives each target of the groups its provider, and then the providers their names.
    mutating func assign(_ groups: inout [LiteLLMGroup]) {
        var identities: [[Identity]] = []
        for group in groups {
            identities.append(group.targets.map { self.identity(of: $0) })
        }
        for identity in identities.joined() where self.names[identity] == nil {
            self.names[identity] = ""
            self.order.append(identity)
        }
        self.nameAll()
        for index in groups.indices {
            for (place, identity) in identities[index].enumerated() {
                groups[index].targets[place].provider = self.names[identity] ?? ""
            }
        }
    }

    /// `providers` of our file.
    var value: [(key: String, value: EffectiveValue)] {
        self.order.map { (self.names[$0] ?? "", .mapping(self.members($0))) }
    }

    // MARK: -

    private func identity(of target: LiteLLMGroup.Target) -> Identity {
        var keys: [LiteLLMDeployment.Key] = []
        for deployment in target.deployments {
            guard var key = deployment.key else { continue }
            key.weight = deployment.weight.flatMap { $0 > 0 ? $0 : nil }
            if let known = keys.firstIndex(where: { $0.value == key.value }) {
                self.sink.changed(
                    deployment.node, "the same key for the same model at the same place: it stands there once")
                keys[known].weight = keys[known].weight.map { $0 + (key.weight ?? 0) }
                continue
            }
            guard keys.count < Self.mostKeys else {
                self.sink.dropped(deployment.node, "a provider has at most \(Self.mostKeys) keys")
                continue
            }
            keys.append(key)
        }
        if Set(keys.map(\.weight)).count <= 1 { for index in keys.indices { keys[index].weight = nil } }
        for index in keys.indices { keys[index].weight = keys[index].weight.map { min($0, 1_000_000) } }
        let isLimited = keys.contains { $0.requests != nil || $0.tokens != nil } || target.server.concurrency != nil
        return Identity(server: target.server, keys: keys, model: isLimited ? target.model : nil)
    }

    private mutating func nameAll() {
        var used: Set<String> = []
        for identity in self.order {
            let base = identity.server.name
            let others = self.order.filter { $0.server.name == base && $0 != identity }
            var name = base
            if others.contains(where: { $0.server.baseURL != identity.server.baseURL }) {
                name = Self.name(base, Self.place(identity.server))
            }
            if others.contains(where: { $0.server == identity.server && $0.model != identity.model }),
                let model = identity.model
            {
                name = Self.name(name, model)
            }
            var candidate = name
            var number = 2
            while !used.insert(candidate).inserted {
                candidate = "\(name.prefix(60))-\(number)"
                number += 1
            }
            self.names[identity] = candidate
        }
    }

    /// What tells one address from another.
    private static func place(_ server: LiteLLMDeployment.Server) -> String {
        guard let url = server.baseURL else { return "" }
        guard let literal = url.literal, let parsed = try? ProviderURL(literal) else {
            return url.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }.lowercased()
        }
        if server.dialect == "azure" { return parsed.host.split(separator: ".").first.map(String.init) ?? "" }
        return parsed.host + (parsed.port.map { "-\($0)" } ?? "")
    }

    private static func name(_ base: String, _ suffix: String) -> String {
        guard !suffix.isEmpty else { return base }
        let safe = suffix.map { character -> Character in
            NameText.isProviderName(String(character)) ? character : "-"
        }
        return String("\(base)-\(String(safe))".prefix(64))
    }

    private func members(_ identity: Identity) -> [(key: String, value: EffectiveValue)] {
        let server = identity.server
        var members: [(key: String, value: EffectiveValue)] = [("dialect", .text(server.dialect))]
        if let url = server.baseURL { members.append(("base_url", url.value)) }
        if let version = server.apiVersion { members.append(("api_version", .unsubstituted(version))) }
        let isPlain = identity.keys.allSatisfy { $0.requests == nil && $0.tokens == nil }
        if identity.keys.count == 1, isPlain {
            members.append(("api_key", identity.keys[0].value.value))
        } else if !identity.keys.isEmpty {
            members.append(
                ("keys", .list(identity.keys.enumerated().map { .mapping(Self.members($1, number: $0 + 1)) })))
        }
        guard server.dialect != "simulated" else { return members }
        if !server.headers.isEmpty {
            let headers = server.headers.sorted { $0.key < $1.key }
            members.append(("headers", .mapping(headers.map { ($0.key, $0.value.value) })))
        }
        if server.dropsUnsupported { members.append(("drop_unsupported", .boolean(true))) }
        if let concurrency = server.concurrency { members.append(("concurrency", .integer(Int(concurrency)))) }
        if self.settings.hasNoBreaker {
            members.append(("breaker", .text("off")))
        } else if !self.settings.breaker.isEmpty {
            members.append(("breaker", .mapping(self.settings.breaker)))
        }
        var timeouts: [(key: String, value: EffectiveValue)] = []
        if let time = server.streamTimeout { timeouts.append(("first_token", Self.duration(time))) }
        if let time = server.timeout { timeouts.append(("total", Self.duration(time))) }
        if !timeouts.isEmpty { members.append(("timeouts", .mapping(timeouts))) }
        return members
    }

    private static func members(
        _ key: LiteLLMDeployment.Key, number: Int
    ) -> [(key: String, value: EffectiveValue)] {
        var members: [(key: String, value: EffectiveValue)] = [
            ("name", .text("key-\(number)")), ("value", key.value.value),
        ]
        if let count = key.requests { members.append(("requests_per_minute", .integer(Int(count)))) }
        if let count = key.tokens { members.append(("tokens_per_minute", .integer(Int(count)))) }
        if let weight = key.weight { members.append(("weight", .integer(Int(weight)))) }
        return members
    }

    private static func duration(_ milliseconds: Int64) -> EffectiveValue {
        .text(DurationText.text(of: .milliseconds(milliseconds)))
    }
}
