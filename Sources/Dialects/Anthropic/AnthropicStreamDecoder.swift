internal import Domain
internal import JSON

/// Reads Anthropic's stream events. Pure.
///
/// Blocks come one after the other as a rule, but are told apart by their index. Tools of the provider's own and their results
/// are its own business: they are no tool calls of the client's. An event of an unknown type says nothing.
struct AnthropicStreamDecoder: StreamDecoder {
    private struct Block {
        enum Kind: Hashable {
            case text
            case thinking
            /// The tool call of that number.
            case tool(Int)
            /// The tool that stands for "answer in JSON".
            case answer
            /// Nothing for the client.
            case other
        }

        var index: Int64
        var kind: Kind
        /// Something of the input came.
        var hasInput = false
        /// The input that came with the block's beginning: it counts where no pieces follow.
        var input: [UInt8] = []
    }

    private static let maximumOpenBlocks = 64
    /// Bytes of a further member that are passed on.
    private static let maximumExtraBytes = 64 << 10

    private let row: ProviderRow
    private var blocks: [Block] = []
    private var toolCount = 0
    private var hasAnswer = false
    private var usage = AnthropicUsage()
    private var isUsageTold = false

    init(_ context: TranslationContext) {
        self.row = context.row
    }

    var promptUsage: TokenUsage? { self.usage.prompt }
    var terms: UsageTerms { self.usage.terms }

    mutating func decode(
        _ raw: UnsafeRawBufferPointer, with reader: DialectReader, into events: inout [ReplyEvent]
    ) throws(StreamFault) {
        let fault: StreamFault?
        switch unsafe SSEEvent.payload(of: raw) {
        case .none: return
        case .line(let range):
            fault = unsafe self.take(
                UnsafeRawBufferPointer(rebasing: raw[range]), capacity: raw.count &- range.lowerBound, reader, &events)
        case .joined(let bytes):
            fault = unsafe bytes.withUnsafeBytes {
                unsafe self.take($0, capacity: $0.count, reader, &events)
            }
        }
        if let fault { throw fault }
    }

    private mutating func take(
        _ payload: UnsafeRawBufferPointer, capacity: Int, _ reader: DialectReader, _ events: inout [ReplyEvent]
    ) -> StreamFault? {
        guard let first = unsafe payload.first(where: { $0 > 0x20 }) else { return nil }
        // Servers that imitate Anthropic's may end as OpenAI's do.
        if first == UInt8(ascii: "["), unsafe payload.starts(with: "[DONE]".utf8) {
            events.append(.done)
            return nil
        }
        let count = events.count
        let isRead = unsafe try? reader.indexer.read(payload, capacity: capacity) { cursor in
            var usage = self.usage
            guard let event = AnthropicEvent(&cursor, usage: &usage), let kind = event.kind else { return false }
            guard kind != .error else {
                let error = unsafe ProviderErrorReader.read(
                    payload, status: 200, retryAfter: nil, self.row, reader: reader)
                events.append(.error(error.error))
                return true
            }
            self.usage = usage
            let piece = AnthropicPiece(event, reader)
            return self.apply(piece, kind, cursor, &events)
        }
        if isRead == true { return nil }
        events.removeSubrange(count...)
        return .invalidResponse
    }

    /// Whether every text of the event that counts is one.
    private mutating func apply(
        _ piece: AnthropicPiece, _ kind: AnthropicEvent.Kind, _ cursor: borrowing JSONCursor,
        _ events: inout [ReplyEvent]
    ) -> Bool {
        let event = piece.event
        do throws(StreamFault) {
            switch kind {
            case .messageStart:
                let id = try piece.text(event.id, cursor)
                events.append(.begin(id: id, model: try piece.text(event.model, cursor), created: nil))
            case .blockStart: try self.start(piece, cursor, &events)
            case .blockDelta: try self.go(on: piece, cursor, &events)
            case .blockStop: self.stop(event.index, &events)
            case .messageDelta: try self.end(piece, cursor, &events)
            case .messageStop:
                if !self.isUsageTold, let usage = self.usage.classes { events.append(.usage(usage, extras: [])) }
                events.append(.done)
            case .ping, .error, .other: break
            }
            return true
        } catch {
            return false
        }
    }

    // MARK: Blocks

