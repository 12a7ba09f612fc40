internal import Domain
internal import JSON

/// An object of a request at Anthropic's doors with the path of its members: reads them strictly by type. A member that is
/// null counts as absent.
struct AnthropicObject {
    let members: [JSONValue.Member]
    /// The object's own path, such as `messages.0`; empty for the body itself.
    let path: String

    /// Throws where `value` is no object.
    init(_ value: JSONValue, path: String) throws(GatewayError) {
        guard case .object(let members) = value else {
            throw AnthropicFault.invalidType(path.isEmpty ? "body" : path, "a valid dictionary")
        }
        self.members = members
        self.path = path
    }

    var value: JSONValue { .object(self.members) }

    /// The path of a member.
    func path(_ key: StaticString) -> String { self.path.isEmpty ? "\(key)" : "\(self.path).\(key)" }

    /// The member's value; nil where it is absent or null. Of a name that occurs twice the last one counts.
    func value(_ key: StaticString) -> JSONValue? {
        for member in self.members.reversed() where JSONName.equals(member.key, key) {
            return member.value == .null ? nil : member.value
        }
        return nil
    }

    func required(_ key: StaticString) throws(GatewayError) -> JSONValue {
        guard let value = self.value(key) else { throw AnthropicFault.missing(self.path(key)) }
        return value
    }

    // MARK: Scalars

    func string(_ key: StaticString) throws(GatewayError) -> [UInt8]? {
        guard let value = self.value(key) else { return nil }
        guard case .string(let bytes) = value else {
            throw AnthropicFault.invalidType(self.path(key), "a valid string")
        }
        return bytes
    }

    func requiredString(_ key: StaticString) throws(GatewayError) -> [UInt8] {
        guard let bytes = try self.string(key) else { throw AnthropicFault.missing(self.path(key)) }
        return bytes
    }

    func bool(_ key: StaticString) throws(GatewayError) -> Bool? {
        guard let value = self.value(key) else { return nil }
        guard case .bool(let flag) = value else {
            throw AnthropicFault.invalidType(self.path(key), "a valid boolean")
        }
        return flag
    }

    /// A whole number, at least `minimum`; `64.0` counts as one.
    func integer(_ key: StaticString, atLeast minimum: Int64) throws(GatewayError) -> Int64? {
        guard let value = self.value(key) else { return nil }
        let number: Int64
        switch value {
        case .integer(let integer): number = integer
        case .number(let double):
            guard let whole = Int64(exactly: double) else {
                throw AnthropicFault.invalidType(self.path(key), "a valid integer")
            }
            number = whole
        default: throw AnthropicFault.invalidType(self.path(key), "a valid integer")
        }
        guard number >= minimum else {
            throw AnthropicFault.invalidValue(
                self.path(key), "Input should be greater than or equal to \(minimum)")
        }
        return number
    }

    /// A number from 0 to 1.
    func fraction(_ key: StaticString) throws(GatewayError) -> Double? {
        guard let value = self.value(key) else { return nil }
        let number: Double
        switch value {
        case .integer(let integer): number = Double(integer)
        case .number(let double): number = double
        default: throw AnthropicFault.invalidType(self.path(key), "a valid number")
        }
        guard 0...1 ~= number else { throw AnthropicFault.invalidValue(self.path(key), "range: 0..1") }
        return number
    }

    // MARK: Containers

    func array(_ key: StaticString) throws(GatewayError) -> [JSONValue]? {
        guard let value = self.value(key) else { return nil }
        guard case .array(let elements) = value else {
            throw AnthropicFault.invalidType(self.path(key), "a valid list")
        }
        return elements
    }

    func object(_ key: StaticString) throws(GatewayError) -> AnthropicObject? {
        guard let value = self.value(key) else { return nil }
        return try AnthropicObject(value, path: self.path(key))
    }

    // MARK: Shapes that occur in many places

    /// `type`, which is required.
    func tag() throws(GatewayError) -> [UInt8] { try self.requiredString("type") }

    /// `cache_control`.
    func cacheMark() throws(GatewayError) -> CacheMark? {
        guard let control = try self.object("cache_control") else { return nil }
        let tag = try control.tag()
        guard JSONName.equals(tag, "ephemeral") else {
            throw AnthropicFault.unknownTag(control.path, tag, expected: ["ephemeral"])
        }
        guard let ttl = try control.string("ttl") else { return .usual }
        if JSONName.equals(ttl, "1h") { return .hour }
        guard JSONName.equals(ttl, "5m") else {
            throw AnthropicFault.invalidType(control.path("ttl"), "'5m' or '1h'")
        }
        return .usual
    }
}
