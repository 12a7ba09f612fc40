public import Domain
public import JSON

/// The secrets among the members of a provider: `api_key`, `value` of each of `keys`, and all of `headers`.
public enum ObjectSecrets {
    /// The place of one of them. Keys are told apart by their names.
    public enum Place: Hashable, Sendable, CustomStringConvertible {
        case apiKey
        case key(name: [UInt8])
        case header(name: [UInt8])

        public var description: String {
            switch self {
            case .apiKey: "api_key"
            case .key(let name): name.isEmpty ? "keys" : "keys (\(String(decoding: name, as: UTF8.self)))"
            case .header(let name): "headers.\(String(decoding: name, as: UTF8.self))"
            }
        }
    }

    /// Those of `members`.
    public static func all(in members: [JSONValue.Member]) -> [Place: [UInt8]] {
        var found: [Place: [UInt8]] = [:]
        _ = self.map(members) { place, value in
            found[place] = value
            return value
        }
        return found
    }

    /// `members` with masks in the places of secrets.
    public static func masked(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
        self.map(members) { Array(SecretMask.text(of: Secret($1)).utf8) }
    }

    /// The secrets as something to be sealed; nil where there are none.
    public static func taken(from members: [JSONValue.Member]) -> Secret? {
        var writer = JSONWriter()
        writer.beginArray()
        var count = 0
        _ = self.map(members) { _, value in
            writer.string(value)
            count += 1
            return value
        }
        writer.endArray()
        return count == 0 ? nil : Secret(writer.bytes)
    }

    /// `members`, masked, with the secrets that were taken from them; nil where they do not fit.
    public static func put(_ secrets: Secret, into members: [JSONValue.Member]) -> [JSONValue.Member]? {
        let value = secrets.withBytes { try? JSONReader().read($0, maximumBytes: 4 << 20) }
        guard let values = value?.array?.compactMap(\.string) else { return nil }
        var left = values[...]
        var fits = true
        let whole = self.map(members) { _, mask in
            guard let secret = left.popFirst() else {
                fits = false
                return mask
            }
            return secret
        }
        return fits && left.isEmpty ? whole : nil
    }

    /// `members` with each mask that shows what `old` has in its place replaced by that.
    public static func keep(_ old: [JSONValue.Member], in members: [JSONValue.Member]) -> [JSONValue.Member] {
        let secrets = self.all(in: old)
        return self.map(members) { place, value in
            guard let secret = secrets[place], SecretMask.text(of: Secret(secret)).utf8.elementsEqual(value) else {
                return value
            }
            return secret
        }
    }

    // MARK: -

    /// Replaces each secret, in the order of the members.
    private static func map(
        _ members: [JSONValue.Member], _ replace: (Place, [UInt8]) -> [UInt8]
    ) -> [JSONValue.Member] {
        members.map { member in
            var member = member
            switch member.value {
            case .string(let value) where member.key.elementsEqual("api_key".utf8):
                member.value = .string(replace(.apiKey, value))
            case .array(let keys) where member.key.elementsEqual("keys".utf8):
                member.value = .array(keys.map { self.map(key: $0, replace) })
            case .object(let headers) where member.key.elementsEqual("headers".utf8):
                member.value = .object(
                    headers.map { header in
                        guard case .string(let value) = header.value else { return header }
                        return JSONValue.Member(
                            key: header.key, value: .string(replace(.header(name: header.key), value)))
                    })
            default: break
            }
            return member
        }
    }

    private static func map(key: JSONValue, _ replace: (Place, [UInt8]) -> [UInt8]) -> JSONValue {
        guard case .object(let members) = key else { return key }
        let name = key["name"]?.string ?? []
        return .object(
            members.map { member in
                guard member.key.elementsEqual("value".utf8), case .string(let value) = member.value else {
                    return member
                }
                return JSONValue.Member(key: member.key, value: .string(replace(.key(name: name), value)))
            })
    }
}
