/// A member of a JSON object whose value was not read: `value` is its JSON text.
public struct RawMember: Hashable, Sendable {
    public var key: [UInt8]
    public var value: [UInt8]

    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
