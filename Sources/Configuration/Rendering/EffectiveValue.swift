/// A value of the rendered configuration: what YAML and JSON have in common, plus a masked secret.
enum EffectiveValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case text(String)
    /// As it stands in a file, with `${NAME}` in it.
    case unsubstituted(String)
    /// Shown as `***`, whatever it holds.
    case secret
    case list([EffectiveValue])
    /// In the order to be shown.
    case mapping([(key: String, value: EffectiveValue)])

    static let mask = "***"

    /// `text` between double quotes, escaped so that both JSON and YAML read it back unchanged.
    static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _
            where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || (0x2028...0x2029).contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}
