import Configuration
import Domain
import Testing

@Suite struct GoodDocumentTests {
    @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "{}", "null", "listen:\nhttp:\nproviders:\nmodels:\n"])
    func anEmptyFileGivesTheDefaults(text: String) throws {
        let result = Document(text: text).result
        #expect(result.problems.isEmpty)
        // A newcomer gets answers.
        let expected = GatewayConfiguration(providers: [.simulated], defaultProvider: "simulated")
        #expect(try #require(result.configuration) == expected)
        #expect(
            result.notices == [
                "f: there are no providers, and no provider's key is in the environment: the built-in simulated "
                    + "provider answers"
            ])
    }

    @Test(arguments: ["", "providers: {}\n", "providers: null\n"])
    func aFileWithoutProvidersTakesThoseOfTheEnvironment(start: String) throws {
        let text =
            start
                + """
                listen: [{address: 127.0.0.1:9000}]
                models:
                  a: {targets: [groq:x]}
                default_provider: groq
                """
        let environment = [
            "GROQ_API_KEY": "g", "OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://localhost:8080/v1",
            "LITELLM_API_KEY": "l",
        ]
        let result = Document(text: text, environment: environment).result
        #expect(result.problems.isEmpty)
        let configuration = try #require(result.configuration)
        let found = ConfigurationLoader.fromEnvironment(
            environment: ["GROQ_API_KEY": "g", "OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://h/v1"])
        #expect(configuration.providers.map(\.settings.name) == ["openai", "groq"])
        #expect(configuration.providers.last == found.configuration?.providers.last)
        #expect(configuration.defaultProvider == "groq")
        #expect(configuration.models == [ModelAlias(name: "a", target: ModelTarget(provider: "groq", model: "x"))])
        #expect(
            result.notices == [
                "LITELLM_API_KEY is in the environment but LITELLM_BASE_URL is not: it is not used",
                "f: there are no providers; those of the environment are used: openai, groq",
            ])
    }

    @Test func theFirstProviderOfTheEnvironmentIsTheDefault() throws {
        let result = Document(text: "", environment: ["GROQ_API_KEY": "g", "OPENAI_API_KEY": "o"]).result
        #expect(try #require(result.configuration).defaultProvider == "openai")
    }

    @Test func withProvidersInTheFileTheEnvironmentAddsNone() throws {
        let text = "providers: {s: {dialect: simulated}}"
        let result = Document(text: text, environment: ["OPENAI_API_KEY": "not a key", "REDIS_URL": "x"]).result
        #expect(try #require(result.configuration).providers.map(\.settings.name) == ["s"])
        #expect(result.notices.isEmpty)
    }

    /// All problems at once, those of the environment included.
    @Test func badVariablesOfAFileWithoutProviders() {
        let environment = ["OPENAI_API_KEY": "a b", "GROQ_API_KEY": "g", "LITELLM_BASE_URL": "http://localhost:9000"]
        let document = Document(
            text: "listen: [{address: 127.0.0.1:9000}]\ndrain_timeout: soon\n", environment: environment)
        #expect(document.result.configuration == nil)
        let problems = document.result.problems.map(\.description)
        #expect(problems.count == 3)
        #expect(problems.contains { $0.hasPrefix("environment: OPENAI_API_KEY: expected a key") })
        #expect(problems.contains { $0.hasPrefix("environment: LITELLM_BASE_URL: expected the URL of a provider") })
        #expect(problems.contains { $0.hasPrefix("f:2:16: drain_timeout:") })
    }

    @Test func theDefaultsAreThoseOfTheSchema() {
        let configuration = GatewayConfiguration()
        #expect(configuration.listen == [ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 8080))])
        #expect(configuration.stateDirectory == "./sluice-state")
        #expect(configuration.workers == WorkerSettings(edge: .automatic, upstream: .automatic))
        #expect(configuration.drainTimeout == 300_000)
        let limits = configuration.http.limits
        #expect(limits.maxRequestLine == 8192)
        #expect(limits.maxHeaders == 65_536)
        #expect(limits.maxBody == 33_554_432)
        #expect(limits.headerTimeout == 10_000)
        #expect(limits.idleTimeout == 75_000)
        #expect(configuration.auth.keys == .required)
        #expect(configuration.auth.staticKey == nil)
        #expect(configuration.logLevel == .info)
    }

    @Test func everyKeyOfThisVersion() throws {
        let text = """
            listen:
              - address: 0.0.0.0:80
              - {address: "[::1]:8080"}
              - address: unix:/run/sluice.sock
              - address: fd:3
              - address: 127.0.0.1:0
              - address: 127.0.0.1:0
            admin: {listen: same}
            state_directory: /var/lib/sluice
            workers: {edge: 3, upstream: 200}
            drain_timeout: 1h
            http:
              max_request_line: 4KB
              max_headers: 32KB
              max_body: 1GB
              header_timeout: 5s
              idle_timeout: 2m
              trusted_proxies: [10.0.0.0/8, "::1", 192.0.2.7]
              cors: {origins: ["https://app.example.com", "http://localhost:3000", "*"]}
            auth: {keys: optional, static_key: sk-0123456789abcdef}
            providers:
              openai: {dialect: openai, api_key: sk-secret}
              local-1:
                dialect: openai
                base_url: "HTTP://[::1]:8101/v1/"
                keys: [{name: one, value: other-secret, weight: 2, requests_per_minute: null}]
                headers: {X-Team: blue, x-number: 7}
                proxy: http://proxy.example.com:3128/
                max_connections: 9
                http2: false
                ca_file: null
                allow_private_network: yes
                timeouts: {connect: 1s, first_token: 2s, idle: 3s, total: 4s}
              sim: {dialect: simulated, delay: 0s, tokens_per_second: 5}
            default_provider: local-1
            models:
              small: {targets: ["openai:gpt-4o-mini"]}
              "org/big:latest":
                targets: [{target: "local-1:library/llama3:8b", weight: 1}]
                strategy: ordered
                retries: 0
                hedge_after: null
            logging: {level: debug, format: text, file: logs/gateway.log, access: false}
            """
        let result = Document(text: text).result
        #expect(result.problems.isEmpty)
        let configuration = try #require(result.configuration)
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        let anyPort = ListenAddress.ipv4(address: [127, 0, 0, 1], port: 0)
        #expect(
            configuration.listen.map(\.address) == [
                .ipv4(address: [0, 0, 0, 0], port: 80), .ipv6(address: loopback, scope: 0, port: 8080),
                .unix(path: "/run/sluice.sock"), .inherited(descriptor: 3), anyPort, anyPort,
            ])
        #expect(configuration.listen.allSatisfy { $0.tls == nil })
        #expect(configuration.stateDirectory == "/var/lib/sluice")
        #expect(configuration.workers == WorkerSettings(edge: .fixed(3), upstream: .fixed(200)))
        #expect(configuration.drainTimeout == 3_600_000)
        let limits = HTTPLimits(
            maxRequestLine: 4096, maxHeaders: 32_768, maxBody: 1 << 30, headerTimeout: 5000, idleTimeout: 120_000)
        #expect(configuration.http.limits == limits)
        #expect(configuration.http.trustedProxies.map(\.description) == ["10.0.0.0/8", "::1/128", "192.0.2.7/32"])
        #expect(configuration.http.corsOrigins == ["https://app.example.com", "http://localhost:3000", "*"])
        #expect(
            configuration.auth
                == AuthSettings(keys: .optional, staticKey: Secret(Array("sk-0123456789abcdef".utf8))))
        let openai = ProviderSettings(
            name: "openai", kind: .server(.openai, baseURL: "https://api.openai.com/v1"),
            apiKey: Secret(Array("sk-secret".utf8))
        )
        let local = ProviderSettings(
            name: "local-1", kind: .server(.openai, baseURL: "http://[::1]:8101/v1"),
            keys: [ProviderKey(name: "one", value: Secret(Array("other-secret".utf8)), weight: 2)],
            headers: [
                .init(name: "X-Team", value: Secret(Array("blue".utf8))),
                .init(name: "x-number", value: Secret([UInt8(ascii: "7")])),
            ], proxy: "http://proxy.example.com:3128", maxConnections: 9,
            timeouts: ProviderTimeouts(connect: 1000, firstToken: 2000, idle: 3000, total: 4000))
        let simulated = ProviderSettings(name: "sim", kind: .simulated(delay: 0, tokensPerSecond: 5))
        #expect(
            configuration.providers == [
                ConfiguredProvider(settings: openai),
                ConfiguredProvider(settings: local, allowPrivateNetwork: true),
                ConfiguredProvider(settings: simulated),
            ])
        #expect(configuration.defaultProvider == "local-1")
        #expect(
            configuration.models == [
                ModelAlias(name: "small", target: ModelTarget(provider: "openai", model: "gpt-4o-mini")),
                ModelAlias(
                    name: "org/big:latest",
                    choices: [.init(ModelTarget(provider: "local-1", model: "library/llama3:8b"))],
                    policy: RoutePolicy(retries: 0)),
            ])
        #expect(configuration.logLevel == .debug)
        #expect(
            configuration.logging
                == LogSettings(
                    format: .text, file: "logs/gateway.log", requests: RequestLogging(access: false)))
    }

    @Test func whoeverLogsPromptsIsTold() throws {
        let start = "providers: {s: {dialect: simulated}}\n"
        let both = Document(text: start + "logging: {prompts: true, responses: true}").result
        #expect(
            both.notices == [
                "f: the log holds the beginning of what clients send (logging.prompts) and of what they get "
                    + "(logging.responses)"
            ])
        #expect(
            both.configuration?.logging.requests == RequestLogging(access: true, prompts: true, responses: true))
        let none = Document(text: start + "logging: {prompts: false, responses: false, file: stderr}").result
        #expect(none.notices.isEmpty)
        #expect(none.configuration?.logging == LogSettings())
    }

    @Test(arguments: [
        ("https://h", "https://h"), ("https://h/", "https://h"),
        ("HTTPS://Api.Example.COM:443/V1//", "https://api.example.com:443/V1"),
        ("http://10.0.0.1:4000", "http://10.0.0.1:4000"), ("http://[::1]:80/v1", "http://[::1]:80/v1"),
        ("https://h/a/b%20c", "https://h/a/b%20c"), ("http://my_host-1/x", "http://my_host-1/x"),
    ])
    func goodURLs(given: String, expected: String) throws {
        let result = Document(text: "providers: {x: {dialect: openai, base_url: \"\(given)\"}}").result
        #expect(
            try #require(result.configuration).providers.first?.settings.kind == .server(.openai, baseURL: expected))
    }

    /// What a provider of the dialect says beside it, the URL it is found at, the version it is called by.
    @Test(
        arguments: [
            (.groq, "api_key: k", "https://api.groq.com/openai/v1", nil),
            (.ollama, "", "http://127.0.0.1:11434/v1", nil),
            (.vllm, "base_url: 'http://h:8000/v1/'", "http://h:8000/v1", nil),
            (.litellm, "base_url: 'http://h:4000'", "http://h:4000", nil),
            (.deepseek, "headers: {Authorization: x}", "https://api.deepseek.com", nil),
            (.anthropic, "api_key: k", "https://api.anthropic.com/v1", nil),
            (.anthropic, "base_url: 'https://h'", "https://h/v1", nil),
            (.anthropic, "base_url: 'https://h/anthropic'", "https://h/anthropic", nil),
            (.azure, "resource: My-Res, api_key: k", "https://my-res.openai.azure.com", nil),
            (.azure, "resource: r1, headers: {Authorization: x}", "https://r1.openai.azure.com", nil),
            (.azure, "base_url: 'https://h/openai/v1', api_version: v1", "https://h", nil),
            (.azure, "base_url: 'https://h/prefix/openai', api_version: preview", "https://h/prefix", "preview"),
            (.azure, "base_url: 'https://h/openai/deployments/d'", "https://h/openai/deployments/d", nil),
            (.azure, "base_url: 'https://h/models', api_version: latest", "https://h/models", nil),
            (.azure, "base_url: 'https://h', api_version: 2024-10-21", "https://h", "2024-10-21"),
            (.azure, "base_url: 'https://h', api_version: 2025-04-01-preview", "https://h", "2025-04-01-preview"),
        ] as [(Dialect, String, String, String?)])
    func everyDialectKnowsItsPlace(dialect: Dialect, keys: String, url: String, version: String?) throws {
        let document = Document(text: "providers: {x: {dialect: \(dialect.name), \(keys)}}")
        #expect(document.problems == [])
        let settings = try #require(document.result.configuration?.providers.first?.settings)
        #expect(settings.kind == .server(dialect, baseURL: url))
        #expect(settings.apiVersion == version)
        #expect(!settings.dropsUnsupported && !settings.fetchesImages)
    }

    /// With a URL each dialect of a server is accepted, with a key or without.
    @Test(arguments: Dialect.allCases) func everyDialectTakesAURL(dialect: Dialect) throws {
        for key in ["", ", api_key: k", ", drop_unsupported: true, fetch_images: yes"] {
            let document = Document(
                text: "providers: {x: {dialect: \(dialect.name), base_url: 'http://h/v1'\(key)}}")
            #expect(document.problems == [])
            let settings = try #require(document.result.configuration?.providers.first?.settings)
            #expect(settings.kind == .server(dialect, baseURL: "http://h/v1"))
            #expect(
                settings.dropsUnsupported == key.contains("drop") && settings.fetchesImages == key.contains("fetch"))
        }
    }

    @Test(
        arguments: [
            // The environment, the file's default_provider, the expected one.
            ([:], nil, nil), (["OPENAI_API_KEY": "k"], nil, "openai"),
            (["GROQ_API_KEY": "k", "MISTRAL_API_KEY": "k"], nil, "groq"), (["OPENAI_API_KEY": ""], nil, nil),
            (["OPENAI_API_KEY": "k"], "mine", "mine"),
        ] as [([String: String], String?, String?)])
    func theDefaultProvider(environment: [String: String], explicit: String?, expected: String?) throws {
        let text = """
            providers: {mine: {dialect: simulated}, groq: {dialect: simulated}, openai: {dialect: simulated}}
            default_provider: \(explicit ?? "null")
            """
        let result = Document(text: text, environment: environment).result
        #expect(try #require(result.configuration).defaultProvider == expected)
    }

    @Test func theOnlyProviderIsTheDefault() throws {
        let result = Document(text: "providers: {mine: {dialect: simulated}}", environment: ["OPENAI_API_KEY": "k"])
            .result
        #expect(try #require(result.configuration).defaultProvider == "mine")
    }

    @Test func anchorsAndAliasesWork() throws {
        let text = """
            providers:
              a: {dialect: openai, timeouts: &t {connect: 1s}, base_url: 'http://h'}
              b: {dialect: openai, timeouts: *t, base_url: 'http://h'}
            """
        let configuration = try #require(Document(text: text).result.configuration)
        #expect(configuration.providers.map(\.settings.timeouts.connect) == [1000, 1000])
    }

    @Test func anAuthorizationHeaderMayTakeTheKeysPlace() throws {
        let result = Document(text: "providers: {x: {dialect: openai, headers: {Authorization: Basic eDp5}}}").result
        #expect(try #require(result.configuration).providers.first?.settings.headers.count == 1)
    }

    @Test func workerCountsFollowTheMachine() {
        #expect(WorkerCount.automatic.resolved(cores: 16, coresPerWorker: 4) == 4)
        #expect(WorkerCount.automatic.resolved(cores: 2, coresPerWorker: 4) == 1)
        #expect(WorkerCount.automatic.resolved(cores: 1024, coresPerWorker: 1) == 200)
        #expect(WorkerCount.fixed(7).resolved(cores: 1, coresPerWorker: 1) == 7)
    }
}
