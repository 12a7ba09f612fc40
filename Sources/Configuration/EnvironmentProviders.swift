import Domain

/// The providers whose keys are in the environment, or the simulated one where there are none.
struct EnvironmentProviders {
    /// In order of precedence; empty only where there are problems.
    private(set) var providers: [ConfiguredProvider] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// Variables that are there and not used.
    private(set) var notices: [String] = []

    /// No provider's key was found: the simulated one stands in.
    var areSimulated: Bool { self.providers == [.simulated] }

    /// A provider and its variables.
    private struct Source {
        /// The provider's name is the dialect's.
        var dialect: Dialect
        var key: String
        var urlVariable: String?
        /// Those whose values say which version of the API is called, the first before the others.
        var versionVariables: [String] = []

        var name: String { self.dialect.name }

        /// The variables that there must be: the key, but for a server of one's own, and the URL where there is no default one.
        var required: [String] {
            guard self.dialect.defaultBaseURL == nil else { return [self.key] }
            let url = [self.urlVariable].compactMap(\.self)
            return self.dialect == .azure ? [self.key] + url : url
        }
    }

    /// In order of precedence: the first one found is the default provider.
    private static let sources = [
        Source(dialect: .openai, key: "OPENAI_API_KEY", urlVariable: "OPENAI_BASE_URL"),
        Source(dialect: .anthropic, key: "ANTHROPIC_API_KEY", urlVariable: "ANTHROPIC_BASE_URL"),
        Source(dialect: .groq, key: "GROQ_API_KEY"),
        Source(dialect: .mistral, key: "MISTRAL_API_KEY"),
        Source(dialect: .openrouter, key: "OPENROUTER_API_KEY"),
        Source(
            dialect: .azure, key: "AZURE_OPENAI_API_KEY", urlVariable: "AZURE_OPENAI_ENDPOINT",
            versionVariables: ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"]),
        Source(dialect: .litellm, key: "LITELLM_API_KEY", urlVariable: "LITELLM_BASE_URL"),
    ]

    /// Variables of features that are not built yet.
    private static let unavailable = [
        "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK", "REDIS_URL", "JWT_SECRET",
    ]

    /// The names of providers that `environment` has something for, the first found first.
    static func names(in environment: [String: String]) -> [String] {
        self.sources.filter { self.isFound($0, in: environment) }.map(\.name)
    }

    /// The gateway listens on `listen`: a provider there would be itself.
    init(in environment: [String: String], listen: [ListenAddress]) {
        for source in Self.sources where Self.isFound(source, in: environment) {
            do throws(ConfigurationProblem) {
                self.providers.append(try Self.provider(source, environment, listen))
            } catch {
                self.problems.append(error)
            }
        }
        for source in Self.sources where !Self.isFound(source, in: environment) {
            let lone = [source.key, source.urlVariable].compactMap(\.self).first { Self.value($0, environment) != nil }
            if let lone, let missing = source.required.first(where: { Self.value($0, environment) == nil }) {
                self.notices.append("\(lone) is in the environment but \(missing) is not: it is not used")
            }
        }
        for variable in Self.unavailable where Self.value(variable, environment) != nil {
            self.notices.append("\(variable) is in the environment: not available yet, not used")
        }
        if self.providers.isEmpty, self.problems.isEmpty { self.providers = [.simulated] }
    }

    /// The configuration of a gateway without a file.
    static func configuration(from environment: [String: String]) -> ConfigurationResult {
        var configuration = GatewayConfiguration()
        configuration.listen = PassedSockets(in: environment).listeners ?? configuration.listen
        let found = EnvironmentProviders(in: environment, listen: configuration.listen.map(\.address))
        configuration.providers = found.providers
        configuration.defaultProvider = found.providers.first?.settings.name
        let database = DatabaseSchema.environment(environment)
        configuration.database = database.settings
        var notices = found.notices + database.notices
        if found.areSimulated {
            notices.append("no provider's key is in the environment: the built-in simulated provider answers")
        } else if !found.providers.isEmpty {
            notices.append(
                "there is no configuration file; the providers of the environment are used: "
                    + found.providers.map(\.settings.name).joined(separator: ", "))
        }
        return ConfigurationResult(
            configuration: configuration, problems: found.problems + database.problems, notices: notices)
    }

    private static func provider(
        _ source: Source, _ environment: [String: String], _ listen: [ListenAddress]
    ) throws(ConfigurationProblem) -> ConfiguredProvider {
        var url = source.dialect.defaultBaseURL
        if let variable = source.urlVariable, let text = self.value(variable, environment) {
            do throws(ValueError) {
                let given = try ProviderURL(text)
                guard !self.isGatewayItself(given, listen) else {
                    throw ValueError("expected the URL of a provider; this one is the gateway's own")
                }
                url = try self.baseURL(given, source.dialect)
            } catch {
                throw self.problem(variable, error.message)
            }
        }
        var key: Secret?
        if let text = self.value(source.key, environment) {
            guard CredentialText.isKey(Array(text.utf8)) else {
                throw self.problem(source.key, "expected a key of printable ASCII characters without blanks")
            }
            key = Secret(Array(text.utf8))
        }
        var version: String?
        if let variable = source.versionVariables.first(where: { self.value($0, environment) != nil }) {
            do throws(ValueError) {
                version = try ProviderBaseURL.azureVersion(self.value(variable, environment) ?? "")
            } catch {
                throw self.problem(variable, error.message)
            }
        }
        let kind = ProviderSettings.Kind.server(source.dialect, baseURL: url ?? "")
        return ConfiguredProvider(
            settings: ProviderSettings(name: source.name, kind: kind, apiKey: key, apiVersion: version))
    }

    /// Anthropic's SDKs add `/v1` to whatever stands in their variable.
    private static func baseURL(_ url: ProviderURL, _ dialect: Dialect) throws(ValueError) -> String {
        let text = try ProviderBaseURL.text(of: url, dialect)
        return dialect == .anthropic && !text.hasSuffix("/v1") ? text + "/v1" : text
    }

    /// Whoever points SDKs at the gateway has its URL in OPENAI_BASE_URL or ANTHROPIC_BASE_URL; started from such a shell it would call itself.
    private static func isGatewayItself(_ url: ProviderURL, _ listen: [ListenAddress]) -> Bool {
        listen.contains { address in
            switch address {
            case .ipv4(_, let port), .ipv6(_, _, let port):
                url.effectivePort == port && (url.host == "localhost" || IPAddress(url.host)?.isLoopback == true)
            case .unix, .inherited: false
            }
        }
    }

    private static func isFound(_ source: Source, in environment: [String: String]) -> Bool {
        source.required.allSatisfy { self.value($0, environment) != nil }
    }

    /// The variable's value; an empty one counts as unset.
    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func problem(_ variable: String, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(file: "environment", line: 0, column: 0, path: variable, message: message)
    }
}
