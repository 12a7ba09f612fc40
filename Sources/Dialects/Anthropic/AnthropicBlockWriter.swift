internal import Domain
internal import JSON

/// Writes the blocks of Anthropic's messages. Pure but for the reader it shares with its loop.
struct AnthropicBlockWriter {
    let paths: RequestPath
    let turns: [Turn]
    let reader: DialectReader

    // MARK: Content

    /// `system`: always blocks.
    func system(_ blocks: [AnthropicMessages.Block], into writer: inout JSONWriter) throws(GatewayError) {
        writer.beginArray()
        for block in blocks { try self.write(block, into: &writer) }
        writer.endArray()
    }

    /// One message; plain text alone is written as a string.
    func message(_ message: AnthropicMessages.Message, into writer: inout JSONWriter) throws(GatewayError) {
        writer.beginObject()
        writer.key("role")
        switch message.role {
        case .system: writer.string("system")
        case .user: writer.string("user")
        case .assistant: writer.string("assistant")
        }
        writer.key("content")
        if message.blocks.count == 1, let text = Self.plainText(message.blocks[0].part) {
            writer.string(text)
        } else {
            writer.beginArray()
            for block in message.blocks { try self.write(block, into: &writer) }
            writer.endArray()
        }
        writer.endObject()
    }

    private static func plainText(_ part: Part) -> [UInt8]? {
        switch part {
        case .text(let text): text.cacheMark == nil && text.citations == nil ? text.text : nil
        case .refusal(let text): text
        default: nil
        }
    }

    private func write(_ block: AnthropicMessages.Block, into writer: inout JSONWriter) throws(GatewayError) {
        switch block.part {
        case .toolCall(let call): try self.write(call, block, into: &writer)
        case .toolResult(let result): self.write(result, into: &writer)
        default: self.write(block.part, into: &writer)
        }
    }

    private func write(_ part: Part, into writer: inout JSONWriter) {
        switch part {
        case .text(let text):
            self.begin("text", into: &writer)
            writer.key("text")
            writer.string(text.text)
            if let citations = text.citations {
                writer.key("citations")
                writer.value(citations)
            }
            self.end(text.cacheMark, into: &writer)
        case .refusal(let text):
            self.begin("text", into: &writer)
            writer.key("text")
            writer.string(text)
            self.end(nil, into: &writer)
        case .image(let image):
            self.begin("image", into: &writer)
            self.source(image.source, isDocument: false, into: &writer)
            self.end(image.cacheMark, into: &writer)
        case .document(let document): self.write(document, into: &writer)
        case .thinking(let thinking):
            self.begin("thinking", into: &writer)
            writer.key("thinking")
            writer.string(thinking.text)
            writer.key("signature")
            writer.string(thinking.signature)
            self.end(nil, into: &writer)
        case .redactedThinking(let data):
            self.begin("redacted_thinking", into: &writer)
            writer.key("data")
            writer.string(data)
            self.end(nil, into: &writer)
        case .opaque(let value): writer.value(value)
        // Calls and results are written with their place; sound was sorted out before.
        case .toolCall, .toolResult, .audio: break
        }
    }

    // MARK: Documents and images

    private func write(_ document: DocumentPart, into writer: inout JSONWriter) {
        self.begin("document", into: &writer)
        if !document.extras.contains(where: { JSONName.equals($0.key, "source") }) {
            self.source(document.source, isDocument: true, into: &writer)
        }
        if let title = document.title {
            writer.key("title")
            writer.string(title)
        }
        for member in document.extras { writer.member(member) }
        self.end(document.cacheMark, into: &writer)
    }

    private func source(_ source: BinarySource, isDocument: Bool, into writer: inout JSONWriter) {
        writer.key("source")
        switch source {
        case .base64(let mediaType, let data):
            // Of documents only PDF is taken in base64.
            if isDocument, mediaType.starts(with: "text/".utf8), let text = Base64.text(data) {
                self.source(.text(text), into: &writer)
                return
            }
            self.begin("base64", into: &writer)
            writer.key("media_type")
            writer.string(mediaType)
            writer.key("data")
            writer.string(data)
            writer.endObject()
        case .url(let url):
            self.begin("url", into: &writer)
            writer.key("url")
            writer.string(url)
            writer.endObject()
        case .file(let id):
            self.begin("file", into: &writer)
            writer.key("file_id")
            writer.string(id)
            writer.endObject()
        case .text: self.source(source, into: &writer)
        }
    }

    private func source(_ source: BinarySource, into writer: inout JSONWriter) {
        guard case .text(let text) = source else { return writer.null() }
        self.begin("text", into: &writer)
        writer.key("media_type")
        writer.string("text/plain")
        writer.key("data")
        writer.string(text)
        writer.endObject()
    }

    // MARK: Tools

    private func write(
        _ call: ToolCall, _ block: AnthropicMessages.Block, into writer: inout JSONWriter
    ) throws(GatewayError) {
        self.begin("tool_use", into: &writer)
        writer.key("id")
        writer.string(Self.callID(call.id))
        writer.key("name")
        writer.string(call.name)
        writer.key("input")
        if AnthropicMessages.isBlank(call.arguments) {
            writer.raw(Array("{}".utf8))
        } else {
            guard
                let tree = try? self.reader.trees.read(call.arguments, maximumBytes: call.arguments.count),
                case .object = tree
            else {
                let path = "\(self.paths.part(block.turn, block.index, of: self.turns[block.turn].parts))"
                throw RequestFault.invalidValue(
                    "\(path).function.arguments", "the arguments of a call have to be the JSON text of an object.")
            }
            writer.raw(call.arguments)
        }
        self.end(call.cacheMark, into: &writer)
    }

    private func write(_ result: ToolResult, into writer: inout JSONWriter) {
        self.begin("tool_result", into: &writer)
        writer.key("tool_use_id")
        writer.string(Self.callID(result.id))
        if result.parts.count == 1, let text = Self.plainText(result.parts[0]) {
            writer.key("content")
            writer.string(text)
        } else if !result.parts.isEmpty {
            writer.key("content")
            writer.beginArray()
            for part in result.parts { self.write(part, into: &writer) }
            writer.endArray()
        }
        if result.isError {
            writer.key("is_error")
            writer.bool(true)
        }
        self.end(result.cacheMark, into: &writer)
    }

    /// Anthropic takes ids of letters, digits, `_` and `-` only; other providers make others. The same for a call and its result.
    private static func callID(_ id: [UInt8]) -> [UInt8] {
        id.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): byte
            default: UInt8(ascii: "_")
            }
        }
    }

    // MARK: Objects

    private func begin(_ type: StaticString, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.string("\(type)")
    }

    private func end(_ mark: CacheMark?, into writer: inout JSONWriter) {
        if let mark { mark.write(into: &writer) }
        writer.endObject()
    }
}

extension CacheMark {
    /// The member `cache_control`.
    func write(into writer: inout JSONWriter) {
        writer.key("cache_control")
        writer.beginObject()
        writer.key("type")
        writer.string("ephemeral")
        if self == .hour {
            writer.key("ttl")
            writer.string("1h")
        }
        writer.endObject()
    }
}
