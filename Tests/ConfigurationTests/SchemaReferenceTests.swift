import Configuration
import Domain
import Testing

/// The whole schema, with every key it knows: each has to be known here, built or not.
@Suite struct SchemaReferenceTests {
    private static let environment = [
        "OPENAI_API_KEY": "k", "ANTHROPIC_KEY_1": "k", "ANTHROPIC_KEY_2": "k", "GROQ_API_KEY": "k",
        "GEMINI_API_KEY": "k",
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "k", "AZURE_OPENAI_API_KEY": "k", "LITELLM_API_KEY": "k",
    ]

    @Test func everyKeyIsKnownAndWhatIsNotBuiltIsNamed() {
        let result = Document(
            text: Self.schema, environment: Self.environment, files: ["/run/secrets/gcp.json": Array("{}".utf8)]
        ).result
        let unexpected = result.problems.filter { !$0.message.contains("not available yet") }
        #expect(unexpected == [])
        #expect(
            result.problems.map(\.path) == [
                "providers.gemini.dialect", "providers.vertex.dialect", "providers.bedrock.dialect",
                "cache.enabled",
            ])
    }

    /// Without what is not built, the rest is in force as it stands: `models`, pools, strategies, sharing.
    @Test func whatIsBuiltIsInForce() throws {
        let text = Self.schema.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { line in !["gemini:", "vertex:", "bedrock:"].contains { line.contains("\($0) ") } }
            .joined(separator: "\n").replacing("enabled: true", with: "enabled: false")
        var environment = Self.environment
        environment["ANTHROPIC_KEY_2"] = "k2"
        let document = Document(text: text, environment: environment)
        #expect(document.problems == [])
        let configuration = try #require(document.result.configuration)
        let keys = try #require(configuration.providers.first { $0.settings.name == "anthropic" }?.settings.keys)
        #expect(keys.map(\.name) == ["one", "two"])
        #expect(keys.map(\.requestsPerMinute) == [40, 40] && keys.map(\.tokensPerMinute) == [80_000, nil])
        #expect(keys.map(\.weight) == [2, 1])
        #expect(configuration.models.map(\.name) == ["gpt-4o-mini", "smart", "fast", "deep", "auto"])
        let smart = configuration.models[1]
        #expect(smart.policy == RoutePolicy(strategy: .weighted, retries: 2, retryDelay: 500))
        #expect(
            smart.choices.map { "\($0.target) \($0.weight)" } == [
                "anthropic:claude-sonnet-4-5 3", "openai:gpt-4o 1",
            ])
        #expect(configuration.models[2].tier == .fast && configuration.models[3].tier == .deep)
        #expect(configuration.models[4].route == ModelAlias.Route(threshold: 8000, header: "x-sluice-tier"))
        #expect(configuration.sharedCalls == SharedCallSettings(isOn: true, scope: .project, eachPays: false))
        #expect(configuration.providers.allSatisfy { $0.settings.concurrency == nil })
    }

    /// A file cut or changed anywhere gives problems with a place in it, or a configuration, and never a trap.
    @Test func changedAnywhereItIsStillAnswered() {
        var seed: UInt64 = 42
        func random(below limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(limit))
        }
        let original = Array(Self.schema.utf8)
        let letters = Array("{}[]:,-&*!|>'\"%@`#? \n\t\\$\u{0}a1é".utf8) + [0xFF, 0xED, 0xA0, 0x80]
        for _ in 0..<300 {
            var bytes = original
            for _ in 0...random(below: 4) {
                let index = random(below: bytes.count)
                switch random(below: 3) {
                case 0: bytes[index] = letters[random(below: letters.count)]
                case 1: bytes.insert(letters[random(below: letters.count)], at: index)
                default: bytes.removeSubrange(index..<min(index + 1 + random(below: 40), bytes.count))
                }
            }
            let result = ConfigurationLoader.load(
                bytes: bytes, file: "f", environment: Self.environment
            ) { (_, _) throws(BoundedFile.Failure) in Array("{}".utf8) }
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect((result.configuration == nil) == !result.problems.isEmpty)
            #expect(result.problems.allSatisfy { (1...lines).contains($0.line) && $0.column >= 1 })
        }
    }

    private static let schema = """
        # The configuration file, whole. Every key has a default; an empty file is valid (providers, models, alerts below are
        # examples, their default is empty); unknown keys are errors with line and column. A key whose feature is not built yet is
        # refused only when it asks for something: null, false, off, [] are accepted. ${NAME} and ${NAME:-default} take environment variables; ${file:/run/secrets/x} reads a file.
        # With no file at all `sluice serve` finds OPENAI_API_KEY, ANTHROPIC_API_KEY, GROQ_API_KEY, GEMINI_API_KEY,
        # MISTRAL_API_KEY, OPENROUTER_API_KEY, AWS_*, AZURE_OPENAI_*, LITELLM_BASE_URL + LITELLM_API_KEY in the environment and makes
        # providers of them; DATABASE_URL, REDIS_URL and JWT_SECRET are taken too; with no provider at all it uses `simulated`.

        listen:
          - address: 127.0.0.1:8080          # unix:/path works too; systemd sockets: fd:3
            # tls: {certificate: cert.pem, key: key.pem}      # re-read on HUP
        admin:
          listen: same                       # or an address of its own: then the API and dashboard answer only there
        state_directory: ./sluice-state      # database, journal, ledger, cache, runtime sockets (0700)
        database: sqlite                     # control.db and usage.db in the state directory | postgres://user@host/db?sslmode=verify-full | {control: URL, usage: URL}
        redis: null                          # or redis(s)://user:password@host:6379/0
        redis_timeout: 20ms
        workers: {edge: auto, upstream: auto}
        drain_timeout: 5m
        user: null                           # when started as root: drop to this user

        http:
          max_request_line: 8KB
          max_headers: 64KB
          max_body: 32MB
          header_timeout: 10s
          idle_timeout: 75s
          trusted_proxies: []                # CIDRs whose X-Forwarded-For counts
          cors: {origins: []}                # "*" allowed without credentials only

        auth:
          keys: required                     # required | optional
          anonymous: null                    # or {requests_per_minute: 10, tokens_per_month: 100000, models: [fast]}
          jwt: null                          # or {algorithm: HS256|RS256|ES256, secret: ${JWT_SECRET} | jwks_url: https://…, issuer, audience, user_claim: sub}
          static_key: null                   # one gateway-wide key, for the smallest deployments

        # dialect: openai (byte-exact) | groq | mistral | deepseek | openrouter | xai | together | perplexity | cerebras | huggingface | ollama |
        #          vllm | llamacpp | litellm | azure | anthropic | gemini | vertex | bedrock | cohere | simulated
        providers:
          openai:    {dialect: openai, api_key: "${OPENAI_API_KEY}"}
          anthropic:
            dialect: anthropic
            keys:                            # a pool: balanced, each with its own limits, cooled down on 401/402/403/429
              - {name: one,   value: "${ANTHROPIC_KEY_1}", requests_per_minute: 40, tokens_per_minute: 80000, weight: 2}
              - {name: two,   value: "${ANTHROPIC_KEY_2}", requests_per_minute: 40}
          groq:      {dialect: groq, api_key: "${GROQ_API_KEY}"}
          gemini:    {dialect: gemini, api_key: "${GEMINI_API_KEY}"}
          vertex:    {dialect: vertex, project: my-project, location: us-central1, credentials: "${file:/run/secrets/gcp.json}"}
          bedrock:   {dialect: bedrock, region: us-east-1, access_key_id: "${AWS_ACCESS_KEY_ID}", secret_access_key: "${AWS_SECRET_ACCESS_KEY}"}
          azure:     {dialect: azure, resource: my-res, api_version: "2024-10-21", api_key: "${AZURE_OPENAI_API_KEY}"}
          litellm:   {dialect: litellm, base_url: "http://127.0.0.1:4000/v1", api_key: "${LITELLM_API_KEY}"}
          local:     {dialect: llamacpp, base_url: "http://127.0.0.1:8101/v1"}         # vLLM, llama.cpp, Ollama …
          simulated: {dialect: simulated, delay: 50ms, tokens_per_second: 200}       # built in: needs no key and no network
            # any provider: headers, proxy, max_connections, http2: true, ca_file, allow_private_network (base_url on a private
            # address is refused unless it is written in this file), timeouts: {connect: 3s, first_token: 60s, idle: 30s, total: 10m}

        default_provider: null               # for a bare model name that no alias or catalogue entry claims; null = the only provider, else the first found in the environment

        models:                              # aliases: what clients may ask for
          gpt-4o-mini: {targets: [openai:gpt-4o-mini]}
          smart:
            targets:                         # tried by strategy; the rest is the failover order
              - {target: "anthropic:claude-sonnet-4-5", weight: 3}
              - {target: "openai:gpt-4o",               weight: 1}
            strategy: weighted               # ordered | weighted | least_latency | least_cost | least_busy
            retries: 2                       # further attempts, over targets and keys, on 408 409 429 5xx, connect and first-token timeouts
            retry_delay: 500ms               # doubled with jitter; Retry-After wins
            hedge_after: null                # e.g. p95 or 2s: start a second target when no first token came
          fast: {tier: fast, targets: [anthropic:claude-haiku-4-5]}
          deep: {tier: deep, targets: [anthropic:claude-sonnet-4-5]}
          auto: {route: {by: tier, threshold_characters: 8000, header: x-sluice-tier}}   # small prompt → fast, large → deep; failover stays in the tier

        catalogue: {file: null, url: null, refresh: 24h}     # prices and limits of models, in the format of LiteLLM's model_prices_and_context_window.json
        pricing:                                             # overrides, USD per million tokens; an unknown price is not a price of zero
          "local:smollm2": {input: 0, output: 0}

        limits:                              # defaults; keys, projects and users carry their own
          global:  {requests_per_minute: null}
          budget_mode: strict                # strict: bounds the prompt by bytes, clamps max_tokens to what is affordable | estimate
          per_ip:  {requests_per_minute: 600}
          per_key: {requests_per_minute: 60, tokens_per_minute: null, concurrency: null}
          unknown_price: allow               # or refuse, for projects with a cost budget
          table_slots: 1048576
        journal: {max_bytes: 1GB, when_full: strict, sync_interval: 100ms}     # strict: 503 rather than unbilled work | open: serve and count

        cache:
          enabled: true
          when: deterministic                # temperature 0, no stream | unary: every reply that is not a stream | all: streams too, replayed as streams
          ttl: 24h
          max_size: 512MB
          scope: project                     # project | key | shared
          single_flight: true

        logging: {level: info, format: json, file: stderr, prompts: false, responses: false}
        redaction: {enabled: false, patterns: [email, phone, credit_card, iban, ssn, ip, secret], custom: []}
        audit: null                          # or {bodies: true, store: file | s3://bucket/prefix, endpoint, region, access_key_id, secret_access_key, batch: 5s}
        telemetry:
          otlp: null                         # or {endpoint: http://127.0.0.1:4318, headers: {}, traces: true, metrics: true}
          helicone: null                     # or {api_key: …}
          extension: headers                 # headers: x-sluice-* | body: also x_sluice {provider, model, latency_ms, cost_usd, cache, attempts} | off
        retention: {requests: 90d, usage: forever, audit: 30d}
        schedule: {rollup: "01:00", prune: "Sun 02:00", timezone: UTC}
        alerts: []                           # - {on: budget, at: [50, 80, 100], webhook: https://…, secret: …}; on: error_rate, latency, provider_down, key_expiring
        """
}
