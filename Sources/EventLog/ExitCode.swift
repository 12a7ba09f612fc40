/// What a process of the tree says with its exit status. 70…79: it cannot start, and trying again at once is pointless.
public enum ExitCode {
    public static let done: Int32 = 0
    /// Wrong arguments or descriptors, a port taken, a missing program, a bad file.
    public static let cannotStart: Int32 = 70
    /// The supervisor is of another build or speaks another protocol.
    public static let wrongBuild: Int32 = 71
    /// The role cannot use its snapshot.
    public static let snapshotRefused: Int32 = 72
    /// The supervisor broke the protocol.
    public static let protocolBroken: Int32 = 76

    /// Whether `code` says that a process cannot start.
    public static func meansCannotStart(_ code: Int32) -> Bool { (70...79).contains(code) }
}
