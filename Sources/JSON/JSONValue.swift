/// A JSON value read in full. Strings are UTF-8 bytes; members keep their order, and a name that occurs twice is kept
/// twice.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits into 64 bits.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// Valid UTF-8, escapes resolved.
    case string([UInt8])
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    public struct Member: Hashable, Sendable {
        /// The name as UTF-8, escapes resolved.
        public var key: [UInt8]
        public var value: JSONValue

        public init(key: [UInt8], value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The first member of that name, compared as bytes; nil where there is none or this is no object.
    public subscript(key: StaticString) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { unsafe $0.key.withUnsafeBytes { unsafe JSONScalar.equals($0, key) } }?.value
    }

    /// The elements, where this is an array.
    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The bytes, where this is a string.
    public var string: [UInt8]? {
        guard case .string(let bytes) = self else { return nil }
        return bytes
    }

    /// The number, where this is an integer.
    public var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }
}
