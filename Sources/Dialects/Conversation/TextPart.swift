public import JSON

/// Text of a message.
public struct TextPart: Hashable, Sendable {
    /// UTF-8.
    public var text: [UInt8]
    public var cacheMark: CacheMark?
    /// Where the model has it from, in Anthropic's shape (an array); nil where it cites nothing.
    public var citations: JSONValue?

    public init(_ text: [UInt8], cacheMark: CacheMark? = nil, citations: JSONValue? = nil) {
        self.text = text
        self.cacheMark = cacheMark
        self.citations = citations
    }
}
