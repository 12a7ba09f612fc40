import JSON

extension JSONWriter {
    mutating func member(_ name: String, _ text: String) {
        self.key(Array(name.utf8))
        self.string(text)
    }

    /// A member that is an object; `members` writes what is in it.
    mutating func object(_ name: String, _ members: (inout JSONWriter) -> Void) {
        self.key(Array(name.utf8))
        self.beginObject()
        members(&self)
        self.endObject()
    }

    mutating func array<Element>(
        _ name: String, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        self.key(Array(name.utf8))
        self.beginArray()
        for element in elements { write(&self, element) }
        self.endArray()
    }

    /// `content` of one media type, or of another one that is a text.
    mutating func content(_ type: String, _ schema: APISchema, or other: String? = nil) {
        self.object("content") { content in
            content.media(type, schema)
            if let other { content.media(other, .string()) }
        }
    }

    private mutating func media(_ type: String, _ schema: APISchema) {
        self.object(type) { media in
            media.key("schema")
            media.schema(schema)
        }
    }

    /// `security`: one scheme.
    mutating func security(_ scheme: String) {
        self.key("security")
        self.beginArray()
        self.beginObject()
        self.key(Array(scheme.utf8))
        self.raw(Array("[]".utf8))
        self.endObject()
        self.endArray()
    }

    /// A scheme of `securitySchemes`.
    mutating func bearer(_ name: String, _ description: String) {
        self.object(name) { scheme in
            scheme.member("type", "http")
            scheme.member("scheme", "bearer")
            scheme.member("description", description)
        }
    }

    /// A schema as JSON Schema 2020-12; one with a name as a reference.
    mutating func schema(_ schema: APISchema) {
        self.beginObject()
        self.members(of: schema)
        self.endObject()
    }

    private mutating func members(of schema: APISchema) {
        switch schema {
        case .named(let name, _): self.member("$ref", "#/components/schemas/\(name)")
        case .string(let format, let minimum, let maximum, let pattern):
            self.member("type", "string")
            if let format { self.member("format", format) }
            self.bound("minLength", minimum)
            self.bound("maxLength", maximum)
            if let pattern { self.member("pattern", pattern) }
        case .oneOf(let words):
            self.member("type", "string")
            self.array("enum", words) { $0.string($1) }
        case .integer(let range):
            self.member("type", "integer")
            self.bound("minimum", Int(range.lowerBound))
            self.bound("maximum", Int(range.upperBound))
        case .number: self.member("type", "number")
        case .boolean: self.member("type", "boolean")
        case .array(let element, let minimum, let maximum, let isSet):
            self.member("type", "array")
            self.key("items")
            self.schema(element)
            self.bound("minItems", minimum == 0 ? nil : minimum)
            self.bound("maxItems", maximum)
            if isSet {
                self.key("uniqueItems")
                self.bool(true)
            }
        case .object(let members):
            self.properties(members)
            self.key("additionalProperties")
            self.bool(false)
        case .open(let members): self.properties(members)
        case .map(let element, let maximum, let names):
            self.member("type", "object")
            self.key("additionalProperties")
            self.schema(element)
            self.bound("maxProperties", maximum)
            if let names { self.object("propertyNames") { $0.member("pattern", names) } }
        case .nullable(let inner):
            self.array("anyOf", [inner]) { writer, inner in
                writer.schema(inner)
                writer.beginObject()
                writer.member("type", "null")
                writer.endObject()
            }
        case .any(let schemas): self.array("anyOf", schemas) { $0.schema($1) }
        case .anything: break
        }
    }

    private mutating func properties(_ members: [APISchema.Member]) {
        self.member("type", "object")
        guard !members.isEmpty else { return }
        self.object("properties") { properties in
            for member in members {
                properties.object(member.name) { property in
                    property.members(of: member.schema)
                    if !member.summary.isEmpty { property.member("description", member.summary) }
                }
            }
        }
        let required = members.filter(\.isRequired).map(\.name)
        if !required.isEmpty { self.array("required", required) { $0.string($1) } }
    }

    private mutating func bound(_ name: String, _ value: Int?) {
        guard let value else { return }
        self.key(Array(name.utf8))
        self.integer(value)
    }
}
