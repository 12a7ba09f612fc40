internal import Domain
internal import HTTPClient

/// One provider of the configuration, ready to be called: URLs, header lists and keys prepared, connections limited. Lives
/// on the worker's loop and over reloads that do not change the provider.
final class ProviderPool {
    let settings: ProviderSettings
    let attempts: AttemptCounter
    /// The provider's name as records have it.
    let nameBytes: [UInt8]
    /// By endpoint, then for a whole reply and for a stream; empty for the simulated provider.
    private let targets: [[HTTPTarget]]

    init(_ settings: ProviderSettings, attempts: AttemptCounter) {
        self.settings = settings
        self.attempts = attempts
        self.nameBytes = Array(settings.name.utf8)
        guard case .server(_, let baseURL) = settings.kind else {
            self.targets = []
            return
        }
        let limit = HTTPConnectionLimit(maximum: Int(clamping: settings.maxConnections))
        self.targets = Endpoint.allCases.map { endpoint in
            [false, true].map { isStream in
                HTTPTarget(
                    HTTPTarget.Settings(
                        url: baseURL + endpoint.path, headers: ProviderPool.headers(settings, isStream: isStream),
                        connectTimeout: settings.timeouts.connect, caFile: settings.caFile, proxy: settings.proxy),
                    limit: limit)
            }
        }
    }

    /// What is called for a request; nil for the simulated provider.
    func target(_ endpoint: Endpoint, isStream: Bool) -> HTTPTarget? {
        let index = Int(endpoint.rawValue)
        guard index < self.targets.count else { return nil }
        return self.targets[index][isStream ? 1 : 0]
    }

    /// Everything a provider gets to see beside the body and the request's own id. A header of the configuration takes the
    /// place of one of ours with the same name.
    private static func headers(_ settings: ProviderSettings, isStream: Bool) -> [[UInt8]] {
        var headers: [(name: String, line: [UInt8])] = [
            ("content-type", Array("content-type: application/json".utf8)),
            (
                "accept",
                Array((isStream ? "accept: text/event-stream, application/json" : "accept: application/json").utf8)
            ),
            ("user-agent", Array("user-agent: sluice/\(SluiceVersion.current)".utf8)),
        ]
        if let key = settings.apiKey {
            headers.append(("authorization", key.withBytes { Array("authorization: Bearer ".utf8) + $0 }))
        }
        let configured = settings.headers.map { header in
            (name: header.name.lowercased(), line: header.value.withBytes { Array("\(header.name): ".utf8) + $0 })
        }
        let names = Set(configured.map(\.name))
        // Not to be replaced: nothing here could read a compressed reply, and a length of its own is curl's business.
        let fixed = Set(["accept-encoding", "content-length", "transfer-encoding", "expect", "connection", "host"])
        return [Array("accept-encoding: identity".utf8)] + headers.filter { !names.contains($0.name) }.map(\.line)
            + configured.filter { !fixed.contains($0.name) }.map(\.line)
    }
}
