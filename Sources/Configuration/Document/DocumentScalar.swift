/// A scalar of the file after substitution.
struct DocumentScalar: Sendable {
    var text: String
    /// Whether the file has quotes or a block around it: it is text then, whatever it looks like.
    var isQuoted: Bool
    /// Whether part of it came from the environment or a file: it must not be repeated in a message.
    var isSubstituted: Bool

    /// Whether it may be read as a number or a boolean. A substitution has to be quoted inside `{}`, so quotes do not
    /// count there.
    var isPlain: Bool { !self.isQuoted || self.isSubstituted }

    /// The boolean it stands for by YAML 1.1, or nil.
    var boolean: Bool? {
        guard self.isPlain else { return nil }
        switch self.text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        default: return nil
        }
    }

    /// What stands here, in words for a message.
    var found: String {
        if self.isSubstituted { return "the value that was put in" }
        if self.boolean != nil { return "the boolean \(self.text)" }
        return Self.quoted(self.text)
    }

    /// `text` in quotes, shortened, on one line.
    static func quoted(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(60) {
            shown += scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
        }
        return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }
}
