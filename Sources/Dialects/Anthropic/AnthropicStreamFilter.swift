public import Domain
internal import Glibc
internal import JSON

/// Watches Anthropic's stream on its way to a client of Anthropic's: every byte passes, nothing before the first content. Pure
/// but for the reader it shares with its loop.
///
/// Held back are the beginning of the message and of a text, and pings (`EventPassage`). An error before the first content is
/// thrown, so that it can be told with a proper status; a later one passes like everything else.
public final class AnthropicStreamFilter: ReplyStream {
    private let reader: DialectReader
    private var passage: EventPassage
    /// Why an event has failed.
    private var fault = StreamFault.invalidResponse
    private var counts = AnthropicUsage()
    private var row: ProviderRow { ProviderTable.row(.anthropic) }

    /// Something was released, and the status with it.
    public var hasContent: Bool { self.passage.hasContent }
    /// Something for the client came: `hasContent` alone may also be an error.
    private var sawContent = false
    public var hasAnswer: Bool {
        self.sawContent || self.passage.beganUnseen || (self.hasContent && !self.sawError)
    }
    /// The usage as the provider told it at the end; nil before that.
    public private(set) var usage: TokenUsage?
    /// What the provider has counted of the prompt so far, without any output.
    public var promptUsage: TokenUsage? { self.counts.prompt }
    public var terms: UsageTerms { self.counts.terms }
    public private(set) var sawDone = false
    /// The provider sent an error as an event.
    public private(set) var sawError = false
    /// Why the model stopped.
    public private(set) var finish = FinishReason.none

    /// - Parameters:
    ///   - maximumHeldBytes: a preamble longer than this is released as if it were content.
    ///   - maximumEventBytes: an unfinished event longer than this passes unexamined.
    public init(reader: DialectReader, maximumHeldBytes: Int = 256 << 10, maximumEventBytes: Int = 1 << 20) {
        self.reader = reader
        self.passage = EventPassage(maximumHeldBytes: maximumHeldBytes, maximumEventBytes: maximumEventBytes)
    }

    /// Whether the bytes released so far end between two events; else two line feeds must precede an event that the
    /// gateway adds.
    public var isBetweenEvents: Bool { self.passage.isBetweenEvents }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes
    /// are valid inside the call only.
    public func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        let isGood = unsafe self.passage.feed(piece, judge: { unsafe self.judge($0, hasContent: $1) }, release)
        guard isGood else { throw self.fault }
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public func finish(_ release: (UnsafeRawBufferPointer) -> Void) -> ReplyStreamEnd {
        unsafe self.passage.finish(judge: { unsafe self.judgeRest($0, hasContent: $1) }, release)
        guard self.hasContent else { return .noContent }
        // Why the model stopped does not end the message: Anthropic's clients wait for `message_stop`.
        return self.sawDone || self.sawError ? .complete : .truncated
    }

    // MARK: Events

    private enum Meaning {
        case preamble, content, error, garbage
    }

    private func judge(_ raw: UnsafeRawBufferPointer, hasContent: Bool) -> EventPassage.Verdict {
        if hasContent, unsafe Self.isPlainDelta(raw) {
            self.sawContent = true
            return .passes
        }
        let meaning = unsafe self.read(raw)
        guard !hasContent else { return .passes }
        switch meaning {
        case .garbage: return .fails
        case .error:
            self.fault = unsafe .provider(self.error(raw))
            return .fails
        case .preamble: return .preamble
        case .content: return .passes
        }
    }

    private func judgeRest(_ rest: UnsafeRawBufferPointer, hasContent: Bool) -> EventPassage.Verdict {
        let meaning = unsafe self.read(rest)
        guard hasContent else { return meaning == .content || meaning == .error ? .passes : .preamble }
        if case .none = unsafe SSEEvent.payload(of: rest), !self.sawDone { return .preamble }
        return meaning != .garbage || self.sawDone || self.sawError ? .passes : .preamble
    }

    /// Whether nothing has to be known of an event that follows content: the SDKs go by the event's name, too.
    private static func isPlainDelta(_ raw: UnsafeRawBufferPointer) -> Bool {
        let name: StaticString = "event: content_block_delta"
        guard raw.count > name.utf8CodeUnitCount, let base = raw.baseAddress else { return false }
        return unsafe memcmp(base, name.utf8Start, name.utf8CodeUnitCount) == 0
    }

    /// Reads an event and notes what it says.
    private func read(_ raw: UnsafeRawBufferPointer) -> Meaning {
        switch unsafe SSEEvent.payload(of: raw) {
        case .none: return .preamble
        case .line(let range):
            return unsafe self.read(
                UnsafeRawBufferPointer(rebasing: raw[range]), capacity: raw.count &- range.lowerBound)
        case .joined(let bytes):
            return unsafe bytes.withUnsafeBytes { unsafe self.read($0, capacity: $0.count) }
        }
    }

    private func read(_ payload: UnsafeRawBufferPointer, capacity: Int) -> Meaning {
        guard unsafe payload.contains(where: { $0 > 0x20 }) else { return .preamble }
        let meaning = unsafe try? self.reader.indexer.read(payload, capacity: capacity) { cursor -> Meaning in
            var counts = self.counts
            guard let event = AnthropicEvent(&cursor, usage: &counts), let kind = event.kind else { return .garbage }
            self.counts = counts
            switch kind {
            case .error:
                self.sawError = true
                return .error
            case .messageDelta:
                if event.hasUsage { self.usage = counts.classes ?? self.usage }
                if let reason = event.stopReason {
                    let word = unsafe Array(cursor.bytes(reason))
                    self.finish = AnthropicFinish.read(word, stopSequence: nil).reason
                }
            case .messageStop:
                self.sawDone = true
                self.usage = self.usage ?? counts.classes
            default: break
            }
            guard event.isContent else { return .preamble }
            self.sawContent = true
            return .content
        }
        return meaning ?? .garbage
    }

    private func error(_ raw: UnsafeRawBufferPointer) -> GatewayError {
        unsafe ProviderErrorReader.read(raw, status: 200, retryAfter: nil, self.row, reader: self.reader).error
    }
}
