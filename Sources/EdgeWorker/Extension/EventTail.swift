import NIOCore

/// Finds the end of a stream of events, so that the gateway's own words can be put in before it.
///
/// Pure. Whole events go on at once, all of a piece together. Held back are an event that is not whole; the last one that may be the
/// last with something in it, until another such comes; the mark of the end and what follows it. An event that is longer than
/// `longestEvent` passes as it comes, and what follows a mark that is longer than `longestRest` too: then nothing is put in.
struct EventTail {
    static let longestEvent = 64 << 10
    static let longestRest = 4 << 10

    private let door: StreamEvent.Door
    /// The beginning of an event.
    private var begun = ByteBuffer()
    /// The line that is being read is empty so far.
    private var isLineEmpty = true
    /// The event is too long to be held.
    private var isPassing = false
    /// A whole event.
    private var closing: ByteBuffer?
    /// From the mark of the end on.
    private var rest: ByteBuffer?
    /// There is no place any more.
    private var isLost = false

    init(at door: StreamEvent.Door) {
        self.door = door
    }

    /// Takes the next bytes, and returns those that may go out now.
    mutating func feed(_ chunk: ByteBuffer) -> [ByteBuffer] {
        var pieces: [ByteBuffer] = []
        var chunk = chunk
        guard !self.isLost else { return [chunk] }
        guard self.rest == nil else {
            self.follow(chunk, &pieces)
            return pieces
        }
        /// Bytes of `chunk` from its start on that belong to whole events without a meaning.
        var plain = 0
        var start = 0
        let view = chunk.readableBytesView
        var events: [(length: Int, kind: StreamEvent)] = []
        for (offset, byte) in view.enumerated() {
            guard self.endsEvent(byte) else { continue }
            let length = offset + 1 - start
            events.append((length, self.kind(of: view, start, length, isFirst: events.isEmpty)))
            start = offset + 1
            if events.last?.kind == .marker || events.last?.kind == .closingMarker { break }
        }
        for event in events {
            let isBegun = self.begun.readableBytes > 0
            guard event.kind != .plain && event.kind != .comment || isBegun || self.holds(event.kind) else {
                plain += event.length
                continue
            }
            self.take(&plain, of: &chunk, &pieces)
            guard var whole = chunk.readSlice(length: event.length) else { break }
            if isBegun {
                self.begun.writeBuffer(&whole)
                whole = self.begun
                self.begun = ByteBuffer()
            }
            self.take(whole, event.kind, &pieces)
        }
        self.take(&plain, of: &chunk, &pieces)
        guard chunk.readableBytes > 0 else { return pieces }
        if self.rest != nil { self.follow(chunk, &pieces) } else { self.begin(chunk, &pieces) }
        return pieces
    }

    /// Whether an event that means nothing has to wait for `closing`, or the other way round.
    private func holds(_ kind: StreamEvent) -> Bool { self.closing != nil && kind != .comment }

    private mutating func take(_ plain: inout Int, of chunk: inout ByteBuffer, _ pieces: inout [ByteBuffer]) {
        if plain > 0, let piece = chunk.readSlice(length: plain) { pieces.append(piece) }
        plain = 0
    }

    /// Whether an event ends with this byte: that of an empty line.
    private mutating func endsEvent(_ byte: UInt8) -> Bool {
        if byte == 0x0A {
            let isEnd = self.isLineEmpty
            self.isLineEmpty = true
            return isEnd
        }
        if byte != 0x0D { self.isLineEmpty = false }
        return false
    }

    /// What the event is that ends within `view`; `isFirst`: it may have begun before.
    private mutating func kind(of view: ByteBufferView, _ start: Int, _ length: Int, isFirst: Bool) -> StreamEvent {
        let place = view.startIndex + start
        let end = view[place..<(place + length)]
        guard isFirst else { return StreamEvent(end, at: self.door) }
        guard !self.isPassing else {
            self.isPassing = false
            return .plain
        }
        guard self.begun.readableBytes > 0 else { return StreamEvent(end, at: self.door) }
        var whole = self.begun
        whole.writeBytes(end)
        return StreamEvent(whole.readableBytesView, at: self.door)
    }

    private mutating func take(_ event: ByteBuffer, _ kind: StreamEvent, _ pieces: inout [ByteBuffer]) {
        switch kind {
        case .comment: pieces.append(event)
        case .plain:
            self.letGo(&pieces)
            pieces.append(event)
        case .closing:
            self.letGo(&pieces)
            self.closing = ByteBuffer(bytes: event.readableBytesView)
        case .marker: self.rest = event
        case .closingMarker:
            self.letGo(&pieces)
            self.closing = event
            self.rest = ByteBuffer()
        }
    }

    private mutating func letGo(_ pieces: inout [ByteBuffer]) {
        guard let closing = self.closing.take() else { return }
        pieces.append(closing)
    }

    /// An event begins, or goes on, and does not end.
    private mutating func begin(_ chunk: ByteBuffer, _ pieces: inout [ByteBuffer]) {
        guard !self.isPassing else { return pieces.append(chunk) }
        self.begun.writeImmutableBuffer(chunk)
        guard self.begun.readableBytes > EventTail.longestEvent else { return }
        self.isPassing = true
        self.letGo(&pieces)
        pieces.append(self.begun)
        self.begun = ByteBuffer()
    }

    /// More behind the mark of the end.
    private mutating func follow(_ chunk: ByteBuffer, _ pieces: inout [ByteBuffer]) {
        self.rest?.writeImmutableBuffer(chunk)
        guard let rest = self.rest, rest.readableBytes > EventTail.longestRest else { return }
        self.isLost = true
        self.letGo(&pieces)
        pieces.append(rest)
        self.rest = nil
    }

    /// The stream is whole: what was held, with `member` in its last event, or with `chunk` where it has none that could take it.
    mutating func finish(_ member: [UInt8], or chunk: @autoclosure () -> [UInt8]) -> [ByteBuffer] {
        var pieces: [ByteBuffer] = []
        if let closing = self.closing.take() {
            pieces.append(StreamEvent.put(member, into: closing) ?? closing)
        } else if self.door == .openAI, self.begun.readableBytes == 0, !self.isPassing, !self.isLost, self.isLineEmpty {
            pieces.append(ByteBuffer(bytes: chunk()))
        }
        if self.begun.readableBytes > 0 { pieces.append(self.begun) }
        if let rest = self.rest.take(), rest.readableBytes > 0 { pieces.append(rest) }
        self.begun = ByteBuffer()
        return pieces
    }

    /// The stream has failed: what it has said and was held, but not the mark of an end that nobody is to take for one.
    mutating func abandon() -> [ByteBuffer] {
        let isStop = self.door == .anthropic && self.rest != nil
        var pieces: [ByteBuffer] = []
        if let closing = self.closing.take(), !isStop { pieces.append(closing) }
        if self.begun.readableBytes > 0 { pieces.append(self.begun) }
        self.begun = ByteBuffer()
        self.rest = nil
        return pieces
    }
}
