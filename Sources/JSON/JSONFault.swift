/// Why a text could not be read as JSON.
public struct JSONFault: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Kind: UInt8, Sendable {
        /// The text is not JSON: a quote, bracket, comma, colon or value is missing, wrong or too many.
        case malformed
        /// The text is not UTF-8.
        case invalidUTF8
        /// Brackets nest deeper than the reader allows.
        case tooDeep
        /// The text is longer than the reader allows, or there was no memory for reading it.
        case tooLarge
    }

    public var kind: Kind
    /// Bytes in front of the fault, where that is known.
    public var offset: Int?

    public init(_ kind: Kind, offset: Int? = nil) {
        self.kind = kind
        self.offset = offset
    }
}
