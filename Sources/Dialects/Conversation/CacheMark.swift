/// "The prompt up to here is to be cached": Anthropic's `cache_control`.
public enum CacheMark: Hashable, Sendable {
    /// For the provider's usual time, five minutes.
    case usual
    case hour
}
