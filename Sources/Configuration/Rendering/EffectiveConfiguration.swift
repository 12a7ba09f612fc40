/// The configuration in force as a file would say it: all defaults filled in, secrets masked.
///
/// Read back as a file it gives the same configuration, except for the secrets.
public struct EffectiveConfiguration {
    private let root: EffectiveValue

    public init(_ configuration: GatewayConfiguration) {
        self.root = Self.value(of: configuration)
    }

    /// As a configuration file.
    public var yaml: String { self.root.yaml() }

    /// As JSON with the same keys and a final newline; durations and sizes are texts as in the file.
    public var json: String { self.root.json() + "\n" }

    private static func value(of configuration: GatewayConfiguration) -> EffectiveValue {
        .mapping([
            ("listen", .list(configuration.listen.map { .mapping([("address", .text($0.description))]) })),
            ("admin", .mapping([("listen", .text("same"))])),
            ("state_directory", .text(configuration.stateDirectory)),
            (
                "workers",
                .mapping([
                    ("edge", self.value(of: configuration.workers.edge)),
                    ("upstream", self.value(of: configuration.workers.upstream)),
                ])
            ),
            ("drain_timeout", self.value(of: configuration.drainTimeout)),
            ("http", self.value(of: configuration.http)),
            (
                "auth",
                .mapping([
                    ("keys", .text(configuration.auth.keys.rawValue)),
                    ("static_key", configuration.auth.staticKey == nil ? .null : .secret),
                ])
            ),
            ("providers", .mapping(configuration.providers.map { ($0.name, self.value(of: $0)) })),
            ("default_provider", configuration.defaultProvider.map { .text($0) } ?? .null),
            ("models", .mapping(configuration.models.map { ($0.name, self.value(of: $0)) })),
            (
                "logging",
                .mapping([
                    ("level", .text(configuration.logLevel.rawValue)), ("format", .text("json")), ("file", .text("stderr")),
                ])
            ),
        ])
    }

    private static func value(of count: WorkerCount) -> EffectiveValue {
        switch count {
        case .automatic: .text("auto")
        case .fixed(let count): .integer(count)
        }
    }

    private static func value(of duration: Duration) -> EffectiveValue {
        .text(DurationText.text(of: duration))
    }

    private static func value(of http: HTTPSettings) -> EffectiveValue {
        .mapping([
            ("max_request_line", .text(ByteSizeText.text(of: http.maxRequestLine))),
            ("max_headers", .text(ByteSizeText.text(of: http.maxHeaders))),
            ("max_body", .text(ByteSizeText.text(of: http.maxBody))),
            ("header_timeout", self.value(of: http.headerTimeout)),
            ("idle_timeout", self.value(of: http.idleTimeout)),
            ("trusted_proxies", .list(http.trustedProxies.map { .text($0.description) })),
            ("cors", .mapping([("origins", .list(http.corsOrigins.map { .text($0) }))])),
        ])
    }

    private static func value(of provider: ProviderSettings) -> EffectiveValue {
        var entries: [(key: String, value: EffectiveValue)] = [("dialect", .text(provider.dialect.name))]
        switch provider.dialect {
        case .openAI(let baseURL, let key):
            entries.append(("base_url", .text(baseURL.description)))
            if let key, key.name != ProviderKey.defaultName {
                entries.append(("keys", .list([.mapping([("name", .text(key.name)), ("value", .secret)])])))
            } else {
                entries.append(("api_key", key == nil ? .null : .secret))
            }
        case .simulated(let simulation):
            entries.append(("delay", self.value(of: simulation.delay)))
            entries.append(("tokens_per_second", .integer(simulation.tokensPerSecond)))
        }
        entries.append(("headers", .mapping(provider.headers.map { ($0.name, .secret) })))
        entries.append(("proxy", provider.proxy.map { .text($0.description) } ?? .null))
        entries.append(("max_connections", provider.maxConnections.map { .integer($0) } ?? .null))
        entries.append(("ca_file", provider.caFile.map { .text($0) } ?? .null))
        entries.append(("allow_private_network", .boolean(provider.allowPrivateNetwork)))
        let timeouts = provider.timeouts
        entries.append(
            (
                "timeouts",
                .mapping([
                    ("connect", self.value(of: timeouts.connect)), ("first_token", self.value(of: timeouts.firstToken)),
                    ("idle", self.value(of: timeouts.idle)), ("total", self.value(of: timeouts.total)),
                ])
            ))
        return .mapping(entries)
    }

    private static func value(of model: ModelAlias) -> EffectiveValue {
        .mapping([("targets", .list([.text(model.target.description)])), ("strategy", .text("ordered"))])
    }
}
