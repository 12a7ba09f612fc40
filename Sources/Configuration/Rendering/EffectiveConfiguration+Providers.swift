import Domain

extension EffectiveConfiguration {
    /// `secret` shows a key or a header.
    static func value(
        of provider: ConfiguredProvider, secret: (Secret) -> EffectiveValue = { _ in .secret }
    ) -> EffectiveValue {
        let settings = provider.settings
        var entries: [(key: String, value: EffectiveValue)] = []
        switch settings.kind {
        case .server(let dialect, let baseURL):
            entries.append(("dialect", .text(dialect.name)))
            entries.append(("base_url", .text(baseURL)))
            // Azure's paths without a version have this name.
            if dialect == .azure { entries.append(("api_version", .text(settings.apiVersion ?? "v1"))) }
            entries.append(self.keys(settings.keys, secret))
            entries.append(("drop_unsupported", .boolean(settings.dropsUnsupported)))
            entries.append(("fetch_images", .boolean(settings.fetchesImages)))
        case .simulated(let delay, let tokensPerSecond):
            entries.append(("dialect", .text("simulated")))
            entries.append(("delay", self.value(ofMilliseconds: UInt64(delay))))
            entries.append(("tokens_per_second", .integer(Int(tokensPerSecond))))
        }
        entries.append(("headers", .mapping(settings.headers.map { ($0.name, secret($0.value)) })))
        entries.append(("proxy", settings.proxy.map { .text($0) } ?? .null))
        entries.append(("max_connections", .integer(Int(settings.maxConnections))))
        entries.append(("concurrency", settings.concurrency.map { .integer(Int($0)) } ?? .null))
        entries.append(("queue", self.value(of: settings.queue)))
        entries.append(("breaker", self.value(of: settings.breaker)))
        entries.append(("ca_file", settings.caFile.map { .text($0) } ?? .null))
        entries.append(("allow_private_network", .boolean(provider.allowPrivateNetwork)))
        let timeouts = settings.timeouts
        entries.append(
            (
                "timeouts",
                .mapping([
                    ("connect", self.value(ofMilliseconds: timeouts.connect)),
                    ("first_token", self.value(ofMilliseconds: timeouts.firstToken)),
                    ("idle", self.value(ofMilliseconds: timeouts.idle)),
                    ("total", self.value(ofMilliseconds: timeouts.total)),
                ])
            ))
        return .mapping(entries)
    }

    /// A pool, unless there is nothing to be said of the only key.
    private static func keys(
        _ keys: [ProviderKey], _ secret: (Secret) -> EffectiveValue
    ) -> (key: String, value: EffectiveValue) {
        guard let first = keys.first else { return ("api_key", .null) }
        guard keys.count > 1 || first != ProviderKey(value: first.value) else {
            return ("api_key", secret(first.value))
        }
        return (
            "keys",
            .list(
                keys.map { key in
                    let name: [(key: String, value: EffectiveValue)] =
                        key.name.isEmpty ? [] : [("name", .text(key.name))]
                    return .mapping(
                        name + [
                            ("value", secret(key.value)),
                            ("requests_per_minute", key.requestsPerMinute.map { .integer(Int($0)) } ?? .null),
                            ("tokens_per_minute", key.tokensPerMinute.map { .integer(Int($0)) } ?? .null),
                            ("weight", .integer(Int(key.weight))),
                        ])
                })
        )
    }

    private static func value(of queue: QueueSettings) -> EffectiveValue {
        .mapping([("length", .integer(Int(queue.length))), ("wait", self.value(ofMilliseconds: queue.wait))])
    }

    private static func value(of breaker: BreakerSettings) -> EffectiveValue {
        guard breaker != .off else { return .boolean(false) }
        return .mapping([
            ("failures", .integer(Int(breaker.failures))), ("error_rate", .text("\(breaker.errorRate)%")),
            ("requests", .integer(Int(breaker.requests))), ("window", self.value(ofMilliseconds: breaker.window)),
            ("open", self.value(ofMilliseconds: breaker.open)),
            ("longest_open", self.value(ofMilliseconds: breaker.longestOpen)),
        ])
    }
}
