/// How a log line is written. Numbers are part of the wire format.
public enum LogFormat: UInt8, Hashable, Sendable, CaseIterable {
    case json = 0
    case text = 1

    /// The name in the configuration.
    public var label: String {
        switch self {
        case .json: "json"
        case .text: "text"
        }
    }
}
