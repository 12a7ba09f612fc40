import Domain

/// Where the keys of a provider go: they were given for this and nothing else.
public struct ProviderOrigin: Hashable, Sendable, CustomStringConvertible {
    public let isSecure: Bool
    /// In lower case, or a numeric address without brackets.
    public let host: String
    public let port: UInt16

    /// Of a base URL; nil for what is none.
    public init?(_ baseURL: String) {
        guard let url = try? ProviderURL(baseURL) else { return nil }
        self.isSecure = url.isSecure
        self.host = url.host
        self.port = url.effectivePort
    }

    public var description: String {
        "\(self.isSecure ? "https" : "http")://\(self.host.contains(":") ? "[\(self.host)]" : self.host):\(self.port)"
    }
}

extension ConfiguredProvider {
    /// Nil for the simulated provider.
    public var origin: ProviderOrigin? {
        guard case .server(_, let baseURL) = self.settings.kind else { return nil }
        return ProviderOrigin(baseURL)
    }
}
