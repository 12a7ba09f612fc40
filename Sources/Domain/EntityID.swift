/// The name of an organization, project, key or user in journals and databases: 128 random bits.
///
/// Its text form has a prefix that says what it names (`key_` and 32 lowercase hexadecimal digits); the bits alone go
/// into records.
public struct EntityID: Hashable, Sendable {
    /// What an id names; the raw value is the prefix of its text form, without the underscore.
    public enum Kind: String, Sendable, CaseIterable {
        case organization = "org"
        case project = "proj"
        case key = "key"
        case user = "user"
        case token = "tok"
    }

    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The fixed ids of what exists in every gateway have only their lowest byte set.
    init(fixed number: UInt8) {
        self.init(high: 0, low: UInt64(number))
    }

    /// The organization, the project and the static key that exist in every gateway.
    public static let standard = EntityID(fixed: 1)
    /// The project and the key of callers without a key.
    public static let anonymous = EntityID(fixed: 2)

    /// The text form, such as `key_00000000000000000000000000000001`.
    public func text(_ kind: Kind) -> String {
        "\(kind.rawValue)_\(RecordID(high: self.high, low: self.low))"
    }

    /// Reads the text form; nil for anything else, another kind's or uppercase digits too.
    public init?(text: some StringProtocol, _ kind: Kind) {
        let bytes = Array(text.utf8)
        let prefix = Array(kind.rawValue.utf8) + [UInt8(ascii: "_")]
        guard bytes.count == prefix.count + 32, bytes.starts(with: prefix) else { return nil }
        guard let record = RecordID(digits: bytes[prefix.count...]) else { return nil }
        self.init(high: record.high, low: record.low)
    }
}
