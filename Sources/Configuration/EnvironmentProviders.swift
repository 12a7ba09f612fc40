import Domain

/// Finds providers in the environment.
enum EnvironmentProviders {
    /// A variable that names a provider: `key` is what it is found by, except where only `requiredURL` decides.
    private struct Source {
        var name: String
        var key: String
        var urlVariable: String?
        var defaultURL: ProviderURL?
    }

    /// In order of precedence: the first one found is the default provider.
    private static let sources = [
        Source(
            name: "openai", key: "OPENAI_API_KEY", urlVariable: "OPENAI_BASE_URL",
            defaultURL: ProviderDialect.defaultBaseURL),
        Source(
            name: "groq", key: "GROQ_API_KEY",
            defaultURL: ProviderURL(isSecure: true, host: "api.groq.com", path: "/openai/v1")),
        Source(
            name: "openrouter", key: "OPENROUTER_API_KEY",
            defaultURL: ProviderURL(isSecure: true, host: "openrouter.ai", path: "/api/v1")),
        Source(
            name: "mistral", key: "MISTRAL_API_KEY",
            defaultURL: ProviderURL(isSecure: true, host: "api.mistral.ai", path: "/v1")),
        Source(name: "litellm", key: "LITELLM_API_KEY", urlVariable: "LITELLM_BASE_URL", defaultURL: nil),
    ]

    /// Variables of features that are not built yet, by exact name or by prefix.
    private static let unavailable: [(variable: String, isPrefix: Bool)] = [
        ("ANTHROPIC_API_KEY", false), ("GEMINI_API_KEY", false), ("AWS_", true), ("AZURE_OPENAI_", true),
        ("DATABASE_URL", false), ("REDIS_URL", false), ("JWT_SECRET", false),
    ]

    /// The names of providers that `environment` has something for, the first found first.
    static func names(in environment: [String: String]) -> [String] {
        self.sources.filter { self.isFound($0, in: environment) }.map(\.name)
    }

    static func configuration(from environment: [String: String]) -> ConfigurationResult {
        var configuration = GatewayConfiguration()
        var problems: [ConfigurationProblem] = []
        var notices: [String] = []
        for source in self.sources where self.isFound(source, in: environment) {
            do throws(ConfigurationProblem) {
                configuration.providers.append(try self.provider(source, environment))
            } catch {
                problems.append(error)
            }
        }
        for source in self.sources where !self.isFound(source, in: environment) {
            let lone = [source.key, source.urlVariable].compactMap(\.self).first { self.value($0, environment) != nil }
            if let lone, let missing = source.defaultURL == nil ? source.urlVariable : source.key {
                notices.append("\(lone) is in the environment but \(missing) is not: it is not used")
            }
        }
        for (variable, isPrefix) in self.unavailable {
            let found = environment.keys.sorted().first {
                (isPrefix ? $0.hasPrefix(variable) : $0 == variable) && self.value($0, environment) != nil
            }
            if let found {
                notices.append("\(isPrefix ? "\(found) (\(variable)*)" : found) is in the environment: not available yet, not used")
            }
        }
        if configuration.providers.isEmpty, problems.isEmpty {
            configuration.providers = [.simulated]
            notices.append("no provider's key is in the environment: the built-in simulated provider answers")
        }
        configuration.defaultProvider = configuration.providers.first?.name
        return ConfigurationResult(configuration: configuration, problems: problems, notices: notices)
    }

    private static func provider(
        _ source: Source, _ environment: [String: String]
    ) throws(ConfigurationProblem) -> ProviderSettings {
        var url = source.defaultURL
        if let variable = source.urlVariable, let text = self.value(variable, environment) {
            do throws(ValueError) {
                url = try ProviderURL(text)
            } catch {
                throw self.problem(variable, error.message)
            }
            if let url, self.isGatewayItself(url) {
                throw self.problem(variable, "expected the URL of a provider; this one is the gateway's own")
            }
        }
        var key: ProviderKey?
        if let text = self.value(source.key, environment) {
            guard CredentialText.isKey(Array(text.utf8)) else {
                throw self.problem(source.key, "expected a key of printable ASCII characters without blanks")
            }
            key = ProviderKey(value: Secret(Array(text.utf8)))
        }
        return ProviderSettings(
            name: source.name, dialect: .openAI(baseURL: url ?? ProviderDialect.defaultBaseURL, key: key))
    }

    /// Whoever points SDKs at the gateway has its URL in OPENAI_BASE_URL; started from such a shell it would call itself.
    private static func isGatewayItself(_ url: ProviderURL) -> Bool {
        GatewayConfiguration.defaultListen.contains { address in
            guard case .tcp(_, let port) = address, url.effectivePort == port else { return false }
            return url.host == "localhost" || IPAddress(url.host)?.isLoopback == true
        }
    }

    private static func isFound(_ source: Source, in environment: [String: String]) -> Bool {
        self.value(source.defaultURL == nil ? source.urlVariable ?? source.key : source.key, environment) != nil
    }

    /// The variable's value; an empty one counts as unset.
    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func problem(_ variable: String, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(file: "environment", line: 0, column: 0, path: variable, message: message)
    }
}
