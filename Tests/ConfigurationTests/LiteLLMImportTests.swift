import Domain
import Testing

@testable import Configuration

@Suite struct LiteLLMImportTests {
    /// What was made of a file, and what the loader makes of that; every variable it names is set.
    private func load(_ text: String) throws -> (made: LiteLLMImport, configuration: GatewayConfiguration) {
        let made = try LiteLLMImport.convert(Array(text.utf8), file: "config.yaml")
        let environment = Dictionary(
            uniqueKeysWithValues: made.variables.map { name in
                (
                    name,
                    name.hasSuffix("BASE") ? "https://from-the-environment.example.com" : "value-of-\(name)-0123456789"
                )
            })
        let result = Document(text: made.yaml, environment: environment).result
        #expect(result.problems == [], "\(made.yaml)")
        return (made, try #require(result.configuration, "\(made.yaml)"))
    }

    private func targets(_ configuration: GatewayConfiguration, _ name: String) -> [String] {
        configuration.models.first { $0.name == name }?.choices.map { "\($0.target) \($0.weight)" } ?? []
    }

    private func provider(_ configuration: GatewayConfiguration, _ name: String) -> ProviderSettings? {
        configuration.providers.first { $0.settings.name == name }?.settings
    }

    @Test func balancedDeploymentsWithKeysOfTheEnvironment() throws {
        let (made, configuration) = try self.load(
            """
            model_list:
              - model_name: chat            # two regions of one model
                litellm_params:
                  model: azure/chat-north
                  api_base: https://north-resource.openai.azure.com/
                  api_key: os.environ/AZURE_NORTH_KEY
                  api_version: "2024-10-21"
                  rpm: 6
              - model_name: chat
                litellm_params:
                  model: azure/chat-south
                  api_base: https://south-resource.openai.azure.com/
                  api_key: os.environ/AZURE_SOUTH_KEY
                  rpm: 18
              - model_name: local-models
                litellm_params: {model: openai/facebook/opt-125m, api_base: "http://127.0.0.1:4000/v1", api_key: none}
              - model_name: claude-on-aws
                litellm_params: {model: bedrock/anthropic.claude-instant-v1, aws_region_name: us-east-1}
            litellm_settings: {drop_params: True, success_callback: ["langfuse"]}
            general_settings: {master_key: sk-1234, alerting: [slack]}
            """)
        #expect(
            self.targets(configuration, "chat") == [
                "azure-north-resource:chat-north 1", "azure-south-resource:chat-south 3",
            ])
        #expect(configuration.models.first { $0.name == "chat" }?.policy.strategy == .weighted)
        let north = try #require(self.provider(configuration, "azure-north-resource"))
        #expect(north.keys.map(\.requestsPerMinute) == [6])
        #expect(north.apiVersion == "2024-10-21")
        #expect(north.dropsUnsupported)
        #expect(self.targets(configuration, "local-models") == ["openai:facebook/opt-125m 1"])
        #expect(configuration.models.map(\.name) == ["chat", "local-models"])
        #expect(made.variables == ["AZURE_NORTH_KEY", "AZURE_SOUTH_KEY"])
        #expect(
            made.notes.filter { $0.kind == .dropped }.map(\.path) == [
                "model_list[3].litellm_params.model", "litellm_settings.success_callback",
                "general_settings.master_key", "general_settings.alerting",
            ])
        #expect(made.notes.first { $0.path == "model_list[3].litellm_params.model" }?.line == 18)
        // Nobody has a limit who had none.
        #expect(configuration.limits.perKey.isEmpty)
    }

    @Test func keysOfOneDeploymentAreAPool() throws {
        let (_, configuration) = try self.load(
            """
            model_list:
            - {model_name: embed, litellm_params: {model: text-embedding-3-small, api_key: sk-first-key}}
            - {model_name: embed, litellm_params: {model: text-embedding-3-small, api_key: sk-second-key}}
            - {model_name: chat, litellm_params: {model: gpt-4o, api_key: sk-first-key, rpm: 100}}
            - {model_name: chat, litellm_params: {model: gpt-4o, api_key: sk-second-key, rpm: 300, tpm: 90000}}
            - {model_name: small, litellm_params: {model: gpt-4o-mini, api_key: sk-second-key}}
            """)
        #expect(self.provider(configuration, "openai")?.keys.count == 2)
        #expect(self.targets(configuration, "embed") == ["openai:text-embedding-3-small 1"])
        let pool = try #require(self.provider(configuration, "openai-gpt-4o"))
        #expect(pool.keys.map(\.requestsPerMinute) == [100, 300])
        #expect(pool.keys.map(\.tokensPerMinute) == [nil, 90000])
        #expect(self.targets(configuration, "chat") == ["openai-gpt-4o:gpt-4o 1"])
        #expect(self.targets(configuration, "small") == ["openai-2:gpt-4o-mini 1"])
        #expect(self.provider(configuration, "openai-2")?.keys.count == 1)
    }

    @Test func fallbacksRetriesAndCooldowns() throws {
        let (made, configuration) = try self.load(
            """
            model_list:
              - model_name: beta
                litellm_params: &zephyr {model: huggingface/HuggingFaceH4/zephyr-7b-beta, api_base: "http://127.0.0.1:8001"}
              - model_name: beta
                litellm_params: {<<: *zephyr, api_base: "http://127.0.0.1:8002"}
              - model_name: big
                litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}
                model_info: {id: the-big-one}
              - model_name: long
                litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY}
            litellm_settings:
              num_retries: 3
              request_timeout: 10
              fallbacks: [{beta: [big]}, {long: [the-big-one]}, {gone: [big]}]
              context_window_fallbacks: [{beta: [long]}]
              allowed_fails: 3
            router_settings:
              routing_strategy: least-busy
              model_group_alias: {gpt-4: big}
              cooldown_time: 30
              timeout: 30
              redis_host: cache.internal
            """)
        let beta = try #require(configuration.models.first { $0.name == "beta" })
        #expect(beta.choices.map(\.weight) == [1_000_000, 1_000_000, 1])
        #expect(beta.policy.strategy == .weighted)
        #expect(beta.policy.retries == 4)
        #expect(self.targets(configuration, "long") == ["anthropic:claude-sonnet-4-5 1", "openai:gpt-4o 1"])
        #expect(configuration.models.first { $0.name == "long" }?.policy.strategy == .ordered)
        #expect(self.targets(configuration, "gpt-4") == self.targets(configuration, "big"))
        let server = try #require(self.provider(configuration, "huggingface-127.0.0.1-8001"))
        #expect(server.timeouts.total == 30_000)
        #expect(server.breaker.failures == 4)
        #expect(server.breaker.open == 30_000)
        #expect(server.kind == .server(.huggingface, baseURL: "http://127.0.0.1:8001/v1"))
        let dropped = made.notes.filter { $0.kind == .dropped }.map(\.path)
        #expect(dropped.contains("litellm_settings.context_window_fallbacks"))
        #expect(dropped.contains("router_settings.redis_host"))
        #expect(dropped.contains { $0.hasPrefix("litellm_settings.fallbacks[2].gone") })
    }

    @Test(arguments: [
        ("simple-shuffle", "weighted"), ("least-busy", "least_busy"), ("latency-based-routing", "least_latency"),
        ("cost-based-routing", "least_cost"), ("usage-based-routing-v2", "weighted"), ("my-own", "weighted"),
    ])
    func strategies(theirs: String, ours: String) throws {
        let (_, configuration) = try self.load(
            """
            model_list:
              - {model_name: m, litellm_params: {model: groq/llama-3, api_key: gsk-one, weight: 2}}
              - {model_name: m, litellm_params: {model: mistral/large, api_key: mistral-one, weight: 4}}
            router_settings: {routing_strategy: \(theirs)}
            """)
        let alias = try #require(configuration.models.first)
        #expect(AliasSchema.name(of: alias.policy.strategy) == ours)
        #expect(alias.choices.map(\.weight) == (ours == "weighted" ? [1, 2] : [1, 1]))
    }

    @Test func theSmallestOrderComesFirst() throws {
        let (_, configuration) = try self.load(
            """
            model_list:
              - {model_name: m, litellm_params: {model: groq/second, api_key: gsk-one, order: 2}}
              - {model_name: m, litellm_params: {model: mistral/first, api_key: mistral-one, order: 1}}
            """)
        #expect(self.targets(configuration, "m") == ["mistral:first 1", "groq:second 1"])
    }

    @Test func wildcards() throws {
        let (made, configuration) = try self.load(
            """
            model_list:
              - {model_name: "openai/*", litellm_params: {model: "openai/*", api_key: os.environ/OPENAI_API_KEY}}
              - {model_name: "anthropic/claude-*", litellm_params: {model: "anthropic/claude-*", api_key: os.environ/ANTHROPIC_API_KEY}}
              - {model_name: "*", litellm_params: {model: "openrouter/*"}}
              - {model_name: "all", litellm_params: {model: "*"}}
              - {model_name: plain, litellm_params: {model: "groq/*"}}
            """)
        #expect(self.targets(configuration, "openai/*") == ["openai:* 1"])
        #expect(self.targets(configuration, "anthropic/claude-*") == ["anthropic:claude-* 1"])
        #expect(self.targets(configuration, "*") == ["openrouter:* 1"])
        #expect(made.variables == ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"])
        #expect(
            made.notes.filter { $0.kind == .dropped }.map(\.path).sorted() == [
                "model_list[3].litellm_params.model", "model_list[4].litellm_params.model",
            ])
    }

    @Test func pricesCredentialsAndVariables() throws {
        let (made, configuration) = try self.load(
            """
            environment_variables: {LOCAL_BASE: "http://127.0.0.1:9000/v1", UNUSED: x}
            credential_list:
              - credential_name: shared
                credential_values: {api_key: os.environ/AZURE_KEY, api_base: os.environ/AZURE_BASE, api_version: "2023-05-15"}
            model_list:
              - model_name: mine
                litellm_params: {model: hosted_vllm/mine, api_base: os.environ/LOCAL_BASE, timeout: 2.5, stream_timeout: 1}
                model_info: {input_cost_per_token: 3e-06, output_cost_per_token: 0.000015, mode: chat, base_model: x}
              - model_name: cloud
                litellm_params: {model: azure/deployment, litellm_credential_name: shared, temperature: 0.2}
              - model_name: fake
                litellm_params: {model: openai/anything, mock_response: hello}
            general_settings: {master_key: os.environ/PROXY_KEY, global_max_parallel_requests: 50}
            litellm_settings: {max_budget: 100.5, budget_duration: 30d, cache: true, num_retries: 12}
            """)
        let mine = try #require(self.provider(configuration, "vllm"))
        #expect(mine.kind == .server(.vllm, baseURL: "http://127.0.0.1:9000/v1"))
        #expect(mine.timeouts.total == 2500 && mine.timeouts.firstToken == 1000)
        let price = try #require(configuration.pricing.first)
        #expect(price.provider == "vllm" && price.model == "mine")
        #expect(made.yaml.contains("input: \"3\"") && made.yaml.contains("output: \"15\""), "\(made.yaml)")
        #expect(self.provider(configuration, "azure")?.apiVersion == "2023-05-15")
        #expect(self.targets(configuration, "fake") == ["simulated:anything 1"])
        #expect(configuration.auth.staticKey != nil)
        #expect(configuration.limits.global[.concurrency] == 50)
        #expect(configuration.limits.global[.monthlyCost] == 100_500_000_000)
        #expect(configuration.models.allSatisfy { $0.policy.retries == 8 })
        #expect(made.notes.contains { $0.path == "model_list[1].litellm_params.temperature" && $0.kind == .dropped })
        #expect(made.notes.contains { $0.path == "litellm_settings.cache" && $0.kind == .dropped })
    }

    @Test func anEmptyFileAndOneThatIsNone() throws {
        let (made, configuration) = try self.load("model_list: []")
        #expect(made.models.isEmpty && configuration.models.isEmpty)
        #expect(throws: ImportFailure.self) { try LiteLLMImport.convert(Array("a: [".utf8), file: "x") }
        #expect(throws: ImportFailure.self) { try LiteLLMImport.convert([0xFF, 0xFE, 0x00], file: "x") }
        #expect(throws: ImportFailure.self) { try LiteLLMImport.convert(Array("just text".utf8), file: "x") }
    }

    /// Files that nobody would write: no trap, and what is made of them can be loaded.
    @Test(arguments: [
        "model_list: {a: b}", "model_list: [1, null, [], {model_name: [x]}]",
        "model_list: [{model_name: 'a b', litellm_params: {model: gpt-4o}}]",
        "model_list: [{model_name: a, litellm_params: {model: 'openai/', api_key: x}}]",
        "model_list: [{model_name: a, litellm_params: {model: 'openai/${X}', api_key: '${HOME}$${Y}'}}]",
        "model_list: [{model_name: a, litellm_params: {model: azure/d, api_base: 'your-azure-api-base', api_key: k}}]",
        "model_list: [{model_name: a, litellm_params: {model: azure/d, api_key: k, api_version: 'soon'}}]",
        "model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_key: 'two words'}}]",
        "model_list: [{model_name: a, litellm_params: {model: gpt-4o, rpm: -5, tpm: 1e99, weight: x}}]",
        "model_list: [{model_name: 'a**', litellm_params: {model: 'openai/*'}}]",
        "router_settings: {fallbacks: {a: b}, model_group_alias: {x: {model: y}, z: [1]}, retry_after: 3000}",
        "litellm_settings: {request_timeout: 0, num_retries: 99999, allowed_fails: 1e3, fallbacks: [a, {b: 3}]}",
        "general_settings: [1, 2]\nenvironment_variables: text\ncredential_list: {a: 1}",
        "model_list: [{model_name: a, litellm_params: {model: gpt-4o, api_key: k, input_cost_per_token: 5, output_cost_per_token: 1e-20}}]",
    ])
    func oddFiles(text: String) throws {
        _ = try self.load(text)
    }
}
