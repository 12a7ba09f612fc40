public import Domain

/// Which process a line is from.
public struct LogOrigin: Hashable, Sendable {
    public let role: Role
    /// The process's instance number, 0 for the supervisor.
    public let instance: UInt32

    public init(role: Role, instance: UInt32) {
        self.role = role
        self.instance = instance
    }
}
