public import Domain

/// Decides, byte for byte, what of a provider's event stream goes to the client, and when.
///
/// Pure but for the reader it shares with its loop. Nothing is released before the first content, so that until then
/// the request can still be answered by another provider or with a proper status; the preamble held until then is
/// released with it, in order and unchanged. Of what follows, only the usage chunk that Sluice itself asked for is
/// taken out. Everything else passes unchanged, whatever it is, as pieces of the bytes fed: a piece of whole events of
/// which none is taken out is released as one range, without a copy.
///
/// An unfinished event is held until it is whole (or longer than `maximumEventBytes`): where a stream breaks off within one,
/// the client's SDK would fail at the half and never read the error behind it. Nobody waits for it: half an event says nothing.
public final class OpenAIStreamFilter: ReplyStream {
    private let reader: OpenAIReplyReader
    private let askedForUsage: Bool
    private let maximumHeldBytes: Int
    private var scanner: SSEEventScanner
    private var held: [UInt8] = []
    /// Bytes of the unfinished event were released already, so the event can no longer be taken out.
    private var unfinishedIsOut = false
    private var hasFailed = false
    private var choices = ChoiceSet()
    private var finished = ChoiceSet()

    /// Content has been released, and the status with it.
    public private(set) var hasContent = false
    /// The last usage that the provider sent.
    public private(set) var usage: TokenUsage?
    public private(set) var sawDone = false
    /// A choice gave its reason for finishing.
    public private(set) var sawFinish = false
    /// The last reason that was given.
    public private(set) var finish = FinishReason.none
    /// Something for the client came: `hasContent` alone may also be an error.
    private var sawContent = false
    public var hasAnswer: Bool { self.sawContent || (self.hasContent && !self.sawError) }
    /// Only what comes with the usage is known of the prompt.
    public var promptUsage: TokenUsage? { nil }
    /// The provider sent an error as an event.
    public private(set) var sawError = false

    /// - Parameters:
    ///   - askedForUsage: Sluice, not the client, asked for the usage chunk: it is taken out.
    ///   - maximumHeldBytes: a preamble longer than this is released as if it were content.
    ///   - maximumEventBytes: an unfinished event longer than this passes unexamined.
    public init(
        reader: OpenAIReplyReader, askedForUsage: Bool, maximumHeldBytes: Int = 256 << 10,
        maximumEventBytes: Int = 1 << 20
    ) {
        self.reader = reader
        self.askedForUsage = askedForUsage
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
        guard !self.hasFailed else { throw .invalidResponse }
        var offset = 0
        // The first byte of the piece that was neither released nor held nor taken out.
        var pending = 0
        var lastEnd = 0
        steps: while true {
            switch unsafe self.scanner.next(in: piece, from: &offset) {
            case .needsMore:
                break steps
            case .event(let event):
                unsafe try self.take(event, piece, &pending, release)
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversizedEnd:
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversized:
                unsafe self.releaseHeld(release)
                if !self.unfinishedIsOut { unsafe self.scanner.unfinished.withUnsafeBytes { unsafe release($0) } }
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
            unsafe self.scanner.unfinished.withUnsafeBytes { unsafe release($0) }
            self.unfinishedIsOut = isInsideEvent
        }
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public func finish(_ release: (UnsafeRawBufferPointer) -> Void) -> ReplyStreamEnd {
        let isOut = self.unfinishedIsOut
        let rest = self.scanner.finish()
        var isCut = false
        unsafe rest.withUnsafeBytes { rest in
            guard !self.hasFailed, unsafe !rest.isEmpty else { return }
            let event =
                unsafe self.hasContent ? self.reader.classifyAfterContent(rest) : self.reader.classify(rest)
            self.note(event)
            isCut = unsafe self.reader.classify(rest).kind == .garbage
            if !self.hasContent {
                guard event.kind == .content || event.kind == .done || event.kind == .error else { return }
                unsafe self.releaseHeld(release)
            }
            guard !isOut, !(self.askedForUsage && event.kind == .usageOnly) else { return }
            guard !isCut || self.sawDone || self.sawError else { return }
            unsafe release(rest)
            self.unfinishedIsOut = true
        }
        guard self.hasContent else { return .noContent }
        let isFinished = self.sawFinish && self.finished.isSuperset(of: self.choices)
        if self.sawDone || self.sawError { return .complete }
        // Half an event behind the answer, such as the usage, is missed all the same.
        return isFinished && !isCut ? .complete : .truncated
    }

    private func take(
        _ event: SSEEvent, _ piece: UnsafeRawBufferPointer, _ pending: inout Int,
        _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        let hadContent = self.hasContent
        let reader = self.reader
        let meaning = unsafe self.scanner.withBytes(of: event, in: piece) { raw in
            unsafe hadContent ? reader.classifyAfterContent(raw) : reader.classify(raw)
        }
        self.note(meaning)
        let isTakenOut = self.askedForUsage && meaning.kind == .usageOnly && !self.unfinishedIsOut
        if !self.hasContent {
            switch meaning.kind {
            case .garbage:
                self.hasFailed = true
                self.held = []
                throw .invalidResponse
            case .comment, .preamble, .usageOnly:
                if !isTakenOut { unsafe self.hold(event, piece) }
                pending = event.pieceRange.upperBound
                if self.held.count > self.maximumHeldBytes { unsafe self.releaseHeld(release) }
                return
            case .content, .done, .error:
                unsafe self.releaseHeld(release)
                pending = event.pieceRange.lowerBound
            }
        }
        if isTakenOut {
            if pending < event.pieceRange.lowerBound {
                unsafe release(UnsafeRawBufferPointer(rebasing: piece[pending..<event.pieceRange.lowerBound]))
            }
            pending = event.pieceRange.upperBound
        } else if event.carried > 0, !self.unfinishedIsOut {
            unsafe self.scanner.withBytes(of: event, in: piece) { raw in
                unsafe release(UnsafeRawBufferPointer(rebasing: raw[..<event.carried]))
            }
        }
    }

    private func hold(_ event: SSEEvent, _ piece: UnsafeRawBufferPointer) {
        var held = self.held
        self.held = []
        unsafe self.scanner.withBytes(of: event, in: piece) { unsafe held.append(contentsOf: $0) }
        self.held = held
    }

    private func releaseHeld(_ release: (UnsafeRawBufferPointer) -> Void) {
        self.hasContent = true
        guard !self.held.isEmpty else { return }
        unsafe self.held.withUnsafeBytes { unsafe release($0) }
        self.held = []
    }

    private func note(_ event: OpenAIStreamEvent) {
        if let usage = event.usage { self.usage = usage }
        if event.isFinish {
            self.sawFinish = true
            self.finish = event.finish
        }
        self.choices.formUnion(event.choices)
        self.finished.formUnion(event.finished)
        switch event.kind {
        case .done: self.sawDone = true
        case .error: self.sawError = true
        case .content: self.sawContent = true
        default: break
        }
    }
}
