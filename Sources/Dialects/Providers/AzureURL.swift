/// Where Azure is called: the base URL and the `api-version` decide which of its three forms is meant.
///
/// - `…/models`: Foundry's models. A version is always sent.
/// - A dated version: a deployment, `/openai/deployments/MODEL/…?api-version=VERSION`.
/// - No version, `v1`, `latest` or `preview`: `/openai/v1/…`, as OpenAI's own paths.
struct AzureURL {
    private enum Form {
        case foundry, deployment, named, current
    }

    private let form: Form
    private let root: String
    private let version: String?

    init(base: String, version: String?) {
        let isDated = version.map { !["", "v1", "latest", "preview"].contains($0) } ?? false
        if base.hasSuffix("/models") {
            (self.form, self.root) = (.foundry, base)
            self.version = isDated ? version : "2024-05-01-preview"
        } else if AzureURL.namesDeployment(base) {
            (self.form, self.root) = (.named, base)
            self.version = isDated ? version : "2024-10-21"
        } else if isDated {
            (self.form, self.root) = (.deployment, AzureURL.resource(base))
            self.version = version
        } else {
            (self.form, self.root) = (.current, AzureURL.resource(base))
            self.version = version == "preview" ? version : nil
        }
    }

    var namesModel: Bool { self.form == .deployment }

    func url(_ path: String, model: [UInt8]) -> String {
        let query = self.version.map { "?api-version=" + AzureURL.escaped(Array($0.utf8)) } ?? ""
        switch self.form {
        case .foundry, .named: return self.root + path + query
        case .deployment: return self.root + "/openai/deployments/" + AzureURL.escaped(model) + path + query
        case .current: return self.root + "/openai/v1" + path + query
        }
    }

    /// The base URL without the part of the path that every form has of its own.
    private static func resource(_ base: String) -> String {
        for end in ["/openai/v1", "/openai"] where base.hasSuffix(end) { return String(base.dropLast(end.utf8.count)) }
        return base
    }

    /// Whether the base URL ends in one deployment already: `/openai/deployments/NAME`.
    private static func namesDeployment(_ base: String) -> Bool {
        let parts = base.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count >= 3 && parts[parts.count - 2] == "deployments" && parts[parts.count - 3] == "openai"
    }

    /// Percent-encoded but for letters, digits and `-._~`: a name stays one part of a path.
    private static func escaped(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.append(byte)
            // A name of dots alone would be a step in the path.
            case UInt8(ascii: ".") where bytes.contains { $0 != UInt8(ascii: ".") }: text.append(byte)
            default: text += [UInt8(ascii: "%"), self.hexDigit(byte >> 4), self.hexDigit(byte & 0x0F)]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x37 + nibble }
}
