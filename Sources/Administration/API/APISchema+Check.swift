import JSON

extension APISchema {
    /// Throws where a value has another type than this (400), an unknown, repeated or missing member (400), or is out of its bounds (422).
    /// Patterns and formats are for the handlers. `field` is the member's name, such as `limits.concurrency`; empty for the body itself.
    func check(_ value: JSONValue, _ field: String) throws(AdministrationFailure) {
        switch (self, value) {
        case (.named(_, let schema), _): try schema.check(value, field)
        case (.anything, _), (.nullable, .null): return
        case (.nullable(let schema), _): try schema.check(value, field)
        case (.any(let schemas), _): try Self.check(value, field, any: schemas)
        case (.string(_, let minimum, let maximum, _), .string(let bytes)):
            try Self.check(
                count: String(decoding: bytes, as: UTF8.self).unicodeScalars.count, field, minimum ?? 0, maximum,
                "characters")
        case (.oneOf(let words), .string(let bytes)):
            guard words.contains(where: { $0.utf8.elementsEqual(bytes) }) else {
                throw .unusable(field, "\(Self.shown(field)) must be one of \(words.joined(separator: ", "))")
            }
        case (.integer(let range), .integer(let number)):
            guard range.contains(number) else { throw Self.outOfBounds(field, range) }
        case (.integer(let range), .number(let number)) where number.rounded() == number:
            guard let whole = Int64(exactly: number), range.contains(whole) else {
                throw Self.outOfBounds(field, range)
            }
        case (.number, .integer), (.number, .number), (.boolean, .bool): return
        case (.array(let element, let minimum, let maximum, _), .array(let values)):
            try Self.check(count: values.count, field, minimum, maximum, "entries")
            for value in values { try element.check(value, field) }
        case (.object(let members), .object(let values)): try Self.check(values, field, members)
        case (.open, .object): return
        case (.map(let schema, let maximum, _), .object(let values)):
            _ = try RequestFields(values, in: field)
            try Self.check(count: values.count, field, 0, maximum, "members")
            for member in values { try schema.check(member.value, Self.joined(field, member.key)) }
        default: throw .invalid("\(Self.shown(field)) must be \(self.typeName)", field: field.isEmpty ? nil : field)
        }
    }

    /// The refusal of the alternative that fits best: one whose type is right.
    private static func check(
        _ value: JSONValue, _ field: String, any schemas: [APISchema]
    ) throws(AdministrationFailure) {
        var refusal: AdministrationFailure?
        for schema in schemas {
            do throws(AdministrationFailure) { return try schema.check(value, field) } catch {
                if refusal?.status != 422 { refusal = error }
            }
        }
        guard var refusal else { return }
        if refusal.status == 400 {
            let names = schemas.map(\.typeName).joined(separator: " or ")
            refusal.message = "\(Self.shown(field)) must be \(names)"
        }
        throw refusal
    }

    private static func check(
        _ values: [JSONValue.Member], _ field: String, _ members: [Member]
    ) throws(AdministrationFailure) {
        var seen: Set<[UInt8]> = []
        for value in values {
            let name = Self.joined(field, value.key)
            guard seen.insert(value.key).inserted else {
                throw .invalid("the member \(name) occurs twice", field: name)
            }
            guard let member = members.first(where: { $0.name.utf8.elementsEqual(value.key) }) else {
                throw .invalid("the member \(name) is unknown", field: name)
            }
            try member.schema.check(value.value, name)
        }
        for member in members where member.isRequired && !seen.contains(Array(member.name.utf8)) {
            let name = Self.joined(field, Array(member.name.utf8))
            throw .invalid("\(name) is missing", field: name)
        }
    }

    private static func check(
        count: Int, _ field: String, _ minimum: Int, _ maximum: Int?, _ what: String
    ) throws(AdministrationFailure) {
        guard count >= minimum, count <= maximum ?? .max else {
            let bounds = maximum.map { "\(minimum) to \($0)" } ?? "at least \(minimum)"
            throw .unusable(field, "\(Self.shown(field)) must have \(bounds) \(what)")
        }
    }

    private static func outOfBounds(_ field: String, _ range: ClosedRange<Int64>) -> AdministrationFailure {
        .unusable(
            field, "\(Self.shown(field)) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    private static func shown(_ field: String) -> String { field.isEmpty ? "the body" : field }

    private static func joined(_ field: String, _ member: [UInt8]) -> String {
        (field.isEmpty ? "" : "\(field).") + RequestFields.shown(member)
    }

    private var typeName: String {
        switch self {
        case .string, .oneOf: "a string"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number: "a number"
        case .boolean: "true or false"
        case .array: "a list"
        case .object, .open, .map: "an object"
        case .nullable(let schema): "\(schema.typeName) or null"
        case .any(let schemas): schemas.map(\.typeName).joined(separator: " or ")
        case .named(_, let schema): schema.typeName
        case .anything: "any value"
        }
    }
}

extension APIParameter {
    /// The value of a query's text, typed as this parameter is: whole numbers and booleans are read strictly, all else stays a text. What is
    /// no text (a request over the operators' socket) stays what it is.
    func typed(_ value: JSONValue) -> JSONValue {
        guard case .string(let bytes) = value else { return value }
        switch self.schema.plain {
        case .integer:
            let text = String(decoding: bytes, as: UTF8.self)
            guard let number = Int64(text), "\(number)".utf8.elementsEqual(bytes) else { return value }
            return .integer(number)
        case .boolean:
            if bytes.elementsEqual("true".utf8) { return .bool(true) }
            if bytes.elementsEqual("false".utf8) { return .bool(false) }
            return value
        default: return value
        }
    }
}

extension APISchema {
    /// Without name and null.
    fileprivate var plain: APISchema {
        switch self {
        case .named(_, let schema), .nullable(let schema): schema.plain
        default: self
        }
    }
}
