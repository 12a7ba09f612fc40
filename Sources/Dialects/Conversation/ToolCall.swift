/// A tool that a model wants called.
public struct ToolCall: Hashable, Sendable {
    public var id: [UInt8]
    public var name: [UInt8]
    /// A JSON text, as the model wrote it: it may not be one. Empty means no arguments.
    public var arguments: [UInt8]
    public var cacheMark: CacheMark?

    public init(id: [UInt8], name: [UInt8], arguments: [UInt8], cacheMark: CacheMark? = nil) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.cacheMark = cacheMark
    }
}
