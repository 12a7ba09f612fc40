import Configuration
import Domain
import EventLog

/// What a newcomer needs once the gateway is up: where it is, with which key, and a line to try it. Pure.
struct Banner {
    var version: String
    var urls: [ReachableURL]
    /// The administration's own; nil where it answers at the others.
    var administration: ReachableURL?
    var key: ClientKey
    var token: OwnerToken
    /// A model that certainly has somewhere to go; nil where none is known.
    var model: String?

    init(
        version: String, listeners: [String], key: ClientKey, token: OwnerToken = .stored,
        configuration: GatewayConfiguration
    ) {
        self.version = version
        // The bound addresses stand in the order of the configuration.
        let settings = configuration.listeners
        let isKnown = listeners.count == settings.count
        func url(_ index: Int) -> ReachableURL? {
            ReachableURL(listener: listeners[index], hasTLS: isKnown && settings[index].tls != nil)
        }
        let ofClients = isKnown ? configuration.listen.count : listeners.count
        self.urls = (0..<ofClients).compactMap(url)
        if ofClients < listeners.count { self.administration = url(ofClients) }
        self.key = key
        self.token = token
        self.model = Self.model(in: configuration)
    }

    /// For a terminal only: it may hold the key. A key of the configuration file is not repeated.
    func text() -> String {
        var lines = ["", "Sluice \(self.version) is up."]
        for url in self.urls {
            lines.append("  URL   \(url.base)/v1" + (url.socket.map { "  (Unix socket \($0))" } ?? ""))
        }
        if let url = self.administration {
            lines.append("  Admin \(url.base)/docs" + (url.socket.map { "  (Unix socket \($0))" } ?? ""))
        }
        var shown: String? = "$SLUICE_API_KEY"
        switch self.key {
        case .notNeeded:
            lines.append("  Key   none needed")
            shown = nil
        case .configuration: lines.append("  Key   auth.static_key of the configuration")
        case .unseen(let secret):
            let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
            shown = text
            lines.append("  Key   \(text)")
            lines.append("        (shown this once; `sluice keys create` makes others)")
        case .file(let path):
            lines.append("  Key   kept in \(path)")
            if Self.isPlain(path) { shown = "$(cat \(path))" }
        case .stored: lines.append("  Key   any that `sluice keys list` shows; `sluice keys create` makes others")
        }
        switch self.token {
        case .unseen(let secret):
            lines.append("  Token \(secret.withBytes { String(decoding: $0, as: UTF8.self) })")
            lines.append("        (an owner of the administration, shown this once)")
        case .file(let path): lines.append("  Token kept in \(path)")
        case .stored: break
        }
        if let url = self.urls.first {
            lines += [""] + self.curl(url, key: shown)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// For the log: the same without the key.
    func fields() -> LogFields {
        var fields: LogFields = ["urls": .list(self.urls.map { $0.socket.map { "unix:\($0)" } ?? $0.base })]
        if let url = self.administration {
            fields.append("admin_url", .string(url.socket.map { "unix:\($0)" } ?? url.base))
        }
        switch self.key {
        case .notNeeded: fields.append("key", "none needed")
        case .configuration: fields.append("key", "auth.static_key")
        case .unseen, .stored: fields.append("key", "sluice keys")
        case .file(let path): fields.append("key_file", .string(path))
        }
        if case .file(let path) = self.token { fields.append("token_file", .string(path)) }
        return fields
    }

    private func curl(_ url: ReachableURL, key: String?) -> [String] {
        let socket = url.socket.map { "--unix-socket \(Self.quoted($0)) " } ?? ""
        let authorization = key.map { #" -H "Authorization: Bearer \#($0)""# } ?? ""
        guard let model = self.model else { return ["  curl \(socket)\(url.base)/v1/models\(authorization)"] }
        return [
            #"  curl \#(socket)\#(url.base)/v1/chat/completions\#(authorization) \"#,
            #"    -H "Content-Type: application/json" \"#,
            #"    -d '{"model": "\#(model)", "messages": [{"role": "user", "content": "Hello"}]}'"#,
        ]
    }

    /// An alias, else a model of the default provider where its models are known.
    private static func model(in configuration: GatewayConfiguration) -> String? {
        let aliases = configuration.models.map(\.name)
        if let alias = aliases.first(where: self.isPlain) { return alias }
        let provider = configuration.providers.first {
            $0.settings.name.utf8.elementsEqual((configuration.defaultProvider ?? "").utf8)
        }
        switch provider?.settings.kind {
        case .simulated: return "simulated"
        case .server(let dialect, let url) where url == dialect.defaultBaseURL: return self.model(of: dialect)
        case .server, nil: return nil
        }
    }

    /// A small model that the vendor has; nil where that depends on what somebody installed or pays for.
    private static func model(of dialect: Dialect) -> String? {
        switch dialect {
        case .openai: "gpt-4o-mini"
        case .anthropic: "claude-haiku-4-5"
        case .groq: "openai/gpt-oss-20b"
        case .mistral: "mistral-small-latest"
        case .deepseek: "deepseek-chat"
        case .openrouter: "openrouter/auto"
        case .perplexity: "sonar"
        case .azure, .xai, .together, .cerebras, .huggingface, .ollama, .vllm, .llamacpp, .litellm: nil
        }
    }

    /// Whether the name needs no quoting in JSON and shell.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x3A).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [0x2D, 0x2E, 0x2F, 0x5F].contains(byte)
            }
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
