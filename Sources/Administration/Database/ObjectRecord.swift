/// A provider, an alias or a price of the table `objects`, as it is stored: secrets sealed.
public struct ObjectRecord: Hashable, Sendable {
    /// 1 for a provider, 2 for an alias, 3 for a price.
    public var kind: Int64
    public var name: String
    /// A JSON object with masks in the places of secrets.
    public var body: [UInt8]
    /// What `Vault` made of the secrets, for the provider's name; nil where there are none.
    public var sealed: [UInt8]?
    /// Milliseconds since 1970.
    public var created: UInt64
    public var changed: UInt64
    /// 1 at first; one more with each change.
    public var version: Int64

    public init(
        kind: Int64, name: String, body: [UInt8], sealed: [UInt8]?, created: UInt64, changed: UInt64, version: Int64 = 1
    ) {
        self.kind = kind
        self.name = name
        self.body = body
        self.sealed = sealed
        self.created = created
        self.changed = changed
        self.version = version
    }
}

/// All objects at one time.
public struct ObjectRecords: Hashable, Sendable {
    /// `control.objects_seq`: another one whenever any of them is another.
    public var number: Int64
    /// By kind and name.
    public var records: [ObjectRecord]

    public init(number: Int64 = 0, records: [ObjectRecord] = []) {
        self.number = number
        self.records = records
    }
}
