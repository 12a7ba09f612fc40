import JSON

extension DocumentNode {
    /// A JSON value as the file would have it: strings are quoted scalars, nothing is substituted. A member that occurs twice is
    /// reported.
    init(_ value: JSONValue, path: String, problems: ProblemSink) {
        self.position = .start
        self.path = path
        switch value {
        case .null: self.content = .null
        case .bool(let value): self.content = .scalar(Self.plain(value ? "true" : "false"))
        case .integer(let value): self.content = .scalar(Self.plain(String(value)))
        case .number(let value): self.content = .scalar(Self.plain(Self.decimal(value)))
        case .string(let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            self.content = .scalar(DocumentScalar(text: text, isQuoted: true, isSubstituted: false))
        case .array(let elements):
            self.content = .sequence(
                elements.enumerated().map { DocumentNode($1, path: "\(path)[\($0)]", problems: problems) })
        case .object(let members):
            var names: Set<[UInt8]> = []
            var entries: [DocumentEntry] = []
            for member in members {
                let key = String(decoding: member.key, as: UTF8.self)
                let memberPath = path.isEmpty ? key : "\(path).\(key)"
                let value = DocumentNode(member.value, path: memberPath, problems: problems)
                let entry = DocumentEntry(key: key, position: .start, value: value)
                guard names.insert(member.key).inserted else {
                    problems.unknown(entry, "the member occurs twice")
                    continue
                }
                entries.append(entry)
            }
            self.content = .mapping(entries)
        }
    }

    private static func plain(_ text: String) -> DocumentScalar {
        DocumentScalar(text: text, isQuoted: false, isSubstituted: false)
    }

    /// The shortest decimal that stands for the number, without an exponent where it is near 1. A whole number is written as one.
    static func decimal(_ value: Double) -> String {
        if let whole = Int64(exactly: value), abs(whole) <= 1 << 53 { return String(whole) }
        let text = value.description
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "e")), value > 0,
            let exponent = Int(text[text.index(after: mark)...]), (-12 ... -1).contains(exponent)
        else { return text }
        let digits = text[..<mark].filter { $0 != "." }
        return "0." + String(repeating: "0", count: -exponent - 1) + digits
    }
}
