/// Names in which one `*` stands for any text.
enum WildcardText {
    static let star = UInt8(ascii: "*")

    /// How many `*` there are.
    static func stars(in name: String) -> Int { name.utf8.count { $0 == self.star } }

    /// A name to choose models by: a model's own, or with one `*`.
    static func pattern(_ text: String) throws(ValueError) -> String {
        guard NameText.isModelName(text) else { throw ValueError("expected \(NameText.modelNameRule)") }
        guard self.stars(in: text) <= 1 else { throw ValueError("expected a name with at most one *") }
        return text
    }
}
