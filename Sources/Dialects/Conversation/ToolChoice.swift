/// Which tools a model may or has to call.
public enum ToolChoice: Hashable, Sendable {
    case auto
    case none
    /// At least one of them.
    case required
    /// That one.
    case named([UInt8])
}
