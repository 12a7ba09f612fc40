import Logging

extension LogValue {
    /// A value of swift-log's: numbers and truth values stay what they are, lists become lists of texts, everything else text.
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .stringConvertible(let box):
            switch box {
            case let flag as Bool: self = .bool(flag)
            case let number as any SignedInteger: self = .int(number)
            case let number as any UnsignedInteger: self = .int(number)
            default: self = .string(box.description)
            }
        case .array(let values): self = .list(values.map { $0.description })
        case .dictionary: self = .string(value.description)
        }
    }
}
