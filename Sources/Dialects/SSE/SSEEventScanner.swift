/// Splits a byte stream into server-sent events, however the stream is cut into pieces.
///
/// Pure. Lines end in LF, CRLF or CR; an event ends behind a blank line. An event that lies within one piece is not
/// copied; only the unfinished end of a piece is, up to `maximumEventBytes`. The bytes of all events and of `finish`,
/// one after the other, are exactly the bytes fed.
///
/// A blank line that ends in CR at the end of a piece may be the first half of a CRLF, so its event is complete only
/// with the next byte, or at the end.
public struct SSEEventScanner: Sendable {
    /// What `next` found.
    public enum Step: Hashable, Sendable {
        /// A complete event; `withBytes` gives its bytes.
        case event(SSEEvent)
        /// The piece is used up; its unfinished end was kept.
        case needsMore
        /// The piece is used up, and with it an unfinished event grew over the bound. `unfinished` holds, until the
        /// next call, what earlier pieces brought of it; none of its bytes is kept any longer.
        case oversized
        /// The event that was too long ended here.
        case oversizedEnd
    }

    /// The most bytes of an unfinished event that are kept.
    public let maximumEventBytes: Int

    private var carry: [UInt8] = []
    /// The carry was handed out as an event, or given up: it goes with the next call.
    private var carryIsSpent = false
    /// Bytes of the line that the last piece did not finish.
    private var lineLength = 0
    /// The last byte fed was a CR that ended a line; a LF would belong to it.
    private var endsInReturn = false
    /// That line was blank: its event only waits for the possible LF.
    private var returnEndsEvent = false
    private var isSkipping = false

    /// A scanner at the start of a stream.
    public init(maximumEventBytes: Int = 1 << 20) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// The bytes kept of an event that is not complete.
    public var unfinished: [UInt8] { self.carry }

    /// Whether the bytes fed so far end between two events.
    public var isBetweenEvents: Bool {
        (self.carry.isEmpty || self.carryIsSpent) && !self.isSkipping
    }

    /// The next step at `offset` of `piece`, which advances over what was consumed.
    ///
    /// Call it with the same piece until it says `needsMore`, then with the next piece at offset 0.
    public mutating func next(in piece: UnsafeRawBufferPointer, from offset: inout Int) -> Step {
        self.dropSpentCarry()
        let start = offset
        var position = offset
        if self.endsInReturn, position < piece.count {
            self.endsInReturn = false
            if unsafe piece[position] == 0x0A { position &+= 1 }
            if self.returnEndsEvent { return unsafe self.complete(piece, start..<position, &offset) }
        }
        while let end = unsafe SSELine.end(in: piece, from: position) {
            let isBlank = self.lineLength == 0 && end == position
            self.lineLength = 0
            position = end &+ 1
            if unsafe piece[end] == 0x0D {
                guard position < piece.count else {
                    self.endsInReturn = true
                    self.returnEndsEvent = isBlank
                    break
                }
                if unsafe piece[position] == 0x0A { position &+= 1 }
            }
            if isBlank { return unsafe self.complete(piece, start..<position, &offset) }
        }
        self.lineLength &+= piece.count &- position
        offset = piece.count
        guard start < piece.count, !self.isSkipping else { return .needsMore }
        guard piece.count &- start <= self.maximumEventBytes &- self.carry.count else {
            self.isSkipping = true
            self.carryIsSpent = true
            return .oversized
        }
        unsafe self.carry.append(contentsOf: piece[start...])
        return .needsMore
    }

    /// Gives the bytes of an event that `next` just returned for `piece`; they are valid inside `body` only.
    public func withBytes<Result>(
        of event: SSEEvent, in piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard event.carried == 0 else { return unsafe self.carry.withUnsafeBytes { unsafe body($0) } }
        return unsafe body(UnsafeRawBufferPointer(rebasing: piece[event.pieceRange]))
    }

    /// Ends the stream: what was kept of an event that never got its blank line. The scanner is then as new.
    public mutating func finish() -> [UInt8] {
        self.dropSpentCarry()
        let rest = self.carry
        self = SSEEventScanner(maximumEventBytes: self.maximumEventBytes)
        return rest
    }

    private mutating func complete(
        _ piece: UnsafeRawBufferPointer, _ range: Range<Int>, _ offset: inout Int
    ) -> Step {
        offset = range.upperBound
        self.lineLength = 0
        self.returnEndsEvent = false
        if self.isSkipping {
            self.isSkipping = false
            return .oversizedEnd
        }
        let carried = self.carry.count
        if carried > 0 {
            unsafe self.carry.append(contentsOf: piece[range])
            self.carryIsSpent = true
        }
        return .event(SSEEvent(carried: carried, pieceRange: range))
    }

    private mutating func dropSpentCarry() {
        guard self.carryIsSpent else { return }
        self.carryIsSpent = false
        // A stream keeps a small buffer for its next tail; a big one goes back.
        self.carry.removeAll(keepingCapacity: self.carry.capacity <= 4096)
    }
}
