/// The varying part of an event, in the order it was written.
public struct LogFields: ExpressibleByDictionaryLiteral, Sendable {
    private(set) var list: [(key: String, value: LogValue)]

    public init(dictionaryLiteral elements: (String, LogValue)...) {
        self.list = elements.map { (key: $0.0, value: $0.1) }
    }

    /// Adds a field after the others.
    public mutating func append(_ key: String, _ value: LogValue) {
        self.list.append((key: key, value: value))
    }

    /// Adds other fields after these.
    public mutating func append(_ more: LogFields) {
        self.list.append(contentsOf: more.list)
    }
}
