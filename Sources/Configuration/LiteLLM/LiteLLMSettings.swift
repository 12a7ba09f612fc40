/// What `litellm_settings`, `router_settings` and `general_settings` say, as far as there is a counterpart.
struct LiteLLMSettings {
    /// A model group to go on with, and where it is named.
    struct Fallback {
        var group: String
        var node: DocumentNode
    }

    /// A value of `strategy`.
    var strategy = "weighted"
    var retries: Int64?
    /// Milliseconds.
    var retryDelay: Int64?
    var timeout: Int64?
    var streamTimeout: Int64?
    var dropsUnsupported = false
    var breaker: [(key: String, value: EffectiveValue)] = []
    var hasNoBreaker = false
    var fallbacks: [String: [Fallback]] = [:]
    /// For all groups that have none of their own.
    var defaultFallbacks: [Fallback] = []
    /// Further names of groups.
    var aliases: [(name: String, group: Fallback)] = []
    var limits: [(key: String, value: EffectiveValue)] = []
    var staticKey: ImportedText?

    /// Why a key has no counterpart; what is not here is a feature that the gateway does not have.
    private static let reasons: [String: String] = [
        "cache_params":
            "replies are not cached; identical requests that run at the same time share one call (cache.single_flight)",
        "success_callback": "there are no callbacks: GET /metrics, the access log and `sluice usage` tell of requests",
        "failure_callback": "there are no callbacks: GET /metrics, the access log and `sluice usage` tell of requests",
        "callbacks": "there are no callbacks: GET /metrics, the access log and `sluice usage` tell of requests",
        "service_callbacks": "there are no callbacks: GET /metrics tells of the gateway",
        "set_verbose": "say logging.level: debug instead",
        "context_window_fallbacks":
            "a prompt that is too long is refused as the provider refuses it; another model is not asked",
        "content_policy_fallbacks": "a refusal for its content is the answer; another model is not asked",
        "database_url":
            "the database is LiteLLM's own: its keys, teams and spend are not read; `sluice projects` and `sluice keys` make new ones",
        "store_model_in_db": "models that LiteLLM keeps in its database are not read",
        "redis_host": "processes of one gateway share their state without Redis",
        "redis_port": "processes of one gateway share their state without Redis",
        "redis_password": "processes of one gateway share their state without Redis",
        "redis_url": "processes of one gateway share their state without Redis",
        "enable_pre_call_checks": "whether a prompt fits is found out by the provider",
        "alerting": "there are no alerts yet: GET /metrics has what one is made of",
        "ui_username": "there is no web interface to log in to",
        "ui_password": "there is no web interface to log in to",
        "custom_auth": "code of your own cannot be run; keys are those of `sluice keys`",
        "enable_jwt_auth": "clients authenticate with keys; JWTs are not available yet",
        "max_parallel_requests": "it holds for every deployment; say concurrency at each provider instead",
        "routing_strategy_args": "the strategies have nothing to tune",
        "retry_policy": "the kind of an error does not change the number of attempts: see retries of models",
        "allowed_fails_policy":
            "the kind of an error does not change when a provider is left alone: see breaker of providers",
        "pass_through_endpoints": "only the endpoints that Sluice knows are served",
    ]

    static func reason(_ key: String) -> String { self.reasons[key] ?? "Sluice has no counterpart" }

    init(module: ImportReader, router: ImportReader, general: ImportReader) {
        var (module, router, general) = (module, router, general)
        self.readRouter(&router)
        self.readModule(&module)
        self.readGeneral(&general)
        for reader in [module, router, general] { reader.finish(Self.reason) }
    }

    // MARK: Sections

    private mutating func readRouter(_ reader: inout ImportReader) {
        self.readStrategy(&reader)
        self.readAttempts(&reader)
        self.timeout = reader.seconds("timeout", atMost: 86_400)?.milliseconds
        self.streamTimeout = reader.seconds("stream_timeout", atMost: 86_400)?.milliseconds
        if let (delay, node) = reader.seconds("retry_after", atMost: 3600) {
            self.retryDelay = min(delay, 10_000)
            if delay > 10_000 { reader.sink.changed(node, "retry_delay is 10 seconds at the most") }
        }
        if let aliases = reader.take("model_group_alias"), case .mapping(let entries) = aliases.content {
            for entry in entries {
                guard let group = Self.group(of: entry.value) else {
                    reader.sink.dropped(entry.value, "expected the name of a model group")
                    continue
                }
                self.aliases.append((entry.key, Fallback(group: group, node: entry.value)))
            }
        }
        self.readFallbacks(&reader)
    }

    private mutating func readModule(_ reader: inout ImportReader) {
        self.readAttempts(&reader)
        self.readFallbacks(&reader)
        if let (timeout, _) = reader.seconds("request_timeout", atMost: 86_400) {
            self.timeout = self.timeout ?? timeout
        }
        self.dropsUnsupported = reader.flag("drop_params")?.value ?? false
        // That is how it logs anyway.
        _ = reader.flag("json_logs")
        if let (isOn, node) = reader.flag("cache"), isOn {
            reader.sink.dropped(node, Self.reason("cache_params"))
        }
        if let callbacks = reader.take("callbacks") {
            let isPrometheus: (DocumentNode) -> Bool = { node in
                if case .scalar(let scalar) = node.content { scalar.text == "prometheus" } else { false }
            }
            if case .sequence(let nodes) = callbacks.content {
                for node in nodes where !isPrometheus(node) { reader.sink.dropped(node, Self.reason("callbacks")) }
            } else if !isPrometheus(callbacks) {
                reader.sink.dropped(callbacks, Self.reason("callbacks"))
            }
        }
        self.readBudget(&reader)
    }

