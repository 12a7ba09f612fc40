internal import JSON

/// JSON Schemas as Anthropic compiles them for answers and strict tools. Pure.
///
/// It takes objects that are closed, and no bounds on numbers, lengths and counts: such bounds move into the description, where
/// the model at least reads them.
enum AnthropicSchema {
    /// What is not compiled, and moves into the description.
    private static let bounds: [StaticString] = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "maxItems", "uniqueItems", "minProperties", "maxProperties",
    ]
    /// Members whose value is a schema, a list of schemas, or an object of named schemas.
    private static let schemas: [StaticString] = ["items", "not", "contains"]
    private static let lists: [StaticString] = ["anyOf", "allOf", "oneOf", "prefixItems"]
    private static let named: [StaticString] = ["properties", "$defs", "definitions"]

    /// The schema as Anthropic takes it; nil where that would say something else: objects with members of any name.
    static func fitted(_ schema: JSONValue) -> JSONValue? {
        guard case .object(let members) = schema else { return schema }
        var kept: [JSONValue.Member] = []
        var moved: [JSONValue.Member] = []
        let hasProperties = schema["properties"] != nil
        for member in members {
            if JSONName.isOne(member.key, of: self.bounds) || self.isManyItems(member) {
                moved.append(member)
            } else if JSONName.equals(member.key, "additionalProperties") {
                guard member.value == .bool(false) || hasProperties else { return nil }
                kept.append(JSONValue.Member(key: member.key, value: .bool(false)))
            } else {
                guard let value = self.fitted(member) else { return nil }
                kept.append(JSONValue.Member(key: member.key, value: value))
            }
        }
        if schema.isObjectSchema, schema["additionalProperties"] == nil {
            guard hasProperties else { return nil }
            kept.append(JSONValue.Member(key: Array("additionalProperties".utf8), value: .bool(false)))
        }
        return .object(moved.isEmpty ? kept : self.describing(moved, in: kept))
    }

    /// A schema of tool arguments: Anthropic wants to be told that they are an object.
    static func input(_ schema: JSONValue?) -> JSONValue {
        guard case .object(let members)? = schema else {
            return .object([
                JSONValue.Member(key: Array("type".utf8), value: .string(Array("object".utf8))),
                JSONValue.Member(key: Array("properties".utf8), value: .object([])),
            ])
        }
        guard members.contains(where: { JSONName.equals($0.key, "type") }) else {
            return .object(
                [JSONValue.Member(key: Array("type".utf8), value: .string(Array("object".utf8)))] + members)
        }
        return .object(members)
    }

    private static func fitted(_ member: JSONValue.Member) -> JSONValue? {
        if JSONName.isOne(member.key, of: self.schemas) { return self.fitted(member.value) }
        if JSONName.isOne(member.key, of: self.lists), case .array(let elements) = member.value {
            let fitted = elements.compactMap { self.fitted($0) }
            return fitted.count == elements.count ? .array(fitted) : nil
        }
        if JSONName.isOne(member.key, of: self.named), case .object(let members) = member.value {
            var fitted: [JSONValue.Member] = []
            for member in members {
                guard let value = self.fitted(member.value) else { return nil }
                fitted.append(JSONValue.Member(key: member.key, value: value))
            }
            return .object(fitted)
        }
        return member.value
    }

    private static func describing(
        _ moved: [JSONValue.Member], in kept: [JSONValue.Member]
    ) -> [JSONValue.Member] {
        var writer = JSONWriter()
        writer.value(.object(moved))
        var kept = kept
        let place = kept.firstIndex { JSONName.equals($0.key, "description") }
        guard let place, case .string(let text) = kept[place].value else {
            kept.append(JSONValue.Member(key: Array("description".utf8), value: .string(writer.bytes)))
            return kept
        }
        kept[place].value = .string(text + [0x0A] + writer.bytes)
        return kept
    }

    /// Of `minItems` 0 and 1 are compiled.
    private static func isManyItems(_ member: JSONValue.Member) -> Bool {
        guard JSONName.equals(member.key, "minItems") else { return false }
        return member.value != .integer(0) && member.value != .integer(1)
    }
}
