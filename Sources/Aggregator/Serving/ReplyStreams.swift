import Domain
import IPC

/// The replies under way on one link, each within its stream's window.
///
/// Pure: it takes what has arrived and returns what to send; link windows are the link's business. A stream that has
/// ended (or was cancelled) is forgotten, and what still arrives for it is ignored, because the peer may have sent it
/// before it knew.
struct ReplyStreams: Sendable {
    /// What to send, in order.
    enum Output: Hashable, Sendable {
        case head(stream: UInt64, ResponseHead)
        /// A piece of the body, at most 64 KiB.
        case chunk(stream: UInt64, ArraySlice<UInt8>)
        case end(stream: UInt64, StreamEnd)
    }

    private struct Stream {
        var rest: ArraySlice<UInt8>
        var window = SendWindow(size: WireLimits.replyWindow)
    }

    /// How many replies may be under way: each holds a document in memory for as long as its reader likes.
    static let maximum = 8

    private var streams: [UInt64: Stream] = [:]
    private var latest: UInt64 = 0

    /// Whether nothing is under way.
    var isEmpty: Bool { self.streams.isEmpty }

    /// The peer has opened `stream`; `reply` is made only if there is room for it. Throws when the number was used
    /// before.
    mutating func open(_ stream: UInt64, reply: () -> Reply) throws(FrameError) -> [Output] {
        guard stream > self.latest else { throw .malformed(.request) }
        self.latest = stream
        guard self.streams.count < Self.maximum else {
            return [.end(stream: stream, StreamEnd(failure: Self.tooMany))]
        }
        let reply = reply()
        self.streams[stream] = Stream(rest: reply.body[...])
        let head = ResponseHead(
            status: reply.status, isStream: false, contentLength: UInt64(reply.body.count),
            contentType: reply.contentType)
        return [.head(stream: stream, head)] + self.advance(stream)
    }

    /// The reader has taken `bytes` of the reply. Throws when that is more than it was sent.
    mutating func credit(_ stream: UInt64, bytes: UInt32) throws(FrameError) -> [Output] {
        guard self.streams[stream] != nil else { return [] }
        try self.streams[stream]?.window.credit(bytes)
        return self.advance(stream)
    }

    /// Nobody reads the reply any more.
    mutating func cancel(_ stream: UInt64) {
        self.streams[stream] = nil
    }

    private mutating func advance(_ number: UInt64) -> [Output] {
        guard var stream = self.streams.removeValue(forKey: number) else { return [] }
        var outputs: [Output] = []
        while !stream.rest.isEmpty {
            let count = stream.window.take(upTo: min(stream.rest.count, WireLimits.data))
            guard count > 0 else {
                self.streams[number] = stream
                return outputs
            }
            outputs.append(.chunk(stream: number, stream.rest.prefix(count)))
            stream.rest = stream.rest.dropFirst(count)
        }
        outputs.append(.end(stream: number, StreamEnd()))
        return outputs
    }

    private static let tooMany = GatewayError(
        code: "gateway_unavailable", type: "server_error", status: 503, source: .gateway, retry: .later,
        message: "Too many requests for metrics are under way.", retryAfter: 1)
}
