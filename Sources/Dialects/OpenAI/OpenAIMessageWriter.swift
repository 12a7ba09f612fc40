internal import Domain
internal import JSON

/// Writes the turns of a conversation as the `messages` of a chat request. Pure; one for each request.
struct OpenAIMessageWriter {
    private let row: ProviderRow
    private let unsupported: Unsupported
    private let paths: RequestPath
    private let turns: [Turn]
    private var writer: JSONWriter
    /// Index of the turn that is being written.
    private var turn = 0

    /// `writer` stands in the request's object.
    init(_ conversation: Conversation, _ context: TranslationContext, _ writer: JSONWriter) {
        self.row = context.row
        self.unsupported = Unsupported(context)
        self.paths = RequestPath(conversation, context)
        self.turns = conversation.turns
        self.writer = writer
    }

    /// Returns the writer behind the messages.
    mutating func write() throws(GatewayError) -> JSONWriter {
        self.writer.key("messages")
        self.writer.beginArray()
        for (index, turn) in self.turns.enumerated() {
            self.turn = index
            switch turn.role {
            case .system: try self.writePlain("system", turn)
            case .user: try self.writeUser(turn)
            case .assistant: try self.writeAssistant(turn)
            }
        }
        self.writer.endArray()
        return self.writer
    }

    private func path(_ part: Int) -> String {
        self.paths.part(self.turn, part, of: self.turns[self.turn].parts)
    }

    // MARK: Turns

    private mutating func writePlain(_ role: StaticString, _ turn: Turn) throws(GatewayError) {
        self.begin(role, turn.name)
        try self.writeContent(turn.parts.indices.map { ($0, turn.parts[$0]) })
        self.writer.endObject()
    }

    /// Results of tools are messages of their own, in front of what the user says beside them.
    private mutating func writeUser(_ turn: Turn) throws(GatewayError) {
        var others: [(Int, Part)] = []
        var attachments: [(Int, Part)] = []
        for (index, part) in turn.parts.enumerated() {
            if case .toolResult(let result) = part {
                attachments += try self.writeResult(result, index)
            } else {
                others.append((index, part))
            }
        }
        guard !others.isEmpty || !attachments.isEmpty else {
            if turn.parts.isEmpty { try self.writePlain("user", turn) }
            return
        }
        self.begin("user", turn.name)
        try self.writeContent(attachments + others)
        self.writer.endObject()
    }

    /// Writes the texts of a result. Returns what else it has, for the user's message behind it: in a tool's message the
    /// family takes text only.
    private mutating func writeResult(
        _ result: ToolResult, _ index: Int
    ) throws(GatewayError) -> [(Int, Part)] {
        var texts: [TextPart] = []
        var attachments: [(Int, Part)] = []
        for (inner, part) in result.parts.enumerated() {
            switch part {
            case .text(let text): texts.append(text)
            case .image, .document: attachments.append((index, part))
            default:
                try self.unsupported.member(
                    self.paths.part(
                        self.turn, index, of: self.turns[self.turn].parts, inner: inner, of: result.parts))
            }
        }
        if !attachments.isEmpty {
            let id = ToolCallID.fitted(result.id, length: self.row.callIDLength)
            attachments.insert((index, .text(TextPart(Array("Attachments of tool call ".utf8) + id + [0x3A]))), at: 0)
            if texts.isEmpty { texts.append(TextPart(Array("See the attachments in the next message.".utf8))) }
        }
        if result.isError {
            let begins = texts.first?.text.starts(with: "Error".utf8) ?? false
            if !begins { texts.insert(TextPart(Array("Error:".utf8)), at: 0) }
        }
        self.writer.beginObject()
        self.writer.key("role")
        self.writer.string("tool")
        self.writer.key("tool_call_id")
        self.writer.string(ToolCallID.fitted(result.id, length: self.row.callIDLength))
        self.writer.key("content")
        self.writeTexts(texts)
        if self.row.takesCacheMarks { Self.writeMark(result.cacheMark, &self.writer) }
        self.writer.endObject()
        return attachments
    }

    private mutating func writeAssistant(_ turn: Turn) throws(GatewayError) {
        var texts: [TextPart] = []
        var calls: [ToolCall] = []
        var thoughts = OpenAIThoughtWriter(self.row.thoughts)
        for (index, part) in turn.parts.enumerated() {
            switch part {
            case .text(let text): texts.append(text)
            case .refusal(let text): texts.append(TextPart(text))
            case .toolCall(let call): calls.append(call)
            case .thinking(let thinking): thoughts.add(thinking)
            case .redactedThinking(let data): thoughts.add(redacted: data)
            case .image, .document, .audio, .toolResult, .opaque:
                try self.unsupported.member(self.path(index))
            }
        }
        self.begin("assistant", turn.name)
        self.writer.key("content")
        if let part = thoughts.contentPart {
            self.writer.beginArray()
            self.writer.raw(part)
            for text in texts where !text.text.isEmpty { self.writeText(text) }
            self.writer.endArray()
        } else if texts.isEmpty && !calls.isEmpty {
            self.writer.null()
        } else {
            self.writeTexts(texts)
        }
        thoughts.writeMembers(&self.writer)
        if !calls.isEmpty {
            self.writer.key("tool_calls")
            self.writer.beginArray()
            for call in calls { self.writeCall(call) }
            self.writer.endArray()
        }
        self.writer.endObject()
    }