    private mutating func readGeneral(_ reader: inout ImportReader) {
        let node = reader.take("master_key")
        if let node, let key = reader.text("master_key") {
            if let literal = key.literal, let objection = CredentialText.objectionToStaticKey(Array(literal.utf8)) {
                reader.sink.dropped(node, "cannot be auth.static_key: \(objection)")
            } else {
                reader.sink.changed(
                    node,
                    "it is auth.static_key: clients may use it, the administration's tokens are others (`sluice tokens`)"
                )
                self.staticKey = key
            }
        }
        if node == nil {
            reader.sink.changed(
                reader.node,
                "without master_key LiteLLM asks nobody for a key; Sluice does, and makes one at its first start "
                    + "(auth: {keys: optional} would not)")
        }
        if let (calls, _) = reader.count("global_max_parallel_requests", 1...1_000_000_000) {
            self.limits.append(("concurrency", .integer(Int(calls))))
        }
    }

    // MARK: Parts

    private mutating func readStrategy(_ reader: inout ImportReader) {
        guard let node = reader.take("routing_strategy"), case .scalar(let scalar) = node.content else { return }
        switch scalar.text {
        case "simple-shuffle": break
        case "least-busy": self.strategy = "least_busy"
        case "latency-based-routing": self.strategy = "least_latency"
        case "cost-based-routing": self.strategy = "least_cost"
        case "usage-based-routing", "usage-based-routing-v2":
            reader.sink.changed(
                node, "deployments are drawn by weight; those whose key has used up its minute come last")
        default: reader.sink.dropped(node, "there is no such strategy; deployments are drawn by weight")
        }
    }

    private mutating func readAttempts(_ reader: inout ImportReader) {
        if let (count, node) = reader.count("num_retries", 0...1000) {
            if count > 8 { reader.sink.changed(node, "8 retries are the most") }
            self.retries = self.retries ?? min(count, 8)
        }
        if let (isOff, _) = reader.flag("disable_cooldowns"), isOff { self.hasNoBreaker = true }
        if let (count, node) = reader.count("allowed_fails", 0...999),
            !self.breaker.contains(where: { $0.key == "failures" })
        {
            reader.sink.changed(
                node,
                "a provider is left alone after \(count + 1) failures in a row, not in a minute; 429 and 4xx are none")
            self.breaker.append(("failures", .integer(Int(count) + 1)))
        }
        if let (time, node) = reader.seconds("cooldown_time", atMost: 3600),
            !self.breaker.contains(where: { $0.key == "open" })
        {
            let open = max(time, 100)
            reader.sink.changed(node, "a provider is left alone for this time, and for longer where it fails again")
            self.breaker.append(("open", .text("\(open)ms")))
        }
    }

    private mutating func readFallbacks(_ reader: inout ImportReader) {
        if let node = reader.take("default_fallbacks") { self.defaultFallbacks += Self.groups(node, reader.sink) }
        guard let node = reader.take("fallbacks"), case .sequence(let nodes) = node.content else { return }
        for node in nodes {
            guard case .mapping(let entries) = node.content else {
                reader.sink.dropped(node, "expected a mapping of a model to its fallbacks")
                continue
            }
            for entry in entries {
                let groups = Self.groups(entry.value, reader.sink)
                if entry.key == "*" {
                    self.defaultFallbacks += groups
                } else {
                    self.fallbacks[entry.key, default: []] += groups
                }
            }
        }
    }

    private mutating func readBudget(_ reader: inout ImportReader) {
        let budget = reader.number("max_budget")
        let period = reader.take("budget_duration")
        guard let (amount, node) = budget, !amount.isZero else { return }
        guard let period, case .scalar(let scalar) = period.content else {
            if let cost = Self.dollars(amount) { self.limits.append(("cost_total", .text(cost))) }
            return
        }
        let periods = [
            "1d": "cost_daily", "24h": "cost_daily", "7d": "cost_weekly", "30d": "cost_monthly", "1mo": "cost_monthly",
        ]
        guard let key = periods[scalar.text], let cost = Self.dollars(amount) else {
            reader.sink.dropped(node, "budgets are for a day, a week or a month: see limits.global")
            return
        }
        reader.sink.changed(
            period, "max_budget is limits.global.\(key), whose period is that of the calendar, in schedule.timezone")
        self.limits.append((key, .text(cost)))
    }

    private static func dollars(_ amount: ImportedNumber) -> String? {
        amount.scaled(by: 6, rounding: true).map { DollarText.text(of: $0) }
    }

    private static func groups(_ node: DocumentNode, _ sink: ImportSink) -> [Fallback] {
        var nodes = [node]
        if case .sequence(let list) = node.content { nodes = list }
        return nodes.compactMap { node in
            guard let group = self.group(of: node) else {
                sink.dropped(node, "expected the name of a model group")
                return nil
            }
            return Fallback(group: group, node: node)
        }
    }

    /// A name, or a mapping with `model`.
    private static func group(of node: DocumentNode) -> String? {
        switch node.content {
        case .scalar(let scalar): return scalar.text
        case .mapping(let entries):
            guard case .scalar(let scalar) = entries.first(where: { $0.key == "model" })?.value.content else {
                return nil
            }
            return scalar.text
        case .null, .sequence, .invalid: return nil
        }
    }
}
