internal import JSON

/// The arguments of a tool call as Anthropic's clients take them: an object, always.
enum AnthropicToolInput {
    /// `arguments`, where they are an object, as they were written; `{}` for nothing and for null; anything else, which a model
    /// may well have written, as `{"_raw": "…"}`, so that the client sees what its tool was to get.
    static func object(_ arguments: [UInt8]) -> [UInt8] {
        guard arguments.contains(where: { $0 > 0x20 }) else { return Array("{}".utf8) }
        switch try? JSONReader().read(arguments, maximumBytes: arguments.count) {
        case .object: return arguments
        case .null: return Array("{}".utf8)
        default:
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("_raw")
            writer.string(arguments)
            writer.endObject()
            return writer.bytes
        }
    }
}
