/// Names that operators choose and names of models.
enum NameText {
    /// What ``isProviderName(_:)`` asks for, in words.
    static let providerNameRule = "a name of 1 to 64 letters, digits, `_`, `.` or `-`"
    /// What ``isModelName(_:)`` asks for, in words.
    static let modelNameRule = "a model's name of 1 to 256 bytes without blanks or control characters"

    /// Whether `name` can name a provider: it appears before the colon of a target and in metrics.
    static func isProviderName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                    true
                default:
                    false
                }
            }
    }

    /// Whether `name` can name a model or an alias.
    static func isModelName(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
            }
    }
}
