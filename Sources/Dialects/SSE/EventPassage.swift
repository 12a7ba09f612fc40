/// Passes a stream's events on byte for byte: none before the first content, and each only when it is whole.
///
/// Pure. What comes before the first content is held and goes out with it, in order and unchanged. What follows goes out as
/// ranges of the pieces fed: a piece of whole events of which none is taken out is one range, without a copy. An unfinished
/// event waits for its end (unless it is longer than `maximumEventBytes`): where a stream breaks off within one, the client's
/// SDK would fail at the half and never read the error behind it. Nobody waits for it: half an event says nothing.
struct EventPassage {
    /// What becomes of an event.
    enum Verdict: Hashable {
        /// It is, or comes behind, something for the client. Before that all events are held.
        case passes
        /// It says nothing for the client yet. Where something has gone out it passes all the same.
        case preamble
        /// The client does not get it. It passes where a part of it is out already.
        case takenOut
        /// The stream cannot be given to the client (any further).
        case fails
    }

    private let maximumHeldBytes: Int
    private var scanner: SSEEventScanner
    private var held: [UInt8] = []
    /// Bytes of the unfinished event were released already, so the event can no longer be taken out.
    private var unfinishedIsOut = false
    private var hasFailed = false

    /// Something was released, and the status with it.
    private(set) var hasContent = false
    /// An event too long to be looked at was the first to pass.
    private(set) var beganUnseen = false

    /// - Parameters:
    ///   - maximumHeldBytes: a preamble longer than this is released as if it were content.
    ///   - maximumEventBytes: an unfinished event longer than this passes unexamined.
    init(maximumHeldBytes: Int, maximumEventBytes: Int) {
        self.maximumHeldBytes = maximumHeldBytes
        self.scanner = SSEEventScanner(maximumEventBytes: maximumEventBytes)
    }

    /// Whether the bytes released so far end between two events.
    var isBetweenEvents: Bool { !self.unfinishedIsOut }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. `judge` is asked
    /// about each event, given its bytes and whether anything has gone out; it must not use the passage. False once an event
    /// has failed.
    mutating func feed(
        _ piece: UnsafeRawBufferPointer, judge: (UnsafeRawBufferPointer, Bool) -> Verdict,
        _ release: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard !self.hasFailed else { return false }
        var offset = 0
        // The first byte of the piece that was neither released nor held nor taken out.
        var pending = 0
        var lastEnd = 0
        steps: while true {
            switch unsafe self.scanner.next(in: piece, from: &offset) {
            case .needsMore: break steps
            case .event(let event):
                guard unsafe self.take(event, piece, &pending, judge, release) else { return false }
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversizedEnd:
                self.unfinishedIsOut = false
                lastEnd = offset
            case .oversized:
                self.beganUnseen = self.beganUnseen || !self.hasContent
                unsafe self.releaseHeld(release)
                if !self.unfinishedIsOut { unsafe self.releaseUnfinished(release) }
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
            unsafe self.releaseUnfinished(release)
            self.unfinishedIsOut = isInsideEvent
        }
        return true
    }

    /// Ends the stream: `judge` is asked about an event that never got its blank line, which goes out only where it passes.
    mutating func finish(
        judge: (UnsafeRawBufferPointer, Bool) -> Verdict, _ release: (UnsafeRawBufferPointer) -> Void
    ) {
        let rest = self.scanner.finish()
        unsafe rest.withUnsafeBytes { rest in
            guard !self.hasFailed, unsafe !rest.isEmpty else { return }
            guard unsafe judge(rest, self.hasContent) == .passes else { return }
            unsafe self.releaseHeld(release)
            guard !self.unfinishedIsOut else { return }
            unsafe release(rest)
            self.unfinishedIsOut = true
        }
    }

    private mutating func take(
        _ event: SSEEvent, _ piece: UnsafeRawBufferPointer, _ pending: inout Int,
        _ judge: (UnsafeRawBufferPointer, Bool) -> Verdict, _ release: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        let hadContent = self.hasContent
        let verdict = unsafe self.scanner.withBytes(of: event, in: piece) { unsafe judge($0, hadContent) }
        guard verdict != .fails else {
            self.hasFailed = true
            self.held = []
            return false
        }
        let isTakenOut = verdict == .takenOut && !self.unfinishedIsOut
        if !hadContent {
            guard verdict == .passes else {
                if !isTakenOut { unsafe self.hold(event, piece) }
                pending = event.pieceRange.upperBound
                if self.held.count > self.maximumHeldBytes { unsafe self.releaseHeld(release) }
                return true
            }
            unsafe self.releaseHeld(release)
            pending = event.pieceRange.lowerBound
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
        return true
    }

    private mutating func hold(_ event: SSEEvent, _ piece: UnsafeRawBufferPointer) {
        var held = self.held
        self.held = []
        unsafe self.scanner.withBytes(of: event, in: piece) { unsafe held.append(contentsOf: $0) }
        self.held = held
    }

    private mutating func releaseHeld(_ release: (UnsafeRawBufferPointer) -> Void) {
        self.hasContent = true
        guard !self.held.isEmpty else { return }
        unsafe self.held.withUnsafeBytes { unsafe release($0) }
        self.held = []
    }

    private func releaseUnfinished(_ release: (UnsafeRawBufferPointer) -> Void) {
        guard !self.scanner.unfinished.isEmpty else { return }
        unsafe self.scanner.unfinished.withUnsafeBytes { unsafe release($0) }
    }
}
