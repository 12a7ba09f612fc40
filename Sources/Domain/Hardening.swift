/// What a process does to itself at its start so that a breach of it gains little. Numbers are part of the wire format.
public struct Hardening: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A user of the role's own, where the gateway was started as root.
    public static let ownUser = Hardening(rawValue: 1 << 0)
    public static let noNewPrivileges = Hardening(rawValue: 1 << 1)
    /// No core file, no ptrace, nothing in /proc for others.
    public static let notDumpable = Hardening(rawValue: 1 << 2)
    /// Only the files of the role can be opened.
    public static let landlock = Hardening(rawValue: 1 << 3)
    /// System calls that the role has no use for are refused.
    public static let seccomp = Hardening(rawValue: 1 << 4)

    private static let known: [(Hardening, String)] = [
        (.ownUser, "own_user"), (.noNewPrivileges, "no_new_privileges"), (.notDumpable, "not_dumpable"),
        (.landlock, "landlock"), (.seccomp, "seccomp"),
    ]

    /// The names in logs and `status`, in a fixed order.
    public var labels: [String] { Self.known.filter { self.contains($0.0) }.map(\.1) }
}
