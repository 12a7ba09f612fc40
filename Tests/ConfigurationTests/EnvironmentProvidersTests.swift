import Configuration
import Domain
import Testing

@Suite struct EnvironmentProvidersTests {
    private func load(_ environment: [String: String]) -> ConfigurationResult {
        ConfigurationLoader.fromEnvironment(environment: environment)
    }

    private func urls(_ configuration: GatewayConfiguration) -> [String] {
        configuration.providers.map { provider in
            guard case .server(let dialect, let baseURL) = provider.settings.kind else { return "simulated" }
            #expect(dialect.name == provider.settings.name)
            return "\(provider.settings.name) \(baseURL)"
        }
    }

    @Test func nothingGivesTheSimulatedProvider() throws {
        let result = self.load(["PATH": "/bin", "OPENAI_API_KEY": ""])
        let configuration = try #require(result.configuration)
        #expect(configuration.providers == [.simulated])
        #expect(configuration.defaultProvider == "simulated")
        #expect(configuration.listen == GatewayConfiguration.defaultListen)
        #expect(result.notices.count == 1)
    }

    @Test func everyProviderIsFoundInOrder() throws {
        let result = self.load([
            "MISTRAL_API_KEY": "m", "OPENAI_API_KEY": "o", "GROQ_API_KEY": "g", "OPENROUTER_API_KEY": "r",
            "LITELLM_BASE_URL": "http://127.0.0.1:4000/v1", "LITELLM_API_KEY": "l",
            "ANTHROPIC_API_KEY": "a", "AZURE_OPENAI_API_KEY": "z",
            "AZURE_OPENAI_ENDPOINT": "https://res.openai.azure.com/",
        ])
        let configuration = try #require(result.configuration)
        #expect(
            self.urls(configuration) == [
                "openai https://api.openai.com/v1", "anthropic https://api.anthropic.com/v1",
                "groq https://api.groq.com/openai/v1", "mistral https://api.mistral.ai/v1",
                "openrouter https://openrouter.ai/api/v1", "azure https://res.openai.azure.com",
                "litellm http://127.0.0.1:4000/v1",
            ])
        let keys = configuration.providers.map { $0.settings.apiKey }
        #expect(keys == ["o", "a", "g", "m", "r", "z", "l"].map { Secret(Array($0.utf8)) })
        #expect(configuration.defaultProvider == "openai")
        #expect(
            result.notices == [
                "there is no configuration file; the providers of the environment are used: "
                    + "openai, anthropic, groq, mistral, openrouter, azure, litellm"
            ])
    }

    @Test func theFirstFoundIsTheDefault() throws {
        let configuration = try #require(self.load(["MISTRAL_API_KEY": "m", "GROQ_API_KEY": "g"]).configuration)
        #expect(configuration.defaultProvider == "groq")
    }

    @Test func openAIsBaseURLCanBeChanged() throws {
        let environment = ["OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://eu.api.openai.com/v1/"]
        let configuration = try #require(self.load(environment).configuration)
        #expect(self.urls(configuration) == ["openai https://eu.api.openai.com/v1"])
    }

    @Test(arguments: [
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/v1"), ("http://h:9/v1", "http://h:9/v1"),
        ("https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic/v1"),
    ])
    func anthropicsBaseURLIsThatOfItsSDKs(given: String, expected: String) throws {
        let environment = ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": given]
        let configuration = try #require(self.load(environment).configuration)
        #expect(self.urls(configuration) == ["anthropic \(expected)"])
    }

    @Test func azureNeedsItsEndpointAndItsKey() throws {
        var environment = ["AZURE_OPENAI_API_KEY": "k"]
        let withKey = self.load(environment)
        #expect(try #require(withKey.configuration).providers == [.simulated])
        let notice = "AZURE_OPENAI_API_KEY is in the environment but AZURE_OPENAI_ENDPOINT is not: it is not used"
        #expect(withKey.notices.contains(notice))
        environment["AZURE_OPENAI_ENDPOINT"] = "https://res.openai.azure.com/openai/v1/"
        let current = try #require(self.load(environment).configuration)
        #expect(self.urls(current) == ["azure https://res.openai.azure.com"])
        #expect(current.providers.first?.settings.apiVersion == nil)
        environment["OPENAI_API_VERSION"] = "2024-10-21"
        let dated = try #require(self.load(environment).configuration)
        #expect(dated.providers.first?.settings.apiVersion == "2024-10-21")
        environment["AZURE_OPENAI_API_VERSION"] = "preview"
        let both = try #require(self.load(environment).configuration)
        #expect(both.providers.first?.settings.apiVersion == "preview")
        environment["AZURE_OPENAI_API_KEY"] = nil
        let withoutKey = self.load(environment)
        #expect(withoutKey.notices.contains { $0.hasPrefix("AZURE_OPENAI_ENDPOINT is in the environment but AZURE_O") })
    }

    @Test func litellmNeedsItsURLButNoKey() throws {
        let withURL = try #require(self.load(["LITELLM_BASE_URL": "http://h:4000"]).configuration)
        #expect(self.urls(withURL) == ["litellm http://h:4000"])
        #expect(withURL.providers.first?.settings.apiKey == nil)
        let withKey = self.load(["LITELLM_API_KEY": "k"])
        #expect(try #require(withKey.configuration).providers == [.simulated])
        let notice = "LITELLM_API_KEY is in the environment but LITELLM_BASE_URL is not: it is not used"
        #expect(withKey.notices.contains(notice))
    }

    @Test func aBaseURLAloneIsNotUsed() throws {
        let result = self.load(["OPENAI_BASE_URL": "http://h/v1"])
        #expect(try #require(result.configuration).providers == [.simulated])
        let notice = "OPENAI_BASE_URL is in the environment but OPENAI_API_KEY is not: it is not used"
        #expect(result.notices.contains(notice))
    }

    @Test(arguments: [
        "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK", "REDIS_URL", "JWT_SECRET",
    ])
    func whatIsNotAvailableYetIsSaid(variable: String) {
        let result = self.load([variable: "hunter2", "OPENAI_API_KEY": "k"])
        #expect(result.problems.isEmpty)
        #expect(result.notices.count == 2)
        #expect(result.notices.first?.hasPrefix(variable) == true)
        #expect(!result.notices.joined().contains("hunter2"))
    }

    @Test(arguments: [
        (["OPENAI_API_KEY": "a b"], "environment: OPENAI_API_KEY: expected a key of printable ASCII"),
        (["OPENAI_API_KEY": "a\u{FFFD}"], "environment: OPENAI_API_KEY: expected a key of printable ASCII"),
        (["LITELLM_BASE_URL": "h:4000"], "environment: LITELLM_BASE_URL: expected a URL that starts with"),
        (
            ["OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:8080/v1"],
            "environment: OPENAI_BASE_URL: expected the URL of a provider; this one is the gateway's own"
        ),
        (
            ["OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:8080"],
            "environment: OPENAI_BASE_URL: expected the URL of a provider; this one is the gateway's own"
        ),
        (
            ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "http://localhost:8080"],
            "environment: ANTHROPIC_BASE_URL: expected the URL of a provider; this one is the gateway's own"
        ),
        (
            ["OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1/chat/completions"],
            "environment: OPENAI_BASE_URL: expected the URL that /chat/completions is added to"
        ),
        (
            [
                "AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://h.openai.azure.com",
                "OPENAI_API_VERSION": "yesterday",
            ], "environment: OPENAI_API_VERSION: expected v1, preview or a dated version"
        ),
    ])
    func badValuesAreProblems(environment: [String: String], expected: String) {
        let result = self.load(environment)
        #expect(result.configuration == nil)
        #expect(result.problems.count == 1)
        #expect(result.problems.first?.description.hasPrefix(expected) == true)
    }
}
