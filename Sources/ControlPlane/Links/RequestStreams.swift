import IPC

/// The requests and replies under way on one link: bodies are put together until they are whole, replies go out within their
/// streams' windows.
///
/// Pure: it takes what has arrived and says what to do. A stream that has ended, or was cancelled, is forgotten, and what still
/// arrives for it is ignored, because the edge may have sent it before it knew.
struct RequestStreams: Sendable {
    /// What to send, in order.
    enum Output: Hashable, Sendable {
        case head(ResponseHead)
        /// A piece of the body, at most 64 KiB.
        case chunk(ArraySlice<UInt8>)
        case end
    }

    /// What to do about a frame.
    enum Action: Hashable, Sendable {
        case none
        /// The request is whole: answer it.
        case answer(AdministrationRequest, body: [UInt8])
        /// Too much is under way: end the stream with a failure.
        case refuse
    }

    private enum Stream: Sendable {
        case reading(AdministrationRequest, body: [UInt8])
        case answering
        case replying(rest: ArraySlice<UInt8>, window: SendWindow)
    }

    /// Streams at the same time.
    static let maximum = 128
    /// Bytes of bodies that are being put together, all of a link's: anybody may send them, with a token or without.
    static let longestBodies = 16 << 20

    private var streams: [UInt64: Stream] = [:]
    private var latest: UInt64 = 0
    /// Bytes of the bodies that are being put together, as announced.
    private var announced = 0

    /// Streams under way.
    var count: Int { self.streams.count }

    /// The edge has opened `stream`. Throws when the number was used before, or the body is longer than any may be.
    mutating func open(_ stream: UInt64, _ request: AdministrationRequest) throws(FrameError) -> Action {
        guard stream > self.latest, request.bodyLength <= AdministrationRequest.longestBody else {
            throw .malformed(.request)
        }
        self.latest = stream
        let length = Int(request.bodyLength)
        guard self.streams.count < Self.maximum, self.announced + length <= Self.longestBodies else { return .refuse }
        guard length > 0 else {
            self.streams[stream] = .answering
            return .answer(request, body: [])
        }
        self.announced += length
        self.streams[stream] = .reading(request, body: [])
        return .none
    }

    /// A piece of the body of `stream`. Throws when that makes it longer than was said.
    mutating func received(_ piece: UnsafeRawBufferPointer, _ stream: UInt64) throws(FrameError) -> Action {
        // Taken out: a body that is referred to twice could not grow in place.
        guard let state = self.streams.removeValue(forKey: stream) else { return .none }
        guard case .reading(let request, var body) = state else { throw .malformed(.body) }
        // At once as long as it will be: an array that grows leaves what it held behind.
        if body.isEmpty { body.reserveCapacity(Int(request.bodyLength)) }
        unsafe body.append(contentsOf: piece)
        guard body.count <= Int(request.bodyLength) else { throw .malformed(.body) }
        guard body.count == Int(request.bodyLength) else {
            self.streams[stream] = .reading(request, body: body)
            return .none
        }
        self.announced -= body.count
        self.streams[stream] = .answering
        return .answer(request, body: body)
    }

    /// Nobody waits for the reply any more.
    mutating func cancel(_ stream: UInt64) {
        if case .reading(let request, _) = self.streams.removeValue(forKey: stream) {
            self.announced -= Int(request.bodyLength)
        }
    }

    /// The reply of `stream` is there: what of it can be sent now.
    mutating func reply(_ stream: UInt64, _ head: ResponseHead, body: [UInt8]) -> [Output] {
        guard case .answering = self.streams[stream] else { return [] }
        self.streams[stream] = .replying(rest: body[...], window: SendWindow(size: WireLimits.replyWindow))
        return [.head(head)] + self.advance(stream)
    }

    /// The client has taken `bytes` of the reply. Throws when that is more than it was sent.
    mutating func credit(_ stream: UInt64, bytes: UInt32) throws(FrameError) -> [Output] {
        guard case .replying(let rest, var window) = self.streams[stream] else { return [] }
        try window.credit(bytes)
        self.streams[stream] = .replying(rest: rest, window: window)
        return self.advance(stream)
    }

    private mutating func advance(_ stream: UInt64) -> [Output] {
        guard case .replying(var rest, var window) = self.streams.removeValue(forKey: stream) else { return [] }
        var outputs: [Output] = []
        while !rest.isEmpty {
            let count = window.take(upTo: min(rest.count, WireLimits.data))
            guard count > 0 else {
                self.streams[stream] = .replying(rest: rest, window: window)
                return outputs
            }
            outputs.append(.chunk(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        outputs.append(.end)
        return outputs
    }
}
