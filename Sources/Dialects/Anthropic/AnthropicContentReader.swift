internal import Domain
internal import JSON

/// Reads the content of Anthropic's messages: a string, or an array of blocks. Pure.
///
/// Blocks that only Anthropic knows (server tools and their results, search results, what is newer than this) stay whole, as
/// `Part.opaque`.
enum AnthropicContentReader {
    static func parts(_ value: JSONValue, path: String) throws(GatewayError) -> [Part] {
        switch value {
        case .string(let text): return [.text(TextPart(text))]
        case .array(let blocks):
            var parts: [Part] = []
            parts.reserveCapacity(blocks.count)
            for (index, block) in blocks.enumerated() {
                parts.append(try self.part(AnthropicObject(block, path: "\(path).\(index)")))
            }
            return parts
        default: throw AnthropicFault.invalidType(path, "a valid string")
        }
    }

    private static func part(_ block: AnthropicObject) throws(GatewayError) -> Part {
        let tag = try block.tag()
        if JSONName.equals(tag, "text") { return .text(try self.text(block)) }
        if JSONName.equals(tag, "image") {
            return .image(ImagePart(try self.imageSource(block), cacheMark: try block.cacheMark()))
        }
        if JSONName.equals(tag, "document") { return try self.document(block) }
        if JSONName.equals(tag, "tool_use") { return .toolCall(try self.call(block)) }
        if JSONName.equals(tag, "tool_result") { return .toolResult(try self.result(block)) }
        if JSONName.equals(tag, "thinking") {
            return .thinking(
                ThinkingPart(
                    try block.requiredString("thinking"), signature: try block.string("signature") ?? []))
        }
        if JSONName.equals(tag, "redacted_thinking") {
            return .redactedThinking(try block.requiredString("data"))
        }
        return .opaque(block.value)
    }

    // MARK: Text

    private static func text(_ block: AnthropicObject) throws(GatewayError) -> TextPart {
        let citations = try block.array("citations").map { JSONValue.array($0) }
        return TextPart(
            try block.requiredString("text"), cacheMark: try block.cacheMark(),
            citations: citations == .array([]) ? nil : citations)
    }

    // MARK: Images and documents

    private static func imageSource(_ block: AnthropicObject) throws(GatewayError) -> BinarySource {
        let source = try AnthropicObject(try block.required("source"), path: block.path("source"))
        let tag = try source.tag()
        guard let known = try self.source(source, tag) else {
            throw AnthropicFault.unknownTag(source.path, tag, expected: ["base64", "file", "url"])
        }
        return known
    }

    /// What images and documents both have; nil for another tag.
    private static func source(_ source: AnthropicObject, _ tag: [UInt8]) throws(GatewayError) -> BinarySource? {
        if JSONName.equals(tag, "base64") {
            return .base64(
                mediaType: try source.requiredString("media_type"), data: try source.requiredString("data"))
        }
        if JSONName.equals(tag, "url") { return .url(try source.requiredString("url")) }
        if JSONName.equals(tag, "file") { return .file(try source.requiredString("file_id")) }
        return nil
    }

    private static func document(_ block: AnthropicObject) throws(GatewayError) -> Part {
        let source = try AnthropicObject(try block.required("source"), path: block.path("source"))
        let tag = try source.tag()
        var document = DocumentPart(
            .text([]), title: try block.string("title"), cacheMark: try block.cacheMark(),
            extras: block.members.others(than: ["type", "source", "title", "cache_control"]))
        if let known = try self.source(source, tag) {
            document.source = known
        } else if JSONName.equals(tag, "text") {
            document.source = .text(try source.requiredString("data"))
        } else if JSONName.equals(tag, "content") {
            let content = try self.parts(try source.required("content"), path: source.path("content"))
            guard let text = self.plainText(content) else { return .opaque(block.value) }
            document.source = .text(text)
            // Its division into blocks is what citations count by, so Anthropic gets it as it was.
            document.extras.append(JSONValue.Member(key: Array("source".utf8), value: source.value))
        } else {
            throw AnthropicFault.unknownTag(
                source.path, tag, expected: ["base64", "content", "file", "text", "url"])
        }
        return .document(document)
    }

    /// The texts, one behind the other; nil where there is anything else.
    private static func plainText(_ parts: [Part]) -> [UInt8]? {
        var text: [UInt8] = []
        for part in parts {
            guard case .text(let piece) = part else { return nil }
            if !text.isEmpty { text.append(0x0A) }
            text += piece.text
        }
        return text
    }

    // MARK: Tools

    private static func call(_ block: AnthropicObject) throws(GatewayError) -> ToolCall {
        let input = try AnthropicObject(try block.required("input"), path: block.path("input"))
        var writer = JSONWriter()
        writer.value(input.value)
        return ToolCall(
            id: try block.requiredString("id"), name: try block.requiredString("name"), arguments: writer.bytes,
            cacheMark: try block.cacheMark())
    }

    private static func result(_ block: AnthropicObject) throws(GatewayError) -> ToolResult {
        let content = block.value("content")
        return ToolResult(
            id: try block.requiredString("tool_use_id"),
            parts: try content.map { (value) throws(GatewayError) in try self.parts(value, path: block.path("content"))
            }
                ?? [],
            isError: try block.bool("is_error") ?? false, cacheMark: try block.cacheMark())
    }
}
