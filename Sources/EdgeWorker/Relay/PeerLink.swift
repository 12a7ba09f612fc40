import Domain
import IPC
import IPCNIO
import EventLog
import NIOCore

/// A link of the edge to one peer, and the request streams that run over it.
///
/// Lives on the event loop. Hands each frame to its exchange; frames for streams that were cancelled are dropped, as the
/// peer may have sent them before it heard of that. Owns the area it shares with the peer: what a stream has there is free
/// again after its END, also when nobody else waits for that any more.
final class PeerLink: LinkDelegate {
    let role: Role
    let instance: UInt32
    private let log: Log
    /// nil where the link has none.
    private let area: BodyArea?
    /// By stream.
    private var ranges: [UInt64: Range<Int>] = [:]
    private let opened: (PeerLink) -> Void
    private let ended: (PeerLink) -> Void
    /// The peer ends, and is to get no new request. What it has goes on.
    var retired: (PeerLink) -> Void = { _ in }
    /// Set right after it was made, until the link has ended.
    var handler: LinkHandler?
    private var exchanges: [UInt64: Exchange] = [:]
    private var lastStream: UInt64 = 0

    init(
        role: Role, instance: UInt32, area: BodyArea?, log: Log, opened: @escaping (PeerLink) -> Void,
        ended: @escaping (PeerLink) -> Void
    ) {
        self.role = role
        self.instance = instance
        self.log = log
        self.area = area
        self.opened = opened
        self.ended = ended
    }

    /// Streams that run now.
    var load: Int { self.exchanges.count }

    /// Gives `exchange` a stream of its own and returns its number.
    func open(_ exchange: Exchange) -> UInt64 {
        self.lastStream += 1
        self.exchanges[self.lastStream] = exchange
        return self.lastStream
    }

    /// The exchange wants nothing more of this stream.
    func cancel(stream: UInt64) {
        guard self.exchanges.removeValue(forKey: stream) != nil, let handler = self.handler else { return }
        if !handler.cancel(stream: stream) { self.vacate(stream) }
    }

    /// The peer is to stop working on this stream. True: it was told, and the stream stays open for its END.
    func stop(stream: UInt64) -> Bool {
        guard self.exchanges[stream] != nil, let handler = self.handler else { return false }
        if handler.cancel(stream: stream) { return true }
        self.exchanges[stream] = nil
        self.vacate(stream)
        return false
    }

    /// Nothing of this stream is waited for any more; the peer was told before.
    func forget(stream: UInt64) {
        self.exchanges[stream] = nil
    }

    // MARK: The area

    /// Lays the body where the peer can read it and says where that is; nil when it has to go in frames.
    func place(_ body: ByteBuffer, stream: UInt64) -> UInt64? {
        guard let range = self.area?.place(body) else { return nil }
        self.ranges[stream] = range
        return UInt64(range.lowerBound)
    }

    private func vacate(_ stream: UInt64) {
        guard !self.ranges.isEmpty, let range = self.ranges.removeValue(forKey: stream) else { return }
        self.area?.release(range)
    }

    /// Gives up memory that nothing needs.
    func giveMemoryBack() {
        self.area?.rest()
    }

    // MARK: LinkDelegate

    func linkOpened(_ link: LinkHandler) {
        self.log.debug("link open", self.peer)
        self.opened(self)
    }

    func link(_ link: LinkHandler, received header: FrameHeader, payload: ByteBuffer) throws(FrameError) {
        if header.type == .end { self.vacate(header.stream) }
        if header.type == .drain, header.stream == 0 {
            self.retired(self)
            // Behind the last request.
            return link.send(Drain(timeout: 0))
        }
        guard let exchange = self.exchanges[header.stream] else {
            // Nobody asks on a stream that has not begun.
            if header.type == .attempt, header.stream > self.lastStream { throw .malformed(.attempt) }
            return
        }
        switch header.type {
        case .responseHead: try exchange.received(head: try PeerLink.message(payload))
        case .chunk: try exchange.received(chunk: payload)
        case .attempt: exchange.received(attempt: try PeerLink.message(payload))
        case .credit: try exchange.received(credit: try PeerLink.message(payload))
        case .end:
            let end: StreamEnd = try PeerLink.message(payload)
            self.exchanges[header.stream] = nil
            exchange.received(end: end)
        default: throw .unexpectedType(header.type)
        }
    }

    func linkEnded(_ link: LinkHandler, _ end: LinkEnd) {
        self.handler = nil
        switch end {
        case .closed: self.log.info("link closed", self.peer)
        case .violation(let error): self.log.error("peer broke the protocol", self.fields("error", "\(error)"))
        case .failed(let reason): self.log.warning("link failed", self.fields("error", reason))
        }
        let lost = self.exchanges
        self.exchanges = [:]
        self.ended(self)
        for exchange in lost.values { exchange.linkLost() }
    }

    private var peer: LogFields {
        ["peer": .string(self.role.label), "peer_instance": .unsigned(UInt64(self.instance))]
    }

    private func fields(_ name: String, _ value: String) -> LogFields {
        var fields = self.peer
        fields.append(name, .string(value))
        return fields
    }

    private static func message<Message: WireMessage>(_ payload: ByteBuffer) throws(FrameError) -> Message {
        try unsafe payload.withUnsafeReadableBytes { (bytes) throws(FrameError) in unsafe try Message(payload: bytes) }
    }
}
