internal import JSON

extension JSONValue {
    /// The value as JSON, without blanks.
    var text: [UInt8] {
        var writer = JSONWriter()
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .number(let value): writer.number(value)
        case .string(let value): writer.string(value)
        case .array(let elements):
            return Array("[".utf8) + Array(elements.map(\.text).joined(separator: Array(",".utf8))) + Array("]".utf8)
        case .object(let members):
            let texts = members.map { JSONValue.string($0.key).text + Array(":".utf8) + $0.value.text }
            return Array("{".utf8) + Array(texts.joined(separator: Array(",".utf8))) + Array("}".utf8)
        }
        return writer.bytes
    }
}
