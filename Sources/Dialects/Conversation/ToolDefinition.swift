public import JSON

/// A tool that a model may call.
public enum ToolDefinition: Hashable, Sendable {
    /// One of the caller's.
    case function(Function)
    /// One of the provider's own, such as a web search; whole, as the front door's dialect writes it.
    case opaque(JSONValue)

    public struct Function: Hashable, Sendable {
        public var name: [UInt8]
        public var description: [UInt8]?
        /// A JSON Schema; nil where the tool takes no arguments.
        public var parameters: JSONValue?
        /// The model must keep to the schema exactly.
        public var isStrict: Bool?
        public var cacheMark: CacheMark?
        /// Further members in Anthropic's words, such as `defer_loading`.
        public var extras: [JSONValue.Member]

        public init(
            name: [UInt8], description: [UInt8]? = nil, parameters: JSONValue? = nil, isStrict: Bool? = nil,
            cacheMark: CacheMark? = nil, extras: [JSONValue.Member] = []
        ) {
            self.name = name
            self.description = description
            self.parameters = parameters
            self.isStrict = isStrict
            self.cacheMark = cacheMark
            self.extras = extras
        }
    }
}
