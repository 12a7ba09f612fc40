/// What a tool that was called gave.
public struct ToolResult: Hashable, Sendable {
    /// The call's id.
    public var id: [UInt8]
    /// Text, images, documents; `opaque` for what only one dialect knows.
    public var parts: [Part]
    /// The tool failed.
    public var isError: Bool
    public var cacheMark: CacheMark?

    public init(id: [UInt8], parts: [Part], isError: Bool = false, cacheMark: CacheMark? = nil) {
        self.id = id
        self.parts = parts
        self.isError = isError
        self.cacheMark = cacheMark
    }
}
