internal import JSON

/// Makes a value that fits a JSON schema: every required member, nothing else. For a tool's arguments and for structured
/// answers. What it does not know of JSON schema (patterns, dependencies) it passes over.
struct SimulatedArguments {
    private static let maximumDepth = 24
    /// A schema that refers to itself in several places grows without end otherwise.
    private static let maximumValues = 1000

    private let root: JSONValue
    private var values = 0

    private init(root: JSONValue) {
        self.root = root
    }

    /// The value as JSON text. Anything that is no schema gives `{}`.
    static func make(for schema: JSONValue?) -> [UInt8] {
        guard let schema, case .object = schema else { return Array("{}".utf8) }
        var maker = SimulatedArguments(root: schema)
        return maker.value(schema, depth: 0)
    }

    /// The same for a tool's arguments, which are an object whatever the schema says or leaves out.
    static func makeObject(for schema: JSONValue?) -> [UInt8] {
        let value = self.make(for: schema)
        return value.first == UInt8(ascii: "{") ? value : Array("{}".utf8)
    }

    private mutating func value(_ schema: JSONValue, depth: Int) -> [UInt8] {
        self.values += 1
        guard depth < Self.maximumDepth, self.values < Self.maximumValues else { return Array("null".utf8) }
        if let constant = schema["const"] { return constant.text }
        if let first = schema["enum"]?.array?.first { return first.text }
        if let reference = schema["$ref"]?.string {
            return self.resolve(reference).map { self.value($0, depth: depth + 1) } ?? Array("null".utf8)
        }
        let alternatives = schema["anyOf"]?.array ?? schema["oneOf"]?.array ?? schema["allOf"]?.array
        if let first = alternatives?.first { return self.value(first, depth: depth + 1) }
        switch self.type(schema) {
        case "object": return self.object(schema, depth)
        case "array": return self.array(schema, depth)
        case "string": return self.string(schema)
        case "integer", "number": return self.number(schema)
        case "boolean": return Array("true".utf8)
        case "null": return Array("null".utf8)
        default: return Array("\"example\"".utf8)
        }
    }

    private func type(_ schema: JSONValue) -> String {
        if let name = schema["type"]?.string ?? schema["type"]?.array?.first?.string {
            return String(decoding: name, as: UTF8.self)
        }
        if schema["properties"] != nil { return "object" }
        return schema["items"] == nil ? "" : "array"
    }

    private mutating func object(_ schema: JSONValue, _ depth: Int) -> [UInt8] {
        var text = Array("{".utf8)
        for name in (schema["required"]?.array ?? []).compactMap(\.string) {
            guard case .object(let members) = schema["properties"] ?? .null,
                let property = members.first(where: { $0.key == name })?.value
            else { continue }
            if text.count > 1 { text += Array(",".utf8) }
            text += JSONValue.string(name).text + Array(":".utf8) + self.value(property, depth: depth + 1)
        }
        return text + Array("}".utf8)
    }

    private mutating func array(_ schema: JSONValue, _ depth: Int) -> [UInt8] {
        let count = min(8, max(1, schema["minItems"]?.integer ?? 1))
        guard let items = schema["items"] else { return Array("[]".utf8) }
        let values = (0..<count).map { _ in self.value(items, depth: depth + 1) }
        return Array("[".utf8) + Array(values.joined(separator: Array(",".utf8))) + Array("]".utf8)
    }

    private func string(_ schema: JSONValue) -> [UInt8] {
        let text =
            switch schema["format"]?.string.map({ String(decoding: $0, as: UTF8.self) }) {
            case "date": "2025-01-01"
            case "date-time": "2025-01-01T00:00:00Z"
            case "time": "00:00:00Z"
            case "email": "someone@example.com"
            case "uri", "url": "https://example.com/"
            case "uuid": "00000000-0000-4000-8000-000000000000"
            default: "example"
            }
        var bytes = Array(text.utf8)
        let least = min(4096, max(0, schema["minLength"]?.integer ?? 0))
        while bytes.count < least { bytes.append(UInt8(ascii: "x")) }
        if let most = schema["maxLength"]?.integer, most >= 0, most < bytes.count {
            bytes.removeLast(bytes.count - Int(most))
        }
        return JSONValue.string(bytes).text
    }

    private func number(_ schema: JSONValue) -> [UInt8] {
        if let least = schema["minimum"] { return least.text }
        if let least = schema["exclusiveMinimum"]?.integer, least < .max { return JSONValue.integer(least + 1).text }
        if let most = schema["maximum"]?.integer, most < 1 { return JSONValue.integer(most).text }
        return Array("1".utf8)
    }

    /// `#/a/b` within the schema.
    private func resolve(_ reference: [UInt8]) -> JSONValue? {
        guard reference.first == UInt8(ascii: "#") else { return nil }
        var value = self.root
        for name in reference.dropFirst().split(separator: UInt8(ascii: "/")) {
            guard case .object(let members) = value, let next = members.first(where: { $0.key.elementsEqual(name) })
            else { return nil }
            value = next.value
        }
        return value
    }
}
