import Domain
public import JSON

/// What an object says, read and checked.
public enum ConfiguredObject: Hashable, Sendable {
    case provider(ConfiguredProvider)
    case alias(ModelAlias)
    case price(ModelPrice)

    /// Its members as the file would say them, all defaults filled in and secrets masked.
    public var shown: [JSONValue.Member] {
        let value =
            switch self {
            case .provider(let provider):
                EffectiveConfiguration.value(of: provider, secret: { .text(SecretMask.text(of: $0)) })
            case .alias(let alias): EffectiveConfiguration.value(of: alias)
            case .price(let price): EffectiveConfiguration.value(of: price.price)
            }
        guard case .object(let members) = JSONValue(value) else { return [] }
        return members
    }
}

extension JSONValue {
    fileprivate init(_ value: EffectiveValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int64(value))
        case .text(let text), .unsubstituted(let text): self = .string(Array(text.utf8))
        case .secret: self = .string(Array(EffectiveValue.mask.utf8))
        case .list(let values): self = .array(values.map { JSONValue($0) })
        case .mapping(let entries):
            self = .object(entries.map { Member(key: Array($0.key.utf8), value: JSONValue($0.value)) })
        }
    }
}
