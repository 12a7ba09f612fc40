public import Domain
internal import Glibc
internal import JSON

/// Watches Anthropic's stream on its way to a client of Anthropic's: every byte passes, nothing before the first content. Pure
/// but for the reader it shares with its loop.
///
/// Held back are the beginning of the message and of a text, and pings; they go out with the first content, in order and
/// unchanged. What follows passes in whole events, those of a piece as one range, without a copy; half an event waits for its
/// end, as in `OpenAIStreamFilter`. An error before the first content is thrown, so that it can be told with a proper status;
/// a later one passes like everything else.
public final class AnthropicStreamFilter: ReplyStream {
    private static let blankLine: [UInt8] = [0x0A, 0x0A]

    private let reader: DialectReader
    private let maximumHeldBytes: Int
    private var scanner: SSEEventScanner
    private var held: [UInt8] = []
    private var fault: StreamFault?
    private var counts = AnthropicUsage()
    /// Bytes of the unfinished event were released already.
    private var unfinishedIsOut = false
    private var row: ProviderRow { ProviderTable.row(.anthropic) }

    /// Something was released, and the status with it.
    public private(set) var hasContent = false
    /// Something for the client came: `hasContent` alone may also be an error.
    private var sawContent = false
    public var hasAnswer: Bool { self.sawContent || (self.hasContent && !self.sawError) }
    /// The usage as the provider told it at the end; nil before that.
    public private(set) var usage: TokenUsage?
    /// What the provider has counted of the prompt so far, without any output.
    public var promptUsage: TokenUsage? { self.counts.prompt }
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
        self.maximumHeldBytes = maximumHeldBytes
        self.scanner = SSEEventScanner(maximumEventBytes: maximumEventBytes)
    }

    /// Whether the bytes released so far end between two events; else two line feeds must precede an event that the
    /// gateway adds.
    public var isBetweenEvents: Bool { !self.unfinishedIsOut }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes
    /// are valid inside the call only.
    public func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        if let fault = self.fault { throw fault }
        var offset = 0
        // The first byte of the piece that was neither released nor held.
        var pending = 0
        var lastEnd = 0
        steps: while true {
            switch unsafe self.scanner.next(in: piece, from: &offset) {
            case .needsMore: break steps
            case .event(let event):
                unsafe try self.take(event, piece, &pending, release)
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversizedEnd:
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversized:
                if !self.hasContent {
                    self.sawContent = true
                    unsafe self.releaseHeld(release)
                }
                if !self.unfinishedIsOut {
                    unsafe self.scanner.unfinished.withUnsafeBytes { unsafe Self.release($0, release) }
                }
                self.unfinishedIsOut = true
            }
        }
        let isInsideEvent = !self.scanner.isBetweenEvents
        if self.hasContent {
            let end = self.unfinishedIsOut ? piece.count : lastEnd
            if pending < end { unsafe release(UnsafeRawBufferPointer(rebasing: piece[pending..<end])) }
            self.unfinishedIsOut = isInsideEvent && self.unfinishedIsOut
        } else if self.held.count &+ self.scanner.unfinished.count > self.maximumHeldBytes {
            unsafe self.releaseHeld(release)
            unsafe self.scanner.unfinished.withUnsafeBytes { unsafe Self.release($0, release) }
            self.unfinishedIsOut = isInsideEvent
        }
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public func finish(_ release: (UnsafeRawBufferPointer) -> Void) -> ReplyStreamEnd {
        let isOut = self.unfinishedIsOut
        let rest = self.scanner.finish()
        unsafe rest.withUnsafeBytes { rest in
            guard self.fault == nil, unsafe !rest.isEmpty else { return }
            let meaning = unsafe self.read(rest)
            if !self.hasContent {
                guard meaning == .content || meaning == .error else { return }
                unsafe self.releaseHeld(release)
            }
            if !isOut {
                if case .none = unsafe SSEEvent.payload(of: rest), !self.sawDone { return }
                guard meaning != .garbage || self.sawDone || self.sawError else { return }
                unsafe release(rest)
            }
            self.unfinishedIsOut = true
            guard self.sawDone else { return }
            // Without its blank line no client would hear of the message's end.
            unsafe Self.blankLine.withUnsafeBytes { unsafe release($0) }
            self.unfinishedIsOut = false
        }
        guard self.hasContent else { return .noContent }
        // Why the model stopped does not end the message: Anthropic's clients wait for `message_stop`.
        return self.sawDone || self.sawError ? .complete : .truncated
    }

    // MARK: Events

    private enum Meaning {
        case preamble, content, error, garbage
    }

    private func take(
        _ event: SSEEvent, _ piece: UnsafeRawBufferPointer, _ pending: inout Int,
        _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        let hadContent = self.hasContent
        let fault = unsafe self.scanner.withBytes(of: event, in: piece) { raw -> StreamFault? in
            if hadContent, unsafe Self.isPlainDelta(raw) {
                self.sawContent = true
                return nil
            }
            let meaning = unsafe self.read(raw)
            guard !hadContent else { return nil }
            switch meaning {
            case .garbage: return .invalidResponse
            case .error: return unsafe .provider(self.error(raw))
            case .preamble: unsafe self.held.append(contentsOf: raw)
            case .content:
                unsafe self.releaseHeld(release)
                unsafe Self.release(UnsafeRawBufferPointer(rebasing: raw[..<event.carried]), release)
            }
            return nil
        }
        if let fault {
            self.fault = fault
            self.held = []
            throw fault
        }
        guard !hadContent else {
            guard event.carried > 0, !self.unfinishedIsOut else { return }
            return unsafe self.scanner.withBytes(of: event, in: piece) { raw in
                unsafe release(UnsafeRawBufferPointer(rebasing: raw[..<event.carried]))
            }
        }
        pending = self.hasContent ? event.pieceRange.lowerBound : event.pieceRange.upperBound
        if self.held.count > self.maximumHeldBytes { unsafe self.releaseHeld(release) }
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

    // MARK: Bytes

    private func releaseHeld(_ release: (UnsafeRawBufferPointer) -> Void) {
        self.hasContent = true
        unsafe self.held.withUnsafeBytes { unsafe Self.release($0, release) }
        self.held = []
    }

    private static func release(_ bytes: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void) {
        if unsafe !bytes.isEmpty { unsafe release(bytes) }
    }
}
