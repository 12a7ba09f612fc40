/// The kinds of scalar that the schema knows, as functions for ``MappingReader/value(_:secret:_:)``.
///
/// Whether a value has quotes matters for numbers and booleans only: quotes make text of them.
enum ScalarParser {
    typealias Parse<Value> = (DocumentScalar) throws(ValueError) -> Value

    /// A duration within `range`, in milliseconds.
    static func duration(_ range: ClosedRange<Duration>) -> Parse<UInt64> {
        { scalar throws(ValueError) in try DurationText.parseMilliseconds(scalar.text, in: range) }
    }

    /// A size in bytes within `range`.
    static func byteSize(_ range: ClosedRange<Int>) -> Parse<Int> {
        { scalar throws(ValueError) in try ByteSizeText.parse(scalar.text, in: range) }
    }

    /// A whole number within `range`.
    static func integer(_ range: ClosedRange<Int>) -> Parse<Int> {
        { scalar throws(ValueError) in
            guard scalar.isPlain, let number = DecimalText.parse(scalar.text.utf8), let number = Int(exactly: number),
                range.contains(number)
            else { throw ValueError("expected a whole number of \(range.lowerBound) to \(range.upperBound)") }
            return number
        }
    }

    /// true or false.
    static let boolean: @Sendable (DocumentScalar) throws(ValueError) -> Bool = { scalar throws(ValueError) in
        guard let value = scalar.boolean else { throw ValueError("expected true or false") }
        return value
    }

    /// One of the words in `choices`, in the order in which a message lists them.
    static func choice<Value>(_ choices: KeyValuePairs<String, Value>) -> Parse<Value> {
        { scalar throws(ValueError) in
            guard let choice = choices.first(where: { $0.key == scalar.text }) else {
                throw Self.oneOf(choices.map(\.key), given: scalar)
            }
            return choice.value
        }
    }

    /// One of `words`.
    static func word(_ words: String...) -> Parse<String> {
        { scalar throws(ValueError) in
            guard words.contains(scalar.text) else { throw Self.oneOf(words, given: scalar) }
            return scalar.text
        }
    }

    /// Any text that is not empty and has no control characters; `what` names it in messages.
    static func text(_ what: String, longest: Int = 4096) -> Parse<String> {
        { scalar throws(ValueError) in
            guard scalar.boolean == nil, !scalar.text.isEmpty, scalar.text.utf8.count <= longest,
                !scalar.text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else { throw ValueError("expected \(what)") }
            return scalar.text
        }
    }

    private static func oneOf(_ words: [String], given scalar: DocumentScalar) -> ValueError {
        let meant = EditDistance.nearest(to: scalar.text, among: words).map { " (did you mean \($0)?)" } ?? ""
        return ValueError("expected \(words.joined(separator: " or "))\(scalar.isSubstituted ? "" : meant)")
    }
}
