/// How a provider's key stands, for operators.
public enum KeyState: Hashable, Sendable {
    case usable
    /// Not used for so many milliseconds.
    case cooling(UInt64)
    /// The provider has refused it, with this status (0: not known); it is tried again in so many milliseconds.
    case out(status: UInt16, probeIn: UInt64)
}
