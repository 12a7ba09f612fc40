import Domain
import Identity
public import JSON

/// The members of an object, taken out one by one: what is left over or occurs twice is refused.
public struct RequestFields {
    private var members: [[UInt8]: JSONValue] = [:]

    /// Throws when a name occurs twice.
    public init(_ members: [JSONValue.Member]) throws(AdministrationFailure) {
        for member in members {
            guard self.members.updateValue(member.value, forKey: member.key) == nil else {
                throw .invalid("the member \(Self.shown(member.key)) occurs twice")
            }
        }
    }

    /// Whether the member is there, null or not.
    public func has(_ name: String) -> Bool { self.members[Array(name.utf8)] != nil }

    /// A string; nil where the member is missing or null.
    public mutating func text(_ name: String) throws(AdministrationFailure) -> String? {
        switch self.take(name) {
        case nil, .null: return nil
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        default: throw .invalid("\(name) must be a string")
        }
    }

    /// A whole number from 0 to 10¹⁵; nil where the member is missing or null.
    public mutating func count(_ name: String) throws(AdministrationFailure) -> Int64? {
        switch self.take(name) {
        case nil, .null: return nil
        case .integer(let value) where (0...1_000_000_000_000_000).contains(value): return value
        default: throw .invalid("\(name) must be a whole number from 0 to 1000000000000000")
        }
    }

    /// US dollars, as a decimal number in a string or a whole number, in nano-USD; nil where the member is missing or null.
    public mutating func dollars(_ name: String) throws(AdministrationFailure) -> Int64? {
        let nano: Int64? =
            switch self.take(name) {
            case nil, .null: nil
            case .string(let bytes):
                try Self.checked(MoneyText.nanoDollars(String(decoding: bytes, as: UTF8.self)), name)
            case .integer(let value): try Self.checked(MoneyText.nanoDollars(String(value)), name)
            default: try Self.checked(nil, name)
            }
        return nano
    }

    /// A limit of the kind: a whole number, or US dollars; `LimitSet.unlimited` for "unlimited"; nil where the member is missing
    /// or null.
    mutating func limit(_ kind: LimitKind) throws(AdministrationFailure) -> Int64? {
        let name = "\(kind.name)"
        if case .string(let bytes) = self.members[Array(name.utf8)], bytes.elementsEqual("unlimited".utf8) {
            _ = self.take(name)
            return LimitSet.unlimited
        }
        return try kind.unit == .cost ? self.dollars(name) : self.count(name)
    }

    /// The limits that are there, null for those that are to be taken away.
    mutating func limits() throws(AdministrationFailure) -> [(kind: LimitKind, value: Int64?)] {
        var limits: [(LimitKind, Int64?)] = []
        for kind in LimitKind.allCases where self.has("\(kind.name)") {
            limits.append((kind, try self.limit(kind)))
        }
        return limits
    }

    /// `models`: a list of 1 to 64 names of aliases or `provider:model`, one `*` in each allowed; empty, which stands for all,
    /// where the member is missing or null.
    mutating func models() throws(AdministrationFailure) -> [[UInt8]] {
        let values: [JSONValue]
        switch self.take("models") {
        case nil, .null: return []
        case .array(let array): values = array
        default: throw .invalid("models must be a list of strings, or null for all models")
        }
        // An empty list might be meant as none at all.
        guard (1...ModelPattern.maximumEntries).contains(values.count) else {
            throw .invalid("models must have 1 to \(ModelPattern.maximumEntries) entries, or be null for all models")
        }
        return try values.map { value throws(AdministrationFailure) in
            guard case .string(let bytes) = value, ModelPattern.isPossible(bytes) else {
                throw .invalid(
                    "each entry of models must be an alias or provider:model of 1 to \(ModelPattern.maximumBytes) bytes "
                        + "without blanks, with one * at the most")
            }
            return bytes
        }
    }

    /// `weight`: a whole number from 1 to 1,000; 1 where the member is missing or null.
    mutating func weight() throws(AdministrationFailure) -> UInt16 {
        switch self.take("weight") {
        case nil, .null: return 1
        case .integer(let value):
            guard let weight = UInt16(exactly: value), EntityRow.weights.contains(weight) else { fallthrough }
            return weight
        default:
            let weights = EntityRow.weights
            throw .invalid("weight must be a whole number from \(weights.lowerBound) to \(weights.upperBound)")
        }
    }

    /// A point in time in RFC 3339 (UTC), in milliseconds since 1970; nil where the member is missing or null.
    public mutating func time(_ name: String) throws(AdministrationFailure) -> UInt64? {
        guard let text = try self.text(name) else { return nil }
        guard let time = TimeText.milliseconds(text) else {
            throw .invalid("\(name) must be a time such as 2027-01-31T12:00:00Z or a day such as 2027-01-31")
        }
        return time
    }

    /// true; false where the member is missing, null or false.
    mutating func flag(_ name: String) throws(AdministrationFailure) -> Bool {
        switch self.take(name) {
        case nil, .null: return false
        case .bool(let value): return value
        default: throw .invalid("\(name) must be true or false")
        }
    }

    /// An object; nil where the member is missing or null.
    mutating func object(_ name: String) throws(AdministrationFailure) -> [JSONValue.Member]? {
        switch self.take(name) {
        case nil, .null: return nil
        case .object(let members): return members
        default: throw .invalid("\(name) must be an object")
        }
    }

    /// Throws when a member is left that nobody has asked for.
    public func end() throws(AdministrationFailure) {
        guard let rest = self.members.keys.first else { return }
        throw .invalid("the member \(Self.shown(rest)) is unknown")
    }

    private mutating func take(_ name: String) -> JSONValue? {
        self.members.removeValue(forKey: Array(name.utf8))
    }

    private static func checked(_ nano: Int64?, _ name: String) throws(AdministrationFailure) -> Int64 {
        guard let nano else {
            throw .invalid("\(name) must be an amount of US dollars such as \"12.50\", with at most 9 decimals")
        }
        return nano
    }

    /// A name from outside, cut for a message.
    private static func shown(_ name: [UInt8]) -> String {
        String(decoding: name.prefix(40).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
