/// How a process ended.
public enum ExitStatus: Hashable, Sendable {
    /// It exited with this code, 0…255.
    case code(Int32)
    /// A signal ended it.
    case signal(Int32)
}
