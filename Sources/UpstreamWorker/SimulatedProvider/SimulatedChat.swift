internal import Domain
internal import JSON

/// A simulated chat completion in OpenAI's grammar: as one body, or as events in steps.
///
/// A stream's steps: the first holds each choice's role (and the heads of tool calls); step k+1 holds the k-th token of each
/// choice; the last one the finish reasons, the usage if it was asked for, and `[DONE]`.
struct SimulatedChat {
    private let request: SimulatedChatRequest
    private let choices: [SimulatedChoice]
    private let id: String
    private let created: UInt64

    /// `created` is in seconds since 1970.
    init(_ request: SimulatedChatRequest, id: String, created: UInt64) {
        self.request = request
        self.choices = (0..<request.choices).map { SimulatedChoice(request, index: $0) }
        self.id = id
        self.created = created
    }

    var isStream: Bool { self.request.isStream }

    /// Tokens of the longest choice: what the pace goes by.
    var length: Int { self.choices.map(\.tokens.count).max() ?? 0 }

    /// Steps of the stream: `0...length + 1`.
    var lastStep: Int { self.length + 1 }

    // MARK: Whole

    func body() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        self.writeFront("chat.completion", &writer)
        writer.key("choices")
        writer.beginArray()
        for (index, choice) in self.choices.enumerated() {
            writer.beginObject()
            writer.key("index")
            writer.integer(index)
            writer.key("message")
            writer.beginObject()
            writer.key("role")
            writer.string("assistant")
            writer.key("content")
            if let call = choice.call {
                writer.null()
                writer.key("tool_calls")
                writer.beginArray()
                writer.beginObject()
                Self.write(call, arguments: choice.text, &writer)
                writer.endObject()
                writer.endArray()
            } else {
                writer.string(choice.text)
            }
            writer.key("refusal")
            writer.null()
            writer.endObject()
            writer.key("logprobs")
            writer.null()
            writer.key("finish_reason")
            writer.string(choice.finishReason)
            writer.endObject()
        }
        writer.endArray()
        self.writeUsage(&writer)
        writer.endObject()
        return writer.bytes
    }

    // MARK: Events

    /// The events of one step.
    func events(step: Int) -> [UInt8] {
        if step == 0 { return self.openings() }
        guard step <= self.length else { return self.endings() }
        var events: [UInt8] = []
        for (index, choice) in self.choices.enumerated() where step <= choice.tokens.count {
            let piece = Array(choice.text[choice.tokens[step - 1]])
            self.append(to: &events, index) { writer in
                guard choice.call != nil else {
                    writer.key("content")
                    writer.string(piece)
                    return
                }
                writer.key("tool_calls")
                writer.beginArray()
                writer.beginObject()
                writer.key("index")
                writer.integer(0)
                writer.key("function")
                writer.beginObject()
                writer.key("arguments")
                writer.string(piece)
                writer.endObject()
                writer.endObject()
                writer.endArray()
            }
        }
        return events
    }

    private func openings() -> [UInt8] {
        var events: [UInt8] = []
        for (index, choice) in self.choices.enumerated() {
            self.append(to: &events, index) { writer in
                writer.key("role")
                writer.string("assistant")
                writer.key("content")
                guard let call = choice.call else {
                    writer.string("")
                    writer.key("refusal")
                    writer.null()
                    return
                }
                writer.null()
                writer.key("tool_calls")
                writer.beginArray()
                writer.beginObject()
                writer.key("index")
                writer.integer(0)
                Self.write(call, arguments: [], &writer)
                writer.endObject()
                writer.endArray()
                writer.key("refusal")
                writer.null()
            }
        }
        return events
    }

    private func endings() -> [UInt8] {
        var events: [UInt8] = []
        for (index, choice) in self.choices.enumerated() {
            self.append(to: &events, index, finishReason: choice.finishReason) { _ in }
        }
        if self.request.includesUsage {
            var writer = JSONWriter(appendingTo: events + Array("data: ".utf8))
            writer.beginObject()
            self.writeFront("chat.completion.chunk", &writer)
            writer.key("choices")
            writer.beginArray()
            writer.endArray()
            self.writeUsage(&writer)
            writer.endObject()
            events = writer.bytes + [0x0A, 0x0A]
        }
        return events + Array("data: [DONE]\n\n".utf8)
    }

    private func append(
        to events: inout [UInt8], _ index: Int, finishReason: String? = nil, delta: (inout JSONWriter) -> Void
    ) {
        var writer = JSONWriter(appendingTo: events + Array("data: ".utf8))
        writer.beginObject()
        self.writeFront("chat.completion.chunk", &writer)
        writer.key("choices")
        writer.beginArray()
        writer.beginObject()
        writer.key("index")
        writer.integer(index)
        writer.key("delta")
        writer.beginObject()
        delta(&writer)
        writer.endObject()
        writer.key("logprobs")
        writer.null()
        writer.key("finish_reason")
        if let finishReason { writer.string(finishReason) } else { writer.null() }
        writer.endObject()
        writer.endArray()
        if self.request.includesUsage {
            writer.key("usage")
            writer.null()
        }
        writer.endObject()
        events = writer.bytes + [0x0A, 0x0A]
    }

    // MARK: Parts

    private func writeFront(_ object: String, _ writer: inout JSONWriter) {
        writer.key("id")
        writer.string("chatcmpl-\(self.id)")
        writer.key("object")
        writer.string(object)
        writer.key("created")
        writer.integer(self.created)
        writer.key("model")
        writer.string(self.request.model)
        writer.key("service_tier")
        writer.string("default")
        writer.key("system_fingerprint")
        writer.string("fp_simulated")
    }

    private static func write(_ call: SimulatedChoice.Call, arguments: [UInt8], _ writer: inout JSONWriter) {
        writer.key("id")
        writer.string(call.id)
        writer.key("type")
        writer.string("function")
        writer.key("function")
        writer.beginObject()
        writer.key("name")
        writer.string(call.name)
        writer.key("arguments")
        writer.string(arguments)
        writer.endObject()
    }

    private func writeUsage(_ writer: inout JSONWriter) {
        let completion = self.choices.reduce(0) { $0 + $1.completionTokens }
        writer.key("usage")
        writer.beginObject()
        writer.key("prompt_tokens")
        writer.integer(self.request.promptTokens)
        writer.key("completion_tokens")
        writer.integer(completion)
        writer.key("total_tokens")
        writer.integer(self.request.promptTokens + completion)
        writer.key("prompt_tokens_details")
        writer.beginObject()
        writer.key("cached_tokens")
        writer.integer(0)
        writer.endObject()
        writer.key("completion_tokens_details")
        writer.beginObject()
        writer.key("reasoning_tokens")
        writer.integer(0)
        writer.endObject()
        writer.endObject()
    }
}
