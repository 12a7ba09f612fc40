/// A text of another program's file in the words of ours: `os.environ/NAME` is `${NAME}`, a plain `${` is `$${`.
struct ImportedText: Hashable {
    /// As it stands in our file.
    let text: String
    /// What it says, where that does not come from the environment.
    let literal: String?

    init(_ text: String, at node: DocumentNode, variables: [String: String], _ sink: ImportSink) {
        let prefix = "os.environ/"
        guard text.hasPrefix(prefix) else {
            self.init(literal: text)
            return
        }
        let name = String(text.dropFirst(prefix.count))
        if let value = variables[name], !value.hasPrefix(prefix) {
            sink.changed(node, "environment_variables has a value for \(name), which stands here now")
            self.init(literal: value)
            return
        }
        self.init(variable: name)
    }

    init(literal: String) {
        self.text = literal.replacing("${", with: "$${")
        self.literal = literal
    }

    init(variable name: String) {
        self.text = "${\(name)}"
        self.literal = nil
    }

    private init(text: String) {
        self.text = text
        self.literal = nil
    }

    /// With something behind it.
    func appending(_ suffix: String) -> ImportedText {
        self.literal.map { ImportedText(literal: $0 + suffix) } ?? ImportedText(text: self.text + suffix)
    }

    var value: EffectiveValue { self.literal.map { .text($0) } ?? .unsubstituted(self.text) }
}
