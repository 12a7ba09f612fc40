/// What is bound to a parameter, and how it goes to the server.
enum PostgresValue: Hashable {
    case null
    case integer(Int64)
    case text([UInt8])
    case bytes([UInt8])

    /// How a value is written for a parameter of a type.
    struct Encoded: Hashable {
        /// Nil for NULL.
        var bytes: [UInt8]?
        /// 0 text, 1 binary.
        var format: Int32
    }

    /// Why a value does not fit a parameter.
    enum Misfit: Error {
        /// A text must not have this byte.
        case nul
        case outOfRange
        /// Values of this kind never go there.
        case kind
    }

    /// The value for a parameter whose type the server has chosen.
    func encoded(for type: PostgresType) throws(Misfit) -> Encoded {
        switch self {
        case .null: return Encoded(bytes: nil, format: 1)
        case .integer(let value):
            switch type {
            case .int8: return Encoded(bytes: Self.bigEndian(value), format: 1)
            case .int4:
                guard let value = Int32(exactly: value) else { throw .outOfRange }
                return Encoded(bytes: Self.bigEndian(value), format: 1)
            case .int2:
                guard let value = Int16(exactly: value) else { throw .outOfRange }
                return Encoded(bytes: Self.bigEndian(value), format: 1)
            case .bool:
                guard value == 0 || value == 1 else { throw .outOfRange }
                return Encoded(bytes: [UInt8(value)], format: 1)
            case .bytes: throw .kind
            case .text, .numeric, .float8, .other: return Encoded(bytes: Array("\(value)".utf8), format: 0)
            }
        case .text(let text):
            guard !text.contains(0) else { throw .nul }
            return Encoded(bytes: text, format: type == .text || type == .bytes ? 1 : 0)
        case .bytes(let bytes):
            switch type {
            case .bytes: return Encoded(bytes: bytes, format: 1)
            case .text:
                guard !bytes.contains(0) else { throw .nul }
                return Encoded(bytes: bytes, format: 1)
            default: throw .kind
            }
        }
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
