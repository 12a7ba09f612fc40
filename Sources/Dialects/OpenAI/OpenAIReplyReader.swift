internal import JSON

/// Reads what OpenAI-like providers answer, event by event or as a whole.
///
/// Owns one JSON parser, lives on one loop and is shared by all exchanges of that loop; it keeps nothing between two
/// calls.
public final class OpenAIReplyReader {
    private let indexer = JSONIndexer()

    public init() {}

    /// Classifies one event, given all its bytes.
    public func classify(_ raw: UnsafeRawBufferPointer) -> OpenAIStreamEvent {
        switch unsafe SSEEvent.payload(of: raw) {
        case .none:
            return OpenAIStreamEvent(.comment)
        case .line(let range):
            // What follows the payload in the event can be read too; a parser may want some of it.
            return unsafe self.classify(
                payload: UnsafeRawBufferPointer(rebasing: raw[range]), capacity: raw.count &- range.lowerBound)
        case .joined(let bytes):
            return unsafe bytes.withUnsafeBytes { unsafe self.classify(payload: $0, capacity: $0.count) }
        }
    }

    /// As `classify`, but everything of which nothing has to be known is called content without being parsed.
    ///
    /// For events after the first content: only usage, errors, finish reasons, choices after the first and `[DONE]` still
    /// matter, and a search for their names finds them all. A chunk that is not JSON counts as content here: its bytes pass anyway.
    public func classifyAfterContent(_ raw: UnsafeRawBufferPointer) -> OpenAIStreamEvent {
        guard unsafe EventSearch.mayHaveOutcome(raw) || EventSearch.mayBeDone(raw) else {
            return OpenAIStreamEvent(.content)
        }
        var event = unsafe self.classify(raw)
        if event.kind == .preamble || event.kind == .garbage || event.kind == .comment { event.kind = .content }
        return event
    }

    /// Reads a whole reply of which `capacity` bytes can be read from its start; nil where it is not a JSON object.
    ///
    /// Members of which nothing has to be known are only checked for balanced brackets. `countsImages`: it is the answer of
    /// `/v1/images/generations`.
    public func readReply(
        _ body: UnsafeRawBufferPointer, capacity: Int, countsImages: Bool = false
    ) -> UnaryReply? {
        let chunk = unsafe self.chunk(body, capacity: capacity, readsContent: false, countsImages: countsImages)
        guard let chunk else { return nil }
        return UnaryReply(
            usage: chunk.usage, terms: chunk.terms, hasError: chunk.hasError, finish: chunk.finish)
    }

    /// As `readReply(_:capacity:)` over an array.
    public func readReply(_ body: [UInt8], countsImages: Bool = false) -> UnaryReply? {
        unsafe body.withUnsafeBytes {
            unsafe self.readReply($0, capacity: $0.count, countsImages: countsImages)
        }
    }

    private func classify(payload: UnsafeRawBufferPointer, capacity: Int) -> OpenAIStreamEvent {
        let trimmed = unsafe self.trimmed(payload)
        // An empty payload is no message for any client.
        guard unsafe !trimmed.isEmpty else { return OpenAIStreamEvent(.comment) }
        if unsafe trimmed.elementsEqual("[DONE]".utf8) { return OpenAIStreamEvent(.done) }
        guard let chunk = unsafe self.chunk(payload, capacity: capacity, readsContent: true) else {
            return OpenAIStreamEvent(.garbage)
        }
        let kind: OpenAIStreamEvent.Kind =
            if chunk.hasError {
                .error
            } else if chunk.hasContent {
                .content
            } else if chunk.choicesAreEmpty && chunk.hasUsageObject {
                .usageOnly
            } else {
                .preamble
            }
        return OpenAIStreamEvent(
            kind, usage: chunk.usage, terms: chunk.terms, isFinish: chunk.isFinish, finish: chunk.finish,
            choices: chunk.choices,
            finished: chunk.finished)
    }

    private func chunk(
        _ bytes: UnsafeRawBufferPointer, capacity: Int, readsContent: Bool, countsImages: Bool = false
    ) -> OpenAIChunk? {
        do throws(JSONFault) {
            return try unsafe self.indexer.read(bytes, capacity: capacity) {
                OpenAIChunk(&$0, readsContent: readsContent, countsImages: countsImages)
            }
        } catch {
            return nil
        }
    }

    private func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, unsafe bytes[start] <= 0x20 { start &+= 1 }
        while end > start, unsafe bytes[end &- 1] <= 0x20 { end &-= 1 }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
