internal import Domain
internal import JSON

/// Reads the `content` of a message: a string or a list of parts. Pure.
enum OpenAIPartReader {
    /// Which parts may stand in a message.
    enum Kinds {
        /// Text only.
        case text
        case user
        /// A tool's: text, and pictures of what it saw.
        case result
        /// An assistant's: text and refusals, and thoughts as Mistral has them.
        case answer

        var names: [String] {
            switch self {
            case .text: ["text"]
            case .user: ["text", "image_url", "input_audio", "file"]
            case .result: ["text", "image_url", "file"]
            case .answer: ["text", "refusal", "thinking"]
            }
        }
    }

    /// The parts; none where the content is null, absent or an empty string. A `cache_control` of the message goes to its last
    /// part.
    static func parts(_ message: RequestObject, _ kinds: Kinds) throws(GatewayError) -> [Part] {
        var parts: [Part] = []
        switch message.value("content") {
        case nil: break
        case .string(let text): if !text.isEmpty { parts.append(.text(TextPart(text))) }
        case .array(let elements):
            parts.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                parts.append(try self.part(element, "\(message.path("content"))[\(index)]", kinds))
            }
        case let other?:
            throw RequestFault.invalidType(
                message.path("content"), expected: "one of a string or array of objects", got: other)
        }
        if let mark = try self.cacheMark(message) { self.mark(&parts, mark) }
        return parts
    }

    private static func part(_ value: JSONValue, _ path: String, _ kinds: Kinds) throws(GatewayError) -> Part {
        // Old clients list plain strings.
        if case .string(let text) = value { return .text(TextPart(text)) }
        let part = try RequestObject(value, path: path)
        let type = try part.requiredString("type")
        let supported = kinds.names
        guard supported.contains(where: { $0.utf8.elementsEqual(type) }) else {
            throw RequestFault.invalidWord(part.path("type"), type, supported: supported)
        }
        let mark = try self.cacheMark(part)
        if JSONName.equals(type, "image_url") { return .image(try self.image(part, mark)) }
        if JSONName.equals(type, "input_audio") {
            let audio = try part.requiredObject("input_audio")
            return .audio(
                AudioPart(data: try audio.requiredString("data"), format: try audio.requiredString("format")))
        }
        if JSONName.equals(type, "file") { return .document(try self.document(part, mark)) }
        if JSONName.equals(type, "refusal") { return .refusal(try part.requiredString("refusal")) }
        if JSONName.equals(type, "thinking") { return .thinking(ThinkingPart(try self.thought(part))) }
        return .text(TextPart(try part.requiredString("text"), cacheMark: mark))
    }

    /// A string, or a list of texts.
    private static func thought(_ part: RequestObject) throws(GatewayError) -> [UInt8] {
        if case .string(let text) = part.value("thinking") { return text }
        var text: [UInt8] = []
        for (index, value) in (try part.array("thinking") ?? []).enumerated() {
            let piece = try RequestObject(value, path: "\(part.path("thinking"))[\(index)]")
            text += try piece.string("text") ?? []
        }
        return text
    }

    private static func image(_ part: RequestObject, _ mark: CacheMark?) throws(GatewayError) -> ImagePart {
        let url: [UInt8]
        let path: String
        var detail: [UInt8]?
        if case .string(let text) = part.value("image_url") {
            (url, path) = (text, part.path("image_url"))
        } else {
            let image = try part.requiredObject("image_url")
            (url, path) = (try image.requiredString("url"), image.path("url"))
            detail = try image.string("detail")
        }
        guard let source = BinarySource(url: url) else {
            throw RequestFault.error(
                "invalid_image_url",
                "Invalid '\(path)': expected an http or https URL, or a base64 data URL such as data:image/png;base64,….",
                path)
        }
        return ImagePart(source, detail: detail, cacheMark: mark)
    }

    private static func document(_ part: RequestObject, _ mark: CacheMark?) throws(GatewayError) -> DocumentPart {
        let file = try part.requiredObject("file")
        let title = try file.string("filename")
        if let id = try file.string("file_id") { return DocumentPart(.file(id), title: title, cacheMark: mark) }
        guard let data = try file.string("file_data") else { throw RequestFault.missing(file.path("file_data")) }
        guard let source = BinarySource(url: data) else {
            throw RequestFault.invalidValue(
                file.path("file_data"), "expected a base64 data URL such as data:application/pdf;base64,….")
        }
        return DocumentPart(source, title: title, cacheMark: mark)
    }

    // MARK: Cache marks

    /// The `cache_control` of a part, a message, a call or a tool.
    static func cacheMark(_ object: RequestObject) throws(GatewayError) -> CacheMark? {
        guard let control = try object.object("cache_control") else { return nil }
        let type = try control.requiredString("type")
        guard JSONName.equals(type, "ephemeral") else {
            throw RequestFault.invalidWord(control.path("type"), type, supported: ["ephemeral"])
        }
        guard let life = try control.string("ttl") else { return .usual }
        if JSONName.equals(life, "5m") { return .usual }
        guard JSONName.equals(life, "1h") else {
            throw RequestFault.invalidWord(control.path("ttl"), life, supported: ["5m", "1h"])
        }
        return .hour
    }

    /// Sets the mark of the last part that can have one.
    static func mark(_ parts: inout [Part], _ mark: CacheMark?) {
        guard let last = parts.indices.last else { return }
        switch parts[last] {
        case .text(var text):
            text.cacheMark = mark
            parts[last] = .text(text)
        case .image(var image):
            image.cacheMark = mark
            parts[last] = .image(image)
        case .document(var document):
            document.cacheMark = mark
            parts[last] = .document(document)
        default: break
        }
    }
}
