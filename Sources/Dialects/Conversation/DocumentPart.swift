public import JSON

/// A document of a message, such as a PDF.
public struct DocumentPart: Hashable, Sendable {
    public var source: BinarySource
    /// Its title or file name.
    public var title: [UInt8]?
    public var cacheMark: CacheMark?
    /// Further members in Anthropic's words, such as `citations` and `context`.
    public var extras: [JSONValue.Member]

    public init(
        _ source: BinarySource, title: [UInt8]? = nil, cacheMark: CacheMark? = nil, extras: [JSONValue.Member] = []
    ) {
        self.source = source
        self.title = title
        self.cacheMark = cacheMark
        self.extras = extras
    }
}
