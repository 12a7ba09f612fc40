public import Domain
import Glibc
public import Platform

/// What a worker may do once it has started: the files it can open, the sockets it can make, and no other program.
///
/// The table of all roles. To be entered in the process's only thread, before another one is made: landlock binds the thread
/// that asks for it and those made later. What a kernel does not have is left out and told (`enter`).
public struct RoleSandbox: Hashable, Sendable {
    /// Descriptors that roles without clients and providers need at the most.
    private static let fewDescriptors: UInt64 = 8192

    public let rules: [Landlock.Rule]
    public let allowance: SystemCallFilter.Allowance
    /// The limit of open descriptors, where it is lower than the supervisor's.
    public let descriptors: UInt64?
    /// The folder of SQLite's temporary files, where the role has a database.
    public let scratch: String?

    private init(
        _ rules: [Landlock.Rule], _ allowance: SystemCallFilter.Allowance, descriptors: UInt64? = nil,
        scratch: String? = nil
    ) {
        self.rules = rules
        self.allowance = allowance
        self.descriptors = descriptors
        self.scratch = scratch
    }

    /// The sandbox of a role over the state folder. `readable` are further files and folders that may be read: an upstream's
    /// certificates, control's configuration. `hasServer`: what was used is stored by a server, to which the aggregator
    /// connects; else it connects to nothing. Edges never do.
    public static func of(_ role: Role, state: String, readable: [String], hasServer: Bool = false) -> RoleSandbox {
        switch role {
        case .edge:
            // Connections come from listeners that are inherited; there is nothing to connect to.
            RoleSandbox(
                self.common + [
                    // Mapped; what control writes there, and the lock file where readers register.
                    Landlock.Rule("\(state)/identity", [.read, .write]),
                    Landlock.Rule("\(state)/limits", [.read, .write]),
                    Landlock.Rule("\(state)/journal", [.read, .write, .make]),
                ], [.listen, .accept])
        case .upstream:
            RoleSandbox(
                self.common + self.system + [
                    Landlock.Rule("\(state)/providers", [.read, .write]),
                    Landlock.Rule("\(state)/journal", [.read, .write, .make]),
                ] + readable.map { Landlock.Rule($0, .read) },
                // The resolver binds its own sockets; nothing listens.
                [.connect, .bind, .unixSockets, .internetSockets])
        case .aggregator:
            RoleSandbox(
                self.common + [
                    Landlock.Rule("\(state)/usage", [.read, .write, .make]),
                    Landlock.Rule("\(state)/limits", [.read, .write, .make]),
                    Landlock.Rule("\(state)/providers", [.read, .write, .make]),
                    Landlock.Rule("\(state)/journal", [.read, .write, .make]),
                    Landlock.Rule("/usr/share/zoneinfo", .read),
                ] + (hasServer ? self.system + readable.map { Landlock.Rule($0, .read) } : []),
                hasServer ? self.toServer : [], descriptors: self.fewDescriptors, scratch: "\(state)/usage")
        case .control, .supervisor:
            RoleSandbox(
                self.common + self.system + [Landlock.Rule(state, [.read, .write, .make, .makeSockets])]
                    + readable.map { Landlock.Rule($0, .read) },
                // The operators' socket, and a look whether somebody answers on an old one. Providers are called to see whether they answer; a
                // server may store what control knows.
                [.connect, .bind, .listen, .accept, .unixSockets, .internetSockets], descriptors: self.fewDescriptors,
                scratch: state)
        }
    }

    /// A connection over the network or by a socket in the file system; the resolver binds its own sockets.
    private static let toServer: SystemCallFilter.Allowance = [.connect, .bind, .unixSockets, .internetSockets]

    /// What libraries read at any time: about this process, the start of the host, and OpenSSL's own configuration.
    private static let common = [
        Landlock.Rule("/proc/self", .read), Landlock.Rule("/proc/sys/kernel/random/boot_id", .read),
        Landlock.Rule("/proc/sys/vm/overcommit_memory", .read), Landlock.Rule("/sys/devices/system/cpu", .read),
        Landlock.Rule("/dev/null", [.read, .write]), Landlock.Rule("/dev/urandom", .read),
        Landlock.Rule("/etc/ssl/openssl.cnf", .read), Landlock.Rule("/etc/localtime", .read),
    ]

    /// Names, certificates, time zones, and the libraries that the resolver loads late.
    private static let system = [
        "/etc", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo",
        "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/share/pki", "/var/lib/ca-certificates",
        "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
    ].map { Landlock.Rule($0, .read) }

    /// Closes the sandbox around the process for good and returns what of it this machine does not have.
    public func enter() -> Hardening {
        // A big sort goes to a file; the common places for that are closed.
        if let scratch { unsafe setenv("SQLITE_TMPDIR", scratch, 1) }
        if let descriptors { try? DescriptorLimit.lower(to: descriptors) }
        guard !Self.isLeftOpen else { return [.landlock, .seccomp] }
        try? Landlock.restrict(to: self.rules, connects: self.allowance.contains(.connect))
        try? SystemCallFilter.refuse(allBut: self.allowance, kills: Self.kills)
        var missing: Hardening = []
        if !Landlock.isInForce { missing.insert(.landlock) }
        if ProcessStatus.current()?.seccomp != 2 { missing.insert(.seccomp) }
        return missing
    }

    /// Builds that look into themselves: sanitizers; in tests also where backtraces are asked for, and valgrind.
    private static var isLeftOpen: Bool {
        if ProcessHardening.isSanitized { return true }
        #if SLUICE_TEST_HOOKS
        if self.variable("SWIFT_BACKTRACE")?.contains("enable=yes") == true { return true }
        return ((try? DescriptorList.open()) ?? []).contains { $0 >= 10_000 }
        #else
        return false
        #endif
    }

    /// Whether what is refused ends the process instead of failing: tests find it by that.
    private static var kills: Bool {
        #if SLUICE_TEST_HOOKS
        return self.variable("SLUICE_SECCOMP") == "kill"
        #else
        return false
        #endif
    }

    #if SLUICE_TEST_HOOKS
    private static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
    #endif
}
