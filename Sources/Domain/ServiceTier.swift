/// How urgently a provider works on a call, which many sell at prices of their own. The raw value stands in journals and
/// databases.
public enum ServiceTier: UInt8, Hashable, Sendable, CaseIterable {
    /// What a provider does for whoever asks for nothing else.
    case standard = 0
    /// Within hours.
    case batch = 1
    /// Sooner than others.
    case priority = 2
    /// When there is room.
    case flex = 3
    /// As fast as the provider can: OpenAI's `ultrafast`, Anthropic's fast mode.
    case ultrafast = 4

    /// Sold to those who want no waiting, and dearer than `standard`.
    public var isUrgent: Bool { self == .priority || self == .ultrafast }

    /// The name in the configuration and in answers.
    public var label: String {
        switch self {
        case .standard: "standard"
        case .batch: "batch"
        case .priority: "priority"
        case .flex: "flex"
        case .ultrafast: "ultrafast"
        }
    }
}
