/// One step of a schema: what brings a database from the version before to this one. Steps only go forward.
public struct Migration: Hashable, Sendable {
    /// 1 for the first; each is one more than the one before. Kept in the file as `user_version`.
    public let version: Int32
    /// The statements, run in one transaction.
    public let statements: [String]

    public init(version: Int32, statements: [String]) {
        self.version = version
        self.statements = statements
    }
}
