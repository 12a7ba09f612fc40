internal import Dialects
internal import HTTPClient
internal import IPC

/// What of a provider's head decides and what of it a client may see. Pure.
enum ReplyHeaders {
    static let eventStream = Array("text/event-stream".utf8)
    private static let json = Array("application/json".utf8)

    /// How the start of a body looks that came without a telling content type.
    enum Look: Hashable {
        case json
        case events
        case unknown
    }

    /// Whether a content type is `text/event-stream`, with or without parameters.
    static func isEventStream(_ contentType: [UInt8]?) -> Bool {
        guard let contentType, contentType.count >= self.eventStream.count else { return false }
        for index in 0..<self.eventStream.count where contentType[index] | 0x20 != self.eventStream[index] | 0x20 {
            return false
        }
        guard contentType.count > self.eventStream.count else { return true }
        let next = contentType[self.eventStream.count]
        return next == UInt8(ascii: ";") || next == 0x20 || next == 0x09
    }

    /// Judged by the first bytes: a JSON value, or a field name or comment of an event stream.
    static func look(_ bytes: UnsafeRawBufferPointer) -> Look {
        if unsafe UnaryReply.looksLikeJSON(bytes) { return .json }
        var start = 0
        while start < bytes.count, unsafe bytes[start] <= 0x20 { start += 1 }
        guard start < bytes.count else { return .unknown }
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
        if unsafe rest[0] == UInt8(ascii: ":") { return .events }
        let fields = ["data:", "event:", "id:", "retry:"]
        return fields.contains { unsafe rest.starts(with: $0.utf8) } ? .events : .unknown
    }

    /// The head for the client. `length` where the whole body's is known.
    static func head(_ head: HTTPResponseHead, isStream: Bool, length: UInt64?) -> ResponseHead {
        // An event stream under another name would not be read as one.
        let mislabelled = isStream && !self.isEventStream(head.contentType)
        let type = mislabelled ? nil : head.contentType.flatMap(self.sendable)
        return ResponseHead(
            status: head.status, isStream: isStream, contentLength: length,
            contentType: type ?? (isStream ? self.eventStream : self.json),
            retryAfter: head.retryAfter.flatMap(self.sendable),
            providerRequestID: head.requestID.flatMap(self.sendable))
    }

    /// `retry-after` in seconds, rounded up; nil where it is a date or nonsense.
    static func retryAfter(_ head: HTTPResponseHead) -> UInt32? {
        // Azure says 0 there and means the other one.
        if let milliseconds = self.number(head.retryAfterMilliseconds), milliseconds > 0 {
            return (milliseconds &+ 999) / 1000
        }
        return self.number(head.retryAfter)
    }

    /// Digits, at most nine.
    private static func number(_ value: [UInt8]?) -> UInt32? {
        guard let value, (1...9).contains(value.count), value.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return value.reduce(0) { $0 &* 10 &+ UInt32($1 &- 0x30) }
    }

    /// The value if it can be sent as it is; the link refuses any other.
    private static func sendable(_ value: [UInt8]) -> [UInt8]? {
        guard !value.isEmpty, value.count <= 1024,
            value.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 })
        else { return nil }
        return value
    }
}
