public import Domain

/// A company whose models the catalogue knows. The raw value is the name a provider of the configuration usually has.
public enum Vendor: String, Hashable, Sendable, CaseIterable {
    case openAI = "openai"
    case anthropic = "anthropic"
    case google = "gemini"
    case groq = "groq"
    case mistral = "mistral"
    case deepSeek = "deepseek"
    case xAI = "xai"

    /// The host of its public API, in lower case.
    public var host: String {
        switch self {
        case .openAI: "api.openai.com"
        case .anthropic: "api.anthropic.com"
        case .google: "generativelanguage.googleapis.com"
        case .groq: "api.groq.com"
        case .mistral: "api.mistral.ai"
        case .deepSeek: "api.deepseek.com"
        case .xAI: "api.x.ai"
        }
    }

    /// Whose models a configured provider serves; nil for anybody else's, of whose prices nothing is known.
    ///
    /// A vendor's own host decides alone: several of them speak others' dialects, too. Then a dialect that is a vendor's own
    /// does. Those that many speak (`openai`, `litellm`) leave the provider's name, whatever its case, as the only hint behind a
    /// proxy or another gateway; whoever calls his own server `openai` has to say its price in `pricing`. Servers that run
    /// models themselves, and resellers, are nobody's.
    public init?(dialect: Dialect, baseURL: String, providerName: String) {
        let host = Self.host(of: baseURL)
        if let vendor = Self.allCases.first(where: { $0.host == host }) {
            self = vendor
            return
        }
        switch dialect {
        case .anthropic: self = .anthropic
        // A deployment that has the name of its model, as most have.
        case .azure: self = .openAI
        case .groq: self = .groq
        case .mistral: self = .mistral
        case .deepseek: self = .deepSeek
        case .xai: self = .xAI
        case .openai, .litellm:
            let name = providerName.lowercased()
            guard let vendor = name == "google" ? .google : Self(rawValue: name) else { return nil }
            self = vendor
        case .openrouter, .together, .perplexity, .cerebras, .huggingface, .ollama, .vllm, .llamacpp: return nil
        }
    }

    /// The host of a URL in lower case, without its port; empty where there is none.
    static func host(of url: String) -> String {
        let bytes = Array(url.lowercased().utf8)
        let mark = Array("://".utf8)
        guard let scheme = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return "" }
        let host = bytes[(scheme + mark.count)...].prefix {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        return String(decoding: host, as: UTF8.self)
    }
}
