internal import Dialects
internal import Domain
internal import IPC

/// Everything a provider gets to see beside the body and the request's own id. A header of the configuration takes the place
/// of one of ours, or of the client's, with the same name.
struct ProviderHeaders {
    /// What Anthropic's servers ask for; a client may ask for another.
    static let anthropicVersion = Array("2023-06-01".utf8)
    private static let versionName = "anthropic-version"
    private static let betaName = "anthropic-beta"
    /// Not to be replaced: nothing here could read a compressed reply, and a length of its own is curl's business.
    private static let fixed: Set<String> = [
        "accept-encoding", "content-length", "transfer-encoding", "expect", "connection", "host",
    ]

    private let configured: [(name: String, line: [UInt8])]
    private let names: Set<String>
    /// By key; empty where none is sent.
    private let keys: [(name: String, line: [UInt8])]
    private let isAnthropic: Bool

    init(_ settings: ProviderSettings, _ row: ProviderRow) {
        self.configured = settings.headers.map { header in
            (name: header.name.lowercased(), line: header.value.withBytes { Array("\(header.name): ".utf8) + $0 })
        }
        self.names = Set(self.configured.map(\.name))
        let (name, prefix) =
            switch row.authentication {
            case .bearer: ("authorization", "Bearer ")
            case .apiKey: ("api-key", "")
            case .xAPIKey: ("x-api-key", "")
            }
        self.keys = settings.keys.map { key in
            (name, key.value.withBytes { Array("\(name): \(prefix)".utf8) + $0 })
        }
        self.isAnthropic = row.speaksAnthropic
    }

    /// The lines that all calls for a front door have in common which are made with one key, by its index.
    func lines(at endpoint: Endpoint, isStream: Bool, key: Int) -> [[UInt8]] {
        let accepted = isStream ? "text/event-stream, application/json" : "application/json"
        var headers: [(name: String, line: [UInt8])] = [
            ("content-type", Array("content-type: application/json".utf8)),
            ("accept", Array("accept: \(accepted)".utf8)),
        ]
        if key < self.keys.count { headers.append(self.keys[key]) }
        if self.isAnthropic && !endpoint.isAnthropic {
            headers.append((Self.versionName, Self.line(Self.versionName, Self.anthropicVersion)))
        }
        return [Array("accept-encoding: identity".utf8)]
            + headers.filter { !self.names.contains($0.name) }.map(\.line)
            + self.configured.filter { !Self.fixed.contains($0.name) }.map(\.line)
    }

    /// What calls say they come from; the configuration may not say anything else.
    static let product = "sluice/\(SluiceVersion.current)"

    /// Whether calls for that front door have lines of their own.
    func dependOnCall(at endpoint: Endpoint) -> Bool { self.isAnthropic && endpoint.isAnthropic }

    /// The further lines of one call: what the client of Anthropic's front door said of the version it speaks.
    func lines(for request: ProviderRequest) -> [[UInt8]] {
        guard self.dependOnCall(at: request.endpoint) else { return [] }
        var lines: [[UInt8]] = []
        if !self.names.contains(Self.versionName) {
            let version = request.anthropicVersion.isEmpty ? Self.anthropicVersion : request.anthropicVersion
            lines.append(Self.line(Self.versionName, version))
        }
        if !request.anthropicBeta.isEmpty, !self.names.contains(Self.betaName) {
            lines.append(Self.line(Self.betaName, request.anthropicBeta))
        }
        return lines
    }

    private static func line(_ name: String, _ value: [UInt8]) -> [UInt8] { Array("\(name): ".utf8) + value }
}
