public import Domain

/// An organization: what projects belong to. Organizations know nothing of each other.
public struct OrganizationRecord: Hashable, Sendable {
    public var id: EntityID
    public var name: String
    public var metadata: Metadata
    /// Milliseconds since 1970.
    public var created: UInt64
    public var deleted: UInt64?
    /// Rises by one with each change.
    public var version: Int64

    public init(
        id: EntityID, name: String, metadata: Metadata = Metadata(), created: UInt64, deleted: UInt64? = nil,
        version: Int64 = 1
    ) {
        self.id = id
        self.name = name
        self.metadata = metadata
        self.created = created
        self.deleted = deleted
        self.version = version
    }
}
