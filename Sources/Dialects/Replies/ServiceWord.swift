internal import Domain
internal import JSON

/// What providers call the services that they sell at prices of their own.
enum ServiceWord {
    /// The service that the value at `range` names; nil where it names none: `auto` is a wish, and a word nobody knows tells
    /// nothing.
    static func read(_ range: Range<Int>, _ cursor: borrowing JSONCursor) -> ServiceTier? {
        for (word, service) in self.words where cursor.matches(range, word) { return service }
        return nil
    }

    /// As `read`, of a value that was read already.
    static func read(_ value: JSONValue?) -> ServiceTier? {
        guard let text = value?.string else { return nil }
        let quoted = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        return self.words.first { JSONName.equals(quoted, $0.0) }?.1
    }

    private static let words: [(StaticString, ServiceTier)] = [
        ("\"default\"", .standard), ("\"standard\"", .standard), ("\"priority\"", .priority), ("\"flex\"", .flex),
        ("\"batch\"", .batch), ("\"ultrafast\"", .ultrafast), ("\"fast\"", .priority),
        // Bought in advance, and Groq's names: a token costs what it usually does.
        ("\"scale\"", .standard), ("\"on_demand\"", .standard), ("\"performance\"", .standard),
    ]
}
