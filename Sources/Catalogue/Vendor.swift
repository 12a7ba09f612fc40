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

    /// Whose models a configured provider serves: by the host of its base URL, else by its name; nil for anybody else's,
    /// of whose prices nothing is known. Case does not count.
    ///
    /// A vendor's own host decides alone. Behind any other, a proxy or another gateway, the name that the operator gave is the
    /// only hint; whoever calls his own server `openai` has to say its price in `pricing`.
    public init?(baseURL: String, providerName: String) {
        let host = Self.host(of: baseURL)
        if let vendor = Self.allCases.first(where: { $0.host == host }) {
            self = vendor
        } else if let vendor = Self(rawValue: providerName.lowercased()) {
            self = vendor
        } else if providerName.lowercased() == "google" {
            self = .google
        } else {
            return nil
        }
    }

    private static func host(of url: String) -> String {
        let bytes = Array(url.lowercased().utf8)
        let mark = Array("://".utf8)
        guard let scheme = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return "" }
        let host = bytes[(scheme + mark.count)...].prefix {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        return String(decoding: host, as: UTF8.self)
    }
}
