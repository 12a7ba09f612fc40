import Domain
import Identity
public import JSON

/// The members of an object, taken out one by one: what is left over or occurs twice is refused.
public struct RequestFields {
    private var members: [[UInt8]: JSONValue] = [:]

    /// The highest count of anything.
    public static let countLimit: Int64 = 1_000_000_000_000_000
    /// The highest amount of whole US dollars.
    public static let dollarLimit: Int64 = 999_999_999

    /// What comes before the names of members in refusals, such as `metadata.`; empty for the body itself.
    private let place: String

    /// Throws when a name occurs twice. `field` is the member that is the object; empty for the body itself.
    public init(_ members: [JSONValue.Member], in field: String = "") throws(AdministrationFailure) {
        self.place = field.isEmpty ? "" : "\(field)."
        for member in members {
            guard self.members.updateValue(member.value, forKey: member.key) == nil else {
                let name = self.place + Self.shown(member.key)
                throw .invalid("the member \(name) occurs twice", field: name)
            }
        }
    }

    /// The members of a query or body of a route: typed by its parameters, and of the shape that it promises.
    init(_ members: [JSONValue.Member], of route: APIRoute) throws(AdministrationFailure) {
        let parameters = route.parameters.filter { $0.place == .query }
        let schema: APISchema
        var members = members
        if let body = route.body {
            schema = body
        } else {
            for index in members.indices {
                guard let parameter = parameters.first(where: { $0.name.utf8.elementsEqual(members[index].key) }) else {
                    continue
                }
                members[index].value = parameter.typed(members[index].value)
            }
            schema = .object(parameters.map { APISchema.Member($0.name, .nullable($0.schema), required: false) })
        }
        try schema.check(.object(members), "")
        try self.init(members)
    }

    /// Whether the member is there, null or not.
    public func has(_ name: String) -> Bool { self.members[Array(name.utf8)] != nil }

    /// A string; nil where the member is missing or null.
    public mutating func text(_ name: String) throws(AdministrationFailure) -> String? {
        switch self.take(name) {
        case nil, .null: return nil
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        default: throw self.malformed(name, "a string")
        }
    }

    /// A whole number from 0 to 10¹⁵; nil where the member is missing or null.
    public mutating func count(_ name: String) throws(AdministrationFailure) -> Int64? {
        switch self.take(name) {
        case nil, .null: return nil
        case .integer(let value):
            guard (0...Self.countLimit).contains(value) else {
                throw self.unusable(name, "a whole number from 0 to \(Self.countLimit)")
            }
            return value
        case .number(let value):
            guard let whole = Int64(exactly: value) else { fallthrough }
            guard (0...Self.countLimit).contains(whole) else {
                throw self.unusable(name, "a whole number from 0 to \(Self.countLimit)")
            }
            return whole
        default: throw self.malformed(name, "a whole number from 0 to \(Self.countLimit)")
        }
    }

    /// US dollars, as a decimal number in a string or a whole number, in nano-USD; nil where the member is missing or null.
    public mutating func dollars(_ name: String) throws(AdministrationFailure) -> Int64? {
        let text: String
        switch self.take(name) {
        case nil, .null: return nil
        case .string(let bytes): text = String(decoding: bytes, as: UTF8.self)
        case .integer(let value): text = "\(value)"
        case .number(let value) where Int64(exactly: value) != nil: text = "\(Int64(exactly: value) ?? 0)"
        default: throw self.malformed(name, Self.amount)
        }
        guard let nano = MoneyText.nanoDollars(text), nano / 1_000_000_000 <= Self.dollarLimit else {
            throw self.unusable(name, Self.amount)
        }
        return nano
    }

    /// A limit of the kind: a whole number, or US dollars; `LimitSet.unlimited` for "unlimited"; nil where the member is missing
    /// or null.
    mutating func limit(_ kind: LimitKind, called alias: String? = nil) throws(AdministrationFailure) -> Int64? {
        let name = alias ?? "\(kind.name)"
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
        default: throw self.malformed("models", "a list of strings, or null for all models")
        }
        // An empty list might be meant as none at all.
        guard (1...ModelPattern.maximumEntries).contains(values.count) else {
            throw .unusable(
                self.place + "models",
                "models must have 1 to \(ModelPattern.maximumEntries) entries, or be null for all models")
        }
        return try values.map { value throws(AdministrationFailure) in
            guard case .string(let bytes) = value else {
                throw self.malformed("models", "a list of strings, or null for all models")
            }
            guard ModelPattern.isPossible(bytes),
                bytes.allSatisfy({ $0 < 0x80 })
                    || String(decoding: bytes, as: UTF8.self).unicodeScalars.count <= ModelPattern.maximumBytes / 4
            else {
                throw .unusable(
                    self.place + "models",
                    "each entry of models must be an alias or provider:model of 1 to \(ModelPattern.maximumBytes) bytes "
                        + "without blanks, with one * at the most")
            }
            return bytes
        }
    }

    /// `weight`: a whole number from 1 to 1,000; 1 where the member is missing or null.
    mutating func weight() throws(AdministrationFailure) -> UInt16 {
        guard let value = try self.count("weight") else { return 1 }
        guard let weight = UInt16(exactly: value), EntityRow.weights.contains(weight) else {
            throw self.unusable("weight", Self.weightWords)
        }
        return weight
    }

    /// A point in time in RFC 3339 (UTC), in milliseconds since 1970; nil where the member is missing or null.
    public mutating func time(_ name: String) throws(AdministrationFailure) -> UInt64? {
        guard let text = try self.text(name) else { return nil }
        guard let time = TimeText.milliseconds(text) else {
            throw self.unusable(name, "a time such as 2027-01-31T12:00:00Z or a day such as 2027-01-31")
        }
        return time
    }

    /// true; false where the member is missing, null or false.
    public mutating func flag(_ name: String) throws(AdministrationFailure) -> Bool {
        switch self.take(name) {
        case nil, .null: return false
        case .bool(let value): return value
        default: throw self.malformed(name, "true or false")
        }
    }

    /// An object; nil where the member is missing or null.
    public mutating func object(_ name: String) throws(AdministrationFailure) -> [JSONValue.Member]? {
        switch self.take(name) {
        case nil, .null: return nil
        case .object(let members): return members
        default: throw self.malformed(name, "an object")
        }
    }

    /// Throws when a member is left that nobody has asked for.
    public func end() throws(AdministrationFailure) {
        guard let rest = self.members.keys.first else { return }
        let name = self.place + Self.shown(rest)
        throw .invalid("the member \(name) is unknown", field: name)
    }

    private mutating func take(_ name: String) -> JSONValue? {
        self.members.removeValue(forKey: Array(name.utf8))
    }

    /// Any value; nil where the member is missing.
    public mutating func value(_ name: String) -> JSONValue? { self.take(name) }

    /// The refusal of a member of another type: `must be` what `words` say.
    public func malformed(_ name: String, _ words: String) -> AdministrationFailure {
        .invalid("\(self.place)\(name) must be \(words)", field: self.place + name)
    }

    /// The refusal of a member whose value cannot be used: `must be` what `words` say.
    public func unusable(_ name: String, _ words: String) -> AdministrationFailure {
        .unusable(self.place + name, "\(self.place)\(name) must be \(words)")
    }

    private static let amount = "an amount of US dollars such as \"12.50\", with at most 9 decimals"
    private static let weightWords =
        "a whole number from \(EntityRow.weights.lowerBound) to \(EntityRow.weights.upperBound)"

    /// A name from outside, cut for a message.
    static func shown(_ name: [UInt8]) -> String {
        String(decoding: name.prefix(40).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