    private mutating func start(
        _ piece: AnthropicPiece, _ cursor: borrowing JSONCursor, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        let event = piece.event
        guard self.blocks.count < Self.maximumOpenBlocks else { throw .invalidResponse }
        var block = Block(index: event.index, kind: .other)
        if piece.isPart("text", cursor) {
            block.kind = .text
            try self.append(event.text, piece, cursor, &events) { .text(choice: 0, $0) }
        } else if piece.isPart("thinking", cursor) {
            block.kind = .thinking
            try self.append(event.thinking, piece, cursor, &events) { .thinking(choice: 0, $0) }
            try self.append(event.signature, piece, cursor, &events) { .signature(choice: 0, $0) }
        } else if piece.isPart("redacted_thinking", cursor) {
            try self.append(event.data, piece, cursor, &events) { .redactedThinking(choice: 0, $0) }
        } else if piece.isPart("tool_use", cursor) {
            let name = try piece.text(event.name, cursor)
            block.input = piece.json(event.input, cursor) ?? []
            if AnthropicJSONTool.isName(name) {
                block.kind = .answer
                self.hasAnswer = true
            } else {
                block.kind = .tool(self.toolCount)
                let id = try piece.text(event.id, cursor)
                events.append(.toolCall(choice: 0, index: self.toolCount, id: id, name: name))
                self.toolCount += 1
            }
        }
        self.blocks.append(block)
    }

    private mutating func go(
        on piece: AnthropicPiece, _ cursor: borrowing JSONCursor, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        let event = piece.event
        if piece.isPart("text_delta", cursor) {
            try self.append(event.text, piece, cursor, &events) { .text(choice: 0, $0) }
        } else if piece.isPart("input_json_delta", cursor) {
            guard let place = self.blocks.lastIndex(where: { $0.index == event.index }) else { return }
            guard let json = event.partialJSON, !json.isEmpty else { return }
            switch self.blocks[place].kind {
            case .tool(let call):
                try self.append(json, piece, cursor, &events) { .arguments(choice: 0, index: call, $0) }
            case .answer: try self.append(json, piece, cursor, &events) { .text(choice: 0, $0) }
            case .text, .thinking, .other: return
            }
            self.blocks[place].hasInput = true
        } else if piece.isPart("thinking_delta", cursor) {
            try self.append(event.thinking, piece, cursor, &events) { .thinking(choice: 0, $0) }
        } else if piece.isPart("signature_delta", cursor) {
            try self.append(event.signature, piece, cursor, &events) { .signature(choice: 0, $0) }
        } else if piece.isPart("citations_delta", cursor), let citation = piece.json(event.citation, cursor) {
            events.append(.citation(choice: 0, citation))
        }
    }

    private mutating func stop(_ index: Int64, _ events: inout [ReplyEvent]) {
        guard let place = self.blocks.lastIndex(where: { $0.index == index }) else { return }
        let block = self.blocks.remove(at: place)
        guard !block.hasInput else { return }
        // A call without arguments streams no JSON at all.
        let input = block.input.isEmpty ? Array("{}".utf8) : block.input
        switch block.kind {
        case .tool(let call): events.append(.arguments(choice: 0, index: call, input))
        case .answer: events.append(.text(choice: 0, input))
        case .text, .thinking, .other: break
        }
    }

    private func append(
        _ range: Range<Int>?, _ piece: AnthropicPiece, _ cursor: borrowing JSONCursor, _ events: inout [ReplyEvent],
        _ event: ([UInt8]) -> ReplyEvent
    ) throws(StreamFault) {
        guard let range, !range.isEmpty else { return }
        events.append(event(try piece.text(range, cursor)))
    }

    // MARK: End

    private mutating func end(
        _ piece: AnthropicPiece, _ cursor: borrowing JSONCursor, _ events: inout [ReplyEvent]
    ) throws(StreamFault) {
        let event = piece.event
        for member in piece.members(event.extras, cursor, maximumBytes: Self.maximumExtraBytes) {
            events.append(.topExtra(member))
        }
        if event.hasUsage, let usage = self.usage.classes {
            self.isUsageTold = true
            let extras = piece.members(event.usageExtras, cursor, maximumBytes: Self.maximumExtraBytes)
            events.append(.usage(usage, extras: extras))
        }
        guard let reason = event.stopReason else { return }
        let word = try piece.text(reason, cursor)
        var stopSequence: [UInt8]?
        if let range = event.stopSequence { stopSequence = try piece.text(range, cursor) }
        // Blocks that were cut off get no end of their own.
        for block in self.blocks { self.stop(block.index, &events) }
        try self.append(event.explanation, piece, cursor, &events) { .refusal(choice: 0, $0) }
        var finish = AnthropicFinish.read(word, stopSequence: stopSequence)
        if finish.reason == .toolCalls, self.toolCount == 0, self.hasAnswer { finish = ReplyFinish(.stop) }
        events.append(.finish(choice: 0, finish))
    }
}
