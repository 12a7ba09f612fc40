extension EffectiveValue {
    /// Block-style YAML, each line ended by a newline; for a mapping or a list.
    func yaml(indent: String = "") -> String {
        switch self {
        case .mapping(let entries):
            entries.map { indent + Self.plainOrQuoted($0.key) + ":" + $0.value.yamlAfterKey(indent: indent) }.joined()
        case .list(let values):
            values.map { value in
                // The first line of an element stands behind the dash, in the column of its other lines.
                if case .mapping(let entries) = value, !entries.isEmpty {
                    "\(indent)- \(value.yaml(indent: indent + "  ").dropFirst(indent.count + 2))"
                } else {
                    "\(indent)- \(value.yamlInline)\n"
                }
            }.joined()
        default: indent + self.yamlInline + "\n"
        }
    }

    private func yamlAfterKey(indent: String) -> String {
        switch self {
        case .mapping(let entries) where !entries.isEmpty: "\n" + self.yaml(indent: indent + "  ")
        case .list(let values) where !values.isEmpty: "\n" + self.yaml(indent: indent + "  ")
        default: " \(self.yamlInline)\n"
        }
    }

    private var yamlInline: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .text(let text): Self.plainOrQuoted(text)
        case .unsubstituted(let text): Self.quoted(text)
        case .secret: Self.quoted(Self.mask)
        // Only empty ones are written in one line.
        case .list: "[]"
        case .mapping: "{}"
        }
    }

    /// Words, paths and addresses stay plain; whatever YAML could take for something else is quoted.
    private static func plainOrQuoted(_ text: String) -> String {
        let scalar = DocumentScalar(text: text, isQuoted: false, isSubstituted: false)
        let isWord =
            text.utf8.first.map { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "/") }
            == true
            && !["null", "Null", "NULL", "y", "Y", "n", "N"].contains(text) && scalar.boolean == nil
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "/"):
                    true
                default:
                    false
                }
            }
        // A duration or a size starts with a digit and is text for YAML all the same.
        let isMeasure = DecimalText.parseLeading(text).map { _, unit in
            ["ms", "s", "m", "h", "d", "B", "KB", "MB", "GB"].contains(unit)
        }
        return isWord || isMeasure == true ? text : self.quoted(text.replacing("${", with: "$${"))
    }
}
