internal import JSON

extension JSONValue {
    /// Whether this JSON Schema is one of objects.
    var isObjectSchema: Bool {
        switch self["type"] {
        case .string(let type)?: JSONName.equals(type, "object")
        case .array(let types)?: types.contains(.string(Array("object".utf8)))
        default: self["properties"] != nil
        }
    }
}
