import CLinux

/// Which system calls the process can make: the kernel's seccomp.
public enum SystemCallFilter {
    /// What of networking is allowed; all the rest is refused.
    public struct Allowance: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let connect = Allowance(rawValue: SLUICE_ALLOW_CONNECT)
        public static let bind = Allowance(rawValue: SLUICE_ALLOW_BIND)
        public static let listen = Allowance(rawValue: SLUICE_ALLOW_LISTEN)
        public static let accept = Allowance(rawValue: SLUICE_ALLOW_ACCEPT)
        /// Sockets of the family UNIX.
        public static let unixSockets = Allowance(rawValue: SLUICE_ALLOW_UNIX)
        /// Sockets of the families INET and INET6, and NETLINK, which the resolver asks about this host's addresses.
        public static let internetSockets = Allowance(rawValue: SLUICE_ALLOW_INET)
    }

    /// Refuses, for good and in every thread, what no worker needs (other programs and processes, mounts, namespaces, modules,
    /// other users, io_uring …) and of networking all but `allowed`. What is refused fails with EPERM, or with `kills` ends
    /// the process.
    public static func refuse(allBut allowed: Allowance, kills: Bool = false) throws(SystemError) {
        guard sluice_seccomp_refuse(allowed.rawValue, kills ? 1 : 0) == 0 else { throw SystemError.last("seccomp") }
    }
}
