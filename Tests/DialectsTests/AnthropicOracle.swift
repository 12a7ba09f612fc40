import JSON

/// What a plain reading of an Anthropic stream or message, on the whole at once, says.
struct AnthropicOracle: Equatable {
    struct Call: Equatable {
        var id: [UInt8]
        var name: [UInt8]
        /// As JSON, where it is valid.
        var input: JSONValue?
        var raw: [UInt8] = []
    }

    var id: [UInt8] = []
    var model: [UInt8] = []
    var text: [UInt8] = []
    var thinking: [UInt8] = []
    var signatures: [[UInt8]] = []
    var redacted: [[UInt8]] = []
    var citations: [JSONValue] = []
    var calls: [Call] = []
    var stopReason: [UInt8]?
    var stopSequence: [UInt8]?
    var explanation: [UInt8]?
    /// By name, the last one told.
    var usage: [String: Int64] = [:]
    var error: [UInt8]?
    /// Whether the events follow Anthropic's grammar.
    var isWellFormed = true

    init(stream body: [UInt8]) {
        var types: [Int64: [UInt8]] = [:]
        var open: Int64?
        var next: Int64 = 0
        var stopped = false
        for raw in StreamOracle.events(body) {
            guard let event = StreamOracle.json(raw), let type = event["type"]?.string else { continue }
            let line = String(decoding: raw, as: UTF8.self).split(separator: "\n").first.map(String.init)
            if line != "event: " + String(decoding: type, as: UTF8.self) { self.isWellFormed = false }
            if stopped { self.isWellFormed = false }
            let index = event["index"]?.integer ?? -1
            switch String(decoding: type, as: UTF8.self) {
            case "message_start":
                let message = event["message"]
                self.id = message?["id"]?.string ?? []
                self.model = message?["model"]?.string ?? []
                self.read(usage: message?["usage"])
            case "content_block_start":
                if open != nil || index != next { self.isWellFormed = false }
                open = index
                next = index + 1
                guard let block = event["content_block"] else { continue }
                types[index] = block["type"]?.string
                self.read(block: block, isStream: true)
            case "content_block_delta":
                if open != index { self.isWellFormed = false }
                self.read(delta: event["delta"], in: types[index])
            case "content_block_stop":
                if open != index { self.isWellFormed = false }
                open = nil
            case "message_delta":
                self.read(stop: event["delta"])
                self.read(usage: event["usage"])
            case "message_stop": stopped = true
            case "error": self.error = event["error"]?["message"]?.string
            default: break
            }
        }
        self.finishCalls()
    }

    init(message: JSONValue) {
        self.id = message["id"]?.string ?? []
        self.model = message["model"]?.string ?? []
        for block in message["content"]?.array ?? [] { self.read(block: block, isStream: false) }
        self.read(stop: message)
        self.read(usage: message["usage"])
        self.finishCalls()
    }

    private mutating func finishCalls() {
        for index in self.calls.indices where self.calls[index].input == nil || !self.calls[index].raw.isEmpty {
            let raw = self.calls[index].raw.isEmpty ? Array("{}".utf8) : self.calls[index].raw
            self.calls[index].input = try? JSONReader().read(raw, maximumBytes: 1 << 20)
            if self.calls[index].input != nil { self.calls[index].raw = [] }
        }
    }

    private mutating func read(block: JSONValue, isStream: Bool) {
        switch block["type"]?.string.map({ String(decoding: $0, as: UTF8.self) }) {
        case "text":
            self.text += block["text"]?.string ?? []
            self.citations += block["citations"]?.array ?? []
        case "thinking":
            self.thinking += block["thinking"]?.string ?? []
            if let signature = block["signature"]?.string, !signature.isEmpty { self.signatures.append(signature) }
        case "redacted_thinking": self.redacted.append(block["data"]?.string ?? [])
        case "tool_use":
            let input = block["input"]
            self.calls.append(
                Call(
                    id: block["id"]?.string ?? [], name: block["name"]?.string ?? [],
                    input: isStream && input == .object([]) ? nil : input))
        default: break
        }
    }

    private mutating func read(delta: JSONValue?, in block: [UInt8]?) {
        switch delta?["type"]?.string.map({ String(decoding: $0, as: UTF8.self) }) {
        case "text_delta": self.text += delta?["text"]?.string ?? []
        case "thinking_delta": self.thinking += delta?["thinking"]?.string ?? []
        case "signature_delta": self.signatures.append(delta?["signature"]?.string ?? [])
        case "citations_delta": if let citation = delta?["citation"] { self.citations.append(citation) }
        case "input_json_delta":
            guard block?.elementsEqual("tool_use".utf8) == true, !self.calls.isEmpty else { break }
            self.calls[self.calls.count - 1].raw += delta?["partial_json"]?.string ?? []
        default: break
        }
    }

    private mutating func read(stop: JSONValue?) {
        self.stopReason = stop?["stop_reason"]?.string ?? self.stopReason
        self.stopSequence = stop?["stop_sequence"]?.string ?? self.stopSequence
        self.explanation = stop?["stop_details"]?["explanation"]?.string ?? self.explanation
    }

    private mutating func read(usage: JSONValue?) {
        for name in ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"] {
            guard case .object(let members)? = usage,
                let value = members.first(where: { $0.key.elementsEqual(name.utf8) })?.value.integer
            else { continue }
            self.usage[name] = value
        }
    }

    /// What OpenAI calls `prompt_tokens`.
    var promptTokens: Int64 {
        (self.usage["input_tokens"] ?? 0) + (self.usage["cache_read_input_tokens"] ?? 0)
            + (self.usage["cache_creation_input_tokens"] ?? 0)
    }
}
