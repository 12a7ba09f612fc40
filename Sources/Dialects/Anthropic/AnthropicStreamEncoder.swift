internal import Domain
internal import JSON

/// Writes Anthropic's stream events. Pure.
///
/// Only the first choice is told: this front door knows no others. Whatever order a provider keeps, blocks begin and end one
/// after the other (`AnthropicBlockQueue`).
struct AnthropicStreamEncoder: StreamEncoder {
    private let nonce: [UInt8]
    private var id: [UInt8] = []
    private var model: [UInt8] = []
    private var hasBegun = false
    private var queue = AnthropicBlockQueue()
    private var steps: [AnthropicBlockQueue.Step] = []
    /// The number of the block that was started last.
    private var index = -1
    private var usage: TokenUsage?
    private var finish: ReplyFinish?
    private var hasToolCalls = false
    private var hasRefusal = false

    init(_ context: TranslationContext) {
        self.nonce = context.nonce
    }

    mutating func encode(_ event: ReplyEvent, into output: inout [UInt8]) {
        switch event {
        case .begin(let id, let model, _):
            if self.id.isEmpty { self.id = id }
            if self.model.isEmpty { self.model = model }
            return
        case .usage(let usage, _):
            self.usage = usage
            return
        case .text(0, let bytes):
            guard !bytes.isEmpty else { return }
            self.queue.add(.text(bytes), into: &self.steps)
        case .refusal(0, let bytes):
            guard !bytes.isEmpty else { return }
            self.hasRefusal = true
            self.queue.add(.text(bytes), into: &self.steps)
        case .thinking(0, let bytes):
            guard !bytes.isEmpty else { return }
            self.queue.add(.thinking(bytes), into: &self.steps)
        case .signature(0, let bytes):
            guard !bytes.isEmpty else { return }
            self.queue.add(.signature(bytes), into: &self.steps)
        case .redactedThinking(0, let data):
            guard !data.isEmpty else { return }
            self.queue.begin(.redactedThinking(data), into: &self.steps)
        case .citation(0, let citation):
            self.queue.add(.citation(citation), into: &self.steps)
        case .toolCall(0, let index, let id, let name):
            self.hasToolCalls = true
            let id = id.isEmpty ? ToolCallID.made(index, self.nonce) : id
            self.queue.begin(.tool(call: index, id: id, name: name), into: &self.steps)
        case .arguments(0, let index, let bytes):
            self.queue.addInput(bytes, call: index, into: &self.steps)
        case .finish(0, let finish):
            // Some say it twice: the one that says more counts.
            if self.finish == nil || self.finish?.reason == .some(.other) { self.finish = finish }
            return
        default: return
        }
        self.write(into: &output)
    }

    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8]) {
        self.queue.end(into: &self.steps)
        self.write(into: &output)
        self.begin(into: &output)
        let word = AnthropicFinish.word(
            self.finish, hasToolCalls: self.hasToolCalls, hasRefusal: self.hasRefusal)
        Self.event("message_delta", into: &output) { writer in
            writer.key("delta")
            writer.beginObject()
            AnthropicReplyWriter.writeStop(word, self.finish, into: &writer)
            writer.endObject()
            writer.key("usage")
            AnthropicUsageWriter.write(usage ?? self.usage, isEstimated: isEstimated, into: &writer)
        }
        Self.event("message_stop", into: &output) { _ in }
    }

    // MARK: Events

    private mutating func write(into output: inout [UInt8]) {
        guard !self.steps.isEmpty else { return }
        self.begin(into: &output)
        for step in self.steps {
            switch step {
            case .start(let kind):
                self.index &+= 1
                self.start(kind, into: &output)
            case .piece(let piece): self.delta(piece, into: &output)
            case .stop:
                let index = self.index
                Self.event("content_block_stop", into: &output) { writer in
                    writer.key("index")
                    writer.integer(index)
                }
            }
        }
        self.steps.removeAll(keepingCapacity: true)
    }

    private mutating func begin(into output: inout [UInt8]) {
        guard !self.hasBegun else { return }
        self.hasBegun = true
        let id = AnthropicName.message(self.id, self.nonce)
        Self.event("message_start", into: &output) { writer in
            writer.key("message")
            writer.beginObject()
            AnthropicReplyWriter.writeHead(id: id, model: self.model, into: &writer)
            writer.key("content")
            writer.beginArray()
            writer.endArray()
            AnthropicReplyWriter.writeStop(nil, nil, into: &writer)
            writer.key("usage")
            // What it came to is told at the end.
            var prompt = self.usage
            prompt?.output = 0
            prompt?.reasoning = 0
            prompt?.audioOutput = 0
            AnthropicUsageWriter.write(prompt, isEstimated: false, into: &writer)
            writer.endObject()
        }
    }

    private func start(_ kind: AnthropicBlockQueue.Kind, into output: inout [UInt8]) {
        let index = self.index
        Self.event("content_block_start", into: &output) { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("content_block")
            switch kind {
            case .text: AnthropicReplyWriter.writeText([], nil, into: &writer)
            case .thinking: AnthropicReplyWriter.writeThinking([], signature: [], into: &writer)
            case .redactedThinking(let data): AnthropicReplyWriter.writeRedactedThinking(data, into: &writer)
            case .tool(_, let id, let name):
                AnthropicReplyWriter.writeToolUse(id: id, name: name, input: Array("{}".utf8), into: &writer)
            }
        }
    }

    private func delta(_ piece: AnthropicBlockQueue.Piece, into output: inout [UInt8]) {
        let index = self.index
        Self.event("content_block_delta", into: &output) { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("delta")
            writer.beginObject()
            writer.key("type")
            switch piece {
            case .text(let bytes):
                writer.string("text_delta")
                writer.key("text")
                writer.string(bytes)
            case .thinking(let bytes):
                writer.string("thinking_delta")
                writer.key("thinking")
                writer.string(bytes)
            case .signature(let bytes):
                writer.string("signature_delta")
                writer.key("signature")
                writer.string(bytes)
            case .citation(let json):
                writer.string("citations_delta")
                writer.key("citation")
                writer.raw(json)
            case .input(let bytes):
                writer.string("input_json_delta")
                writer.key("partial_json")
                writer.string(bytes)
            }
            writer.endObject()
        }
    }

    /// One event of that type; `members` writes what it has beside the type.
    private static func event(
        _ type: StaticString, into output: inout [UInt8], _ members: (inout JSONWriter) -> Void
    ) {
        // The array moves into the writer and back, so that it is not copied.
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        bytes.append(contentsOf: "event: ".utf8)
        unsafe bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount))
        bytes.append(contentsOf: "\ndata: ".utf8)
        var writer = JSONWriter(appendingTo: bytes)
        bytes = []
        writer.beginObject()
        writer.key("type")
        unsafe writer.string(UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount))
        members(&writer)
        writer.endObject()
        output = writer.bytes
        writer = JSONWriter()
        output.append(0x0A)
        output.append(0x0A)
    }
}
