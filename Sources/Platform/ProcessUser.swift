import CLinux
import Glibc

/// A user with the groups a process has as that user.
public struct ProcessUser: Hashable, Sendable {
    public var user: UInt32
    public var group: UInt32
    /// Further groups, at most 16.
    public var groups: [UInt32]

    public init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// Whether this process may become another user.
    public static var isRoot: Bool { geteuid() == 0 }

    /// Becomes that user for good, in all threads. Throws where it cannot, or where there is a way back to root.
    public func become() throws(SystemError) {
        let result = unsafe self.groups.withUnsafeBufferPointer {
            unsafe sluice_become(self.user, self.group, $0.baseAddress, Int32(clamping: $0.count))
        }
        guard result == 0 else { throw SystemError.last("become user \(self.user)") }
    }

    /// A user of this machine by name, without further groups; nil when there is none.
    public static func named(_ name: String) -> ProcessUser? {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var text = [CChar](repeating: 0, count: 16384)
        let code = unsafe getpwnam_r(name, &entry, &text, text.count, &found)
        guard code == 0, unsafe found != nil else { return nil }
        return unsafe ProcessUser(user: entry.pw_uid, group: entry.pw_gid)
    }
}
