internal import JSON

/// Whether OpenAI keeps to a JSON Schema exactly. It wants every object closed and every member required, where Anthropic takes
/// optional ones: such a schema with `strict` would be an error. Pure.
enum OpenAIStrictSchema {
    private static let unknown: [StaticString] = [
        "allOf", "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired", "dependentSchemas",
    ]
    private static let lists: [StaticString] = ["anyOf", "prefixItems"]
    private static let named: [StaticString] = ["properties", "$defs", "definitions"]

    /// Whether `schema`, that of a tool's arguments or of an answer, can go with `strict: true`.
    static func takes(_ schema: JSONValue) -> Bool {
        guard case .string(let type)? = schema["type"], JSONName.equals(type, "object") else { return false }
        return self.isClosed(schema)
    }

    private static func isClosed(_ schema: JSONValue) -> Bool {
        guard case .object(let members) = schema else { return false }
        if schema.isObjectSchema {
            guard schema["additionalProperties"] == .bool(false) else { return false }
            let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
            if case .object(let properties)? = schema["properties"] {
                guard properties.allSatisfy({ required.contains($0.key) }) else { return false }
            }
        }
        return members.allSatisfy { member in
            if JSONName.isOne(member.key, of: self.unknown) { return false }
            if JSONName.isOne(member.key, of: self.lists), case .array(let elements) = member.value {
                return elements.allSatisfy { self.isClosed($0) }
            }
            if JSONName.isOne(member.key, of: self.named), case .object(let schemas) = member.value {
                return schemas.allSatisfy { self.isClosed($0.value) }
            }
            return JSONName.equals(member.key, "items") ? self.isClosed(member.value) : true
        }
    }
}
