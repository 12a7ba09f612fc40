public import Domain

/// How the processes log; the threshold is `GatewayConfiguration.logLevel`.
public struct LogSettings: Hashable, Sendable {
    public var format: LogFormat
    /// The path of the file, as written; nil: standard error.
    public var file: String?
    public var requests: RequestLogging

    public init(format: LogFormat = .json, file: String? = nil, requests: RequestLogging = RequestLogging()) {
        self.format = format
        self.file = file
        self.requests = requests
    }
}
