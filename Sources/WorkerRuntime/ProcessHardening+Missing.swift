import Domain
import Platform

extension ProcessHardening {
    /// What the process lacks of what it does to itself at its start, read back from the kernel; files and system calls are the
    /// sandbox's (`RoleSandbox`).
    static func missing(ownUser: Bool) -> Hardening {
        var missing: Hardening = []
        if !ownUser { missing.insert(.ownUser) }
        if ProcessStatus.current()?.noNewPrivileges != true { missing.insert(.noNewPrivileges) }
        if ProcessHardening.isDumpable { missing.insert(.notDumpable) }
        return missing
    }
}
