internal import Domain
internal import JSON

/// An object of a request with the path of its members: reads them strictly by type. A member that is null counts as absent.
struct RequestObject {
    let members: [JSONValue.Member]
    /// The object's own path, such as `messages[0]`; empty for the body itself.
    let path: String

    /// Throws where `value` is no object.
    init(_ value: JSONValue, path: String) throws(GatewayError) {
        guard case .object(let members) = value else {
            throw RequestFault.invalidType(path.isEmpty ? "body" : path, expected: "an object", got: value)
        }
        self.members = members
        self.path = path
    }

    /// The path of a member.
    func path(_ key: StaticString) -> String { self.path.isEmpty ? "\(key)" : "\(self.path).\(key)" }

    /// The member's value; nil where it is absent or null. Of a name that occurs twice the last one counts, as for most readers.
    func value(_ key: StaticString) -> JSONValue? {
        for member in self.members.reversed() where JSONName.equals(member.key, key) {
            return member.value == .null ? nil : member.value
        }
        return nil
    }

    // MARK: Scalars

    func string(_ key: StaticString) throws(GatewayError) -> [UInt8]? {
        guard let value = self.value(key) else { return nil }
        guard case .string(let bytes) = value else { throw self.fault(key, "a string", value) }
        return bytes
    }

    func requiredString(_ key: StaticString) throws(GatewayError) -> [UInt8] {
        guard let bytes = try self.string(key) else { throw RequestFault.missing(self.path(key)) }
        return bytes
    }

    func bool(_ key: StaticString) throws(GatewayError) -> Bool? {
        guard let value = self.value(key) else { return nil }
        guard case .bool(let flag) = value else { throw self.fault(key, "a boolean", value) }
        return flag
    }

    /// A whole number; `64.0` counts as one.
    func integer(_ key: StaticString) throws(GatewayError) -> Int64? {
        guard let value = self.value(key) else { return nil }
        if case .integer(let number) = value { return number }
        if case .number(let number) = value, let whole = Int64(exactly: number) { return whole }
        throw self.fault(key, "an integer", value)
    }

    func number(_ key: StaticString) throws(GatewayError) -> Double? {
        guard let value = self.value(key) else { return nil }
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw self.fault(key, "a number", value)
        }
    }

    // MARK: Containers

    func array(_ key: StaticString) throws(GatewayError) -> [JSONValue]? {
        guard let value = self.value(key) else { return nil }
        guard case .array(let elements) = value else { throw self.fault(key, "an array", value) }
        return elements
    }

    /// At least one element.
    func requiredArray(_ key: StaticString) throws(GatewayError) -> [JSONValue] {
        guard let elements = try self.array(key) else { throw RequestFault.missing(self.path(key)) }
        guard !elements.isEmpty else {
            throw RequestFault.error(
                "empty_array", "Invalid '\(self.path(key))': empty array. Expected at least one element.",
                self.path(key))
        }
        return elements
    }

    func object(_ key: StaticString) throws(GatewayError) -> RequestObject? {
        guard let value = self.value(key) else { return nil }
        return try RequestObject(value, path: self.path(key))
    }

    func requiredObject(_ key: StaticString) throws(GatewayError) -> RequestObject {
        guard let object = try self.object(key) else { throw RequestFault.missing(self.path(key)) }
        return object
    }

    private func fault(_ key: StaticString, _ expected: String, _ value: JSONValue) -> GatewayError {
        RequestFault.invalidType(self.path(key), expected: expected, got: value)
    }
}
