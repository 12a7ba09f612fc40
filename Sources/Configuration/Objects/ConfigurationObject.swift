public import JSON

/// A provider, an alias or a price that was made by API: what somebody said of it, with the keys of the file. Holds secrets, so it
/// exists in control only.
public struct ConfigurationObject: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public var name: ObjectName
    /// The members without the name; those that are not there have the file's defaults.
    public var members: [JSONValue.Member]
    /// Milliseconds since 1970.
    public var created: UInt64

    public init(_ name: ObjectName, members: [JSONValue.Member], created: UInt64 = 0) {
        self.name = name
        self.members = members
        self.created = created
    }

    /// Without the members, which may hold keys.
    public var description: String { self.name.description }
    public var customMirror: Mirror { Mirror(reflecting: self.description) }
}
