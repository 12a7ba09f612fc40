import Domain

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
            ("listen", .list(configuration.listen.map { self.value(of: $0) })),
            ("admin", self.value(of: configuration.admin)),
            ("state_directory", .text(configuration.stateDirectory)),
            ("database", self.value(of: configuration.database)),
            (
                "workers",
                .mapping([
                    ("edge", self.value(of: configuration.workers.edge)),
                    ("upstream", self.value(of: configuration.workers.upstream)),
                ])
            ),
            ("drain_timeout", self.value(ofMilliseconds: configuration.drainTimeout)),
            ("user", configuration.user.map { .text($0) } ?? .null),
            ("http", self.value(of: configuration.http)),
            (
                "auth",
                .mapping([
                    ("keys", .text(configuration.auth.keys == .required ? "required" : "optional")),
                    ("anonymous", configuration.auth.anonymous.map { self.value(of: $0) } ?? .null),
                    ("wrong_keys_per_minute", configuration.auth.wrongKeysPerMinute.map { .integer(Int($0)) } ?? .null),
                    ("static_key", configuration.auth.staticKey == nil ? .null : .secret),
                ])
            ),
            ("providers", .mapping(configuration.providers.map { ($0.settings.name, self.value(of: $0)) })),
            ("default_provider", configuration.defaultProvider.map { .text($0) } ?? .null),
            ("models", .mapping(configuration.models.map { ($0.name, self.value(of: $0)) })),
            ("catalogue", self.value(of: configuration.catalogue)),
            (
                "pricing",
                .mapping(
                    configuration.pricing.map { ("\($0.provider):\($0.model ?? "*")", self.value(of: $0.price)) })
            ),
            ("limits", self.value(of: configuration.limits)),
            (
                "journal",
                .mapping([
                    ("max_bytes", .text(ByteSizeText.text(of: Int(clamping: configuration.journal.maxBytes)))),
                    ("when_full", .text(configuration.journal.isStrict ? "strict" : "open")),
                    ("sync_interval", self.value(ofMilliseconds: UInt64(configuration.journal.syncInterval))),
                ])
            ),
            ("cache", self.value(of: configuration.sharedCalls)),
            (
                "logging",
                .mapping([
                    ("level", .text(configuration.logLevel.label)),
                    ("format", .text(configuration.logging.format.label)),
                    ("file", .text(configuration.logging.file ?? "stderr")),
                    ("access", .boolean(configuration.logging.requests.access)),
                    ("prompts", .boolean(configuration.logging.requests.prompts)),
                    ("responses", .boolean(configuration.logging.requests.responses)),
                ])
            ),
            (
                "telemetry",
                .mapping([
                    ("metrics", .mapping([("per_project", .boolean(configuration.telemetry.countsProjects))])),
                    ("extension", .text(configuration.telemetry.responseExtension.name)),
                ])
            ),
            (
                "retention",
                .mapping([
                    ("requests", .text(RetentionText.text(of: configuration.retention.requests))),
                    ("usage", .text(RetentionText.text(of: configuration.retention.usage))),
                    ("audit", .text(RetentionText.text(of: configuration.retention.audit))),
                ])
            ),
            (
                "schedule",
                .mapping([
                    ("rollup", .text(configuration.schedules.rollup.text)),
                    ("prune", .text(configuration.schedules.prune.text)),
                    ("timezone", .text(configuration.timeZone)),
                ])
            ),
        ])
    }

    private static func value(of catalogue: CatalogueSettings) -> EffectiveValue {
        var (file, url) = (EffectiveValue.null, EffectiveValue.null)
        switch catalogue.source {
        case .file(let path): file = .text(path)
        case .url(let text): url = .text(text)
        case nil: break
        }
        return .mapping([
            ("file", file), ("url", url), ("refresh", self.value(ofMilliseconds: catalogue.refresh)),
            ("apply", .text(catalogue.appliesItself ? "auto" : "manual")),
        ])
    }

    private static func value(of admin: AdminSettings) -> EffectiveValue {
        let listener: EffectiveValue? = admin.listen.map { self.value(of: $0) }
        let folder: EffectiveValue? = admin.swaggerUI.map { .text($0) }
        return .mapping([("listen", listener ?? .text("same")), ("swagger_ui", folder ?? .null)])
    }

    private static func value(of listener: ListenerSettings) -> EffectiveValue {
        let tls = listener.tls.map { files in
            EffectiveValue.mapping([("certificate", .text(files.certificate)), ("key", .text(files.key))])
        }
        return .mapping([("address", .text(ListenAddressText.text(of: listener.address))), ("tls", tls ?? .null)])
    }

    private static func value(of database: DatabaseSettings) -> EffectiveValue {
        if database.control == database.usage { return self.value(of: database.control) }
        return .mapping([("control", self.value(of: database.control)), ("usage", self.value(of: database.usage))])
    }

    /// A password is shown as the mask, which is one that no server takes.
    private static func value(of address: PostgresAddress?) -> EffectiveValue {
        guard var address else { return .text("sqlite") }
        if address.password != nil { address.password = Secret(Array(EffectiveValue.mask.utf8)) }
        return .text(address.url.withBytes { String(decoding: $0, as: UTF8.self) })
    }

    private static func value(of count: WorkerCount) -> EffectiveValue {
        switch count {
        case .automatic: .text("auto")
        case .fixed(let count): .integer(count)
        }
    }

    static func value(ofMilliseconds milliseconds: UInt64) -> EffectiveValue {
        .text(DurationText.text(of: .milliseconds(milliseconds)))
    }

    private static func value(of http: HTTPSettings) -> EffectiveValue {
        .mapping([
            ("max_request_line", .text(ByteSizeText.text(of: Int(http.limits.maxRequestLine)))),
            ("max_headers", .text(ByteSizeText.text(of: Int(http.limits.maxHeaders)))),
            ("max_body", .text(ByteSizeText.text(of: Int(http.limits.maxBody)))),
            ("header_timeout", self.value(ofMilliseconds: http.limits.headerTimeout)),
            ("idle_timeout", self.value(ofMilliseconds: http.limits.idleTimeout)),
            ("trusted_proxies", .list(http.trustedProxies.map { .text($0.description) })),
            ("cors", .mapping([("origins", .list(http.corsOrigins.map { .text($0) }))])),
        ])
    }
}
