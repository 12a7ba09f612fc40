/// An image of a message.
public struct ImagePart: Hashable, Sendable {
    public var source: BinarySource
    /// OpenAI's `detail`: how closely the model looks.
    public var detail: [UInt8]?
    public var cacheMark: CacheMark?

    public init(_ source: BinarySource, detail: [UInt8]? = nil, cacheMark: CacheMark? = nil) {
        self.source = source
        self.detail = detail
        self.cacheMark = cacheMark
    }
}