    private mutating func writeCall(_ call: ToolCall) {
        self.writer.beginObject()
        self.writer.key("id")
        self.writer.string(ToolCallID.fitted(call.id, length: self.row.callIDLength))
        self.writer.key("type")
        self.writer.string("function")
        self.writer.key("function")
        self.writer.beginObject()
        self.writer.key("name")
        self.writer.string(call.name)
        self.writer.key("arguments")
        self.writer.string(call.arguments.isEmpty ? Array("{}".utf8) : call.arguments)
        self.writer.endObject()
        self.writer.endObject()
    }

    private mutating func begin(_ role: StaticString, _ name: [UInt8]?) {
        self.writer.beginObject()
        self.writer.key("role")
        self.writer.string("\(role)")
        if let name, self.row.names == .everywhere {
            self.writer.key("name")
            self.writer.string(name)
        }
    }

    // MARK: Content

    private mutating func writeContent(_ parts: [(Int, Part)]) throws(GatewayError) {
        self.writer.key("content")
        var texts: [TextPart] = []
        for case (_, .text(let text)) in parts { texts.append(text) }
        guard texts.count < parts.count else { return self.writeTexts(texts) }
        self.writer.beginArray()
        for (index, part) in parts {
            switch part {
            case .text(let text): self.writeText(text)
            case .refusal(let text): self.writeText(TextPart(text))
            case .image(let image): try self.writeImage(image, index)
            case .document(let document): try self.writeDocument(document, index)
            case .audio(let audio): self.writeAudio(audio)
            case .toolCall, .toolResult, .opaque: try self.unsupported.member(self.path(index))
            case .thinking, .redactedThinking: break
            }
        }
        self.writer.endArray()
    }

    /// A string where that is all it takes, or all the provider takes.
    private mutating func writeTexts(_ texts: [TextPart]) {
        let isMarked = self.row.takesCacheMarks && texts.contains { $0.cacheMark != nil }
        if isMarked || (texts.count > 1 && self.row.takesToolContentLists) {
            self.writer.beginArray()
            for text in texts { self.writeText(text) }
            self.writer.endArray()
        } else {
            self.writer.string(Array(texts.map(\.text).joined(separator: [0x0A])))
        }
    }

    private mutating func writeText(_ text: TextPart) {
        self.begin(part: "text")
        self.writer.key("text")
        self.writer.string(text.text)
        self.endPart(text.cacheMark)
    }

    private mutating func writeImage(_ image: ImagePart, _ index: Int) throws(GatewayError) {
        let url: [UInt8]
        switch image.source {
        case .base64(let mediaType, let data): url = Self.dataURL(mediaType, data)
        case .url(let text): url = text
        case .file, .text: return try self.unsupported.member(self.path(index))
        }
        self.begin(part: "image_url")
        self.writer.key("image_url")
        self.writer.beginObject()
        self.writer.key("url")
        self.writer.string(url)
        if let detail = image.detail {
            self.writer.key("detail")
            self.writer.string(detail)
        }
        self.writer.endObject()
        self.endPart(image.cacheMark)
    }

    private mutating func writeDocument(_ document: DocumentPart, _ index: Int) throws(GatewayError) {
        let cites = document.extras.contains { member in
            JSONName.equals(member.key, "citations") && member.value["enabled"] == .bool(true)
        }
        if cites { try self.unsupported.member(self.path(index) + ".citations") }
        switch document.source {
        case .text(let text):
            let title = document.title.map { $0 + [0x0A] } ?? []
            self.writeText(TextPart(title + text, cacheMark: document.cacheMark))
        case .base64(let mediaType, let data) where self.row.takesFiles:
            self.begin(part: "file")
            self.writer.key("file")
            self.writer.beginObject()
            self.writer.key("filename")
            self.writer.string(document.title ?? Array("document.pdf".utf8))
            self.writer.key("file_data")
            self.writer.string(Self.dataURL(mediaType, data))
            self.writer.endObject()
            self.endPart(document.cacheMark)
        case .base64, .url, .file: try self.unsupported.member(self.path(index))
        }
    }

    private mutating func writeAudio(_ audio: AudioPart) {
        self.begin(part: "input_audio")
        self.writer.key("input_audio")
        self.writer.beginObject()
        self.writer.key("data")
        self.writer.string(audio.data)
        self.writer.key("format")
        self.writer.string(audio.format)
        self.writer.endObject()
        self.endPart(nil)
    }

    private mutating func begin(part type: StaticString) {
        self.writer.beginObject()
        self.writer.key("type")
        self.writer.string("\(type)")
    }

    private mutating func endPart(_ mark: CacheMark?) {
        if self.row.takesCacheMarks { Self.writeMark(mark, &self.writer) }
        self.writer.endObject()
    }

    /// `cache_control`, where there is a mark.
    static func writeMark(_ mark: CacheMark?, _ writer: inout JSONWriter) {
        guard let mark else { return }
        writer.key("cache_control")
        writer.raw(Array((mark == .hour ? #"{"type":"ephemeral","ttl":"1h"}"# : #"{"type":"ephemeral"}"#).utf8))
    }

    /// `data:TYPE;base64,DATA`
    static func dataURL(_ mediaType: [UInt8], _ data: [UInt8]) -> [UInt8] {
        var url: [UInt8] = []
        url.reserveCapacity(mediaType.count &+ data.count &+ 13)
        url += "data:".utf8
        url += mediaType
        url += ";base64,".utf8
        url += data
        return url
    }
}
