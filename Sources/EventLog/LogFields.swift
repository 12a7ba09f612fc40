/// The varying part of an event, in the order it was written.
public struct LogFields: ExpressibleByDictionaryLiteral, Sendable {
    /// Under which swift-log's metadata carry the fields of one event.
    static let metadataKey = "sluice.fields"

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

/// Swift-log's metadata hold texts and what can become one.
extension LogFields: CustomStringConvertible {
    public var description: String { self.list.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
}
