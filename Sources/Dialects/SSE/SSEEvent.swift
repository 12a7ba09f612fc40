/// One complete server-sent event, by where its bytes are.
public struct SSEEvent: Hashable, Sendable {
    /// What the `data` lines of an event hold.
    public enum Payload: Hashable, Sendable {
        /// There is no `data` line: comments, blank lines, other fields.
        case none
        /// One `data` line; the range of its value in the event's bytes.
        case line(Range<Int>)
        /// Several `data` lines, joined by line feeds.
        case joined([UInt8])
    }

    /// Bytes of the event that came in earlier pieces.
    public var carried: Int
    /// The event's bytes in the current piece, its terminating blank line included.
    public var pieceRange: Range<Int>

    public init(carried: Int, pieceRange: Range<Int>) {
        self.carried = carried
        self.pieceRange = pieceRange
    }

    /// Reads the `data` lines of an event, given all its bytes.
    public static func payload(of raw: UnsafeRawBufferPointer) -> Payload {
        var payload = Payload.none
        var start = 0
        // A byte order mark may precede the first event of a stream.
        if unsafe raw.count >= 3 && raw[0] == 0xEF && raw[1] == 0xBB && raw[2] == 0xBF { start = 3 }
        while start < raw.count {
            let end = unsafe SSELine.end(in: raw, from: start) ?? raw.count
            if let value = unsafe SSELine.dataValue(raw, start..<end) {
                switch payload {
                case .none:
                    payload = .line(value)
                case .line(let first):
                    payload = .joined(unsafe Array(raw[first]) + [0x0A] + raw[value])
                case .joined(var bytes):
                    payload = .none
                    bytes.append(0x0A)
                    unsafe bytes.append(contentsOf: raw[value])
                    payload = .joined(bytes)
                }
            }
            start = end &+ 1
        }
        return payload
    }
}
