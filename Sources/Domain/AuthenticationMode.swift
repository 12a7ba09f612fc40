/// Whether a request needs a key. A wrong key is refused in both modes.
public enum AuthenticationMode: UInt8, Hashable, Sendable {
    case required = 0
    case optional = 1
}
