/// How much is logged.
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
    case debug
    case info
    case warning
    case error
}
