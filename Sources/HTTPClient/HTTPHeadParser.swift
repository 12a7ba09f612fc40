/// Reads the lines of a reply's head as libcurl hands them out, one call per line, and keeps the few fields that matter.
///
/// Pure. Bounds the whole head, trailers and interim heads included; a field that comes twice keeps its first value
/// (libcurl itself refuses contradictory lengths).
struct HTTPHeadParser {
    /// What a line meant.
    enum Event: Hashable {
        /// More lines follow.
        case more
        /// The final head is complete.
        case complete(HTTPResponseHead)
        /// The head is larger than the limit.
        case tooLarge
        /// No status line, a status out of range, or a coding that was not asked for.
        case violation
    }

    private enum Place {
        case statusLine
        case fields
        case body
    }

    /// Bytes of fields about trying again that are kept.
    private static let maximumRetryFields = 2 << 10

    private let limit: Int
    private var size = 0
    private var place = Place.statusLine
    /// There is a transfer coding, and the last one is `chunked`.
    private var isCoded = false
    private var isChunked = false
    /// Some head, an interim one too, said that the body is chunked and nothing else, or anything else of its coding: what
    /// libcurl goes by.
    private(set) var isRawChunked = false
    private(set) var hasForeignCoding = false
    private var head = HTTPResponseHead(status: 0)

    /// `limit` is in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the final head is complete.
    var isComplete: Bool { self.place == .body }

    /// Forgets everything: another reply begins.
    mutating func reset() {
        self = HTTPHeadParser(limit: self.limit)
    }

    /// Reads one line, its line end included.
    mutating func read(_ line: Span<UInt8>) -> Event {
        self.size &+= line.count
        guard self.size <= self.limit else { return .tooLarge }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        switch self.place {
        case .statusLine:
            guard let status = HTTPHeadParser.status(line, end) else { return .violation }
            self.head = HTTPResponseHead(status: status)
            self.isCoded = false
            self.isChunked = false
            self.place = .fields
            return .more
        case .fields:
            guard end > 0 else { return self.ended() }
            return self.field(line, end)
        case .body:
            // A trailer. (libcurl repeats a request on its own only when nothing of a reply has come.)
            return .more
        }
    }

    private mutating func ended() -> Event {
        guard self.head.status >= 200 else {
            self.place = .statusLine
            return self.head.status >= 100 && self.head.status != 101 ? .more : .violation
        }
        self.place = .body
        if self.isCoded { self.head.contentLength = nil }
        let hasBody = self.head.status != 204 && self.head.status != 304
        self.head.endsByClose = hasBody && !self.isChunked && self.head.contentLength == nil
        return .complete(self.head)
    }

    /// `HTTP/1.1 200 …` with exactly three digits.
    private static func status(_ line: Span<UInt8>, _ end: Int) -> UInt16? {
        guard end >= 12, line[0] == 0x48, line[1] == 0x54, line[2] == 0x54, line[3] == 0x50, line[4] == 0x2F,
            line[8] == 0x20, end == 12 || line[12] == 0x20
        else { return nil }
        var status: UInt16 = 0
        for index in 9..<12 {
            let digit = line[index] &- 0x30
            guard digit < 10 else { return nil }
            status = status * 10 + UInt16(digit)
        }
        return status
    }

    private mutating func field(_ line: Span<UInt8>, _ end: Int) -> Event {
        // Few names matter and their lengths differ, so most lines cost one search for the colon and one comparison.
        var colon = 0
        while colon < end, line[colon] != 0x3A { colon += 1 }
        guard colon < end else { return .more }
        switch colon {
        case 12 where HTTPHeadParser.matches(line, "content-type"):
            if self.head.contentType == nil { self.head.contentType = HTTPHeadParser.value(line, colon, end) }
        case 14 where HTTPHeadParser.matches(line, "content-length"):
            if self.head.contentLength == nil {
                self.head.contentLength = HTTPHeadParser.length(HTTPHeadParser.value(line, colon, end))
            }
        case 11 where HTTPHeadParser.matches(line, "retry-after"):
            if self.head.retryAfter == nil { self.head.retryAfter = HTTPHeadParser.value(line, colon, end) }
            self.keepRetryField(line, end)
        case 14 where HTTPHeadParser.matches(line, "retry-after-ms"):
            if self.head.retryAfterMilliseconds == nil {
                self.head.retryAfterMilliseconds = HTTPHeadParser.value(line, colon, end)
            }
            self.keepRetryField(line, end)
        case 14 where HTTPHeadParser.matches(line, "x-should-retry"): self.keepRetryField(line, end)
        case 12 where HTTPHeadParser.matches(line, "x-request-id"):
            self.head.requestID = HTTPHeadParser.value(line, colon, end)
        case 4 where HTTPHeadParser.matches(line, "etag"):
            self.head.entityTag = HTTPHeadParser.value(line, colon, end)
        case 10 where HTTPHeadParser.matches(line, "request-id"):
            if self.head.requestID == nil { self.head.requestID = HTTPHeadParser.value(line, colon, end) }
        case 17 where HTTPHeadParser.matches(line, "transfer-encoding"):
            self.isCoded = true
            let coding = HTTPHeadParser.value(line, colon, end)
            if coding.elementsEqual("chunked".utf8, by: { $0 | 0x20 == $1 }) {
                self.isRawChunked = true
            } else {
                self.hasForeignCoding = true
            }
            self.isChunked = coding.suffix(7).elementsEqual("chunked".utf8, by: { $0 | 0x20 == $1 })
        case 16 where HTTPHeadParser.matches(line, "content-encoding"):
            let coding = HTTPHeadParser.value(line, colon, end)
            guard coding.isEmpty || coding.elementsEqual("identity".utf8, by: { $0 | 0x20 == $1 }) else {
                return .violation
            }
        case 18... where HTTPHeadParser.matches(line, "x-ratelimit-re"): self.keepRetryField(line, end)
        case 24... where HTTPHeadParser.matches(line, "anthropic-ratelimit-"): self.keepRetryField(line, end)
        default: break
        }
        return .more
    }

    /// Keeps the whole line: who looks into it is not known here.
    private mutating func keepRetryField(_ line: Span<UInt8>, _ end: Int) {
        guard self.head.retryFields.count + end < HTTPHeadParser.maximumRetryFields else { return }
        if self.head.retryFields.isEmpty { self.head.retryFields.reserveCapacity(512) }
        for index in 0..<end { self.head.retryFields.append(line[index]) }
        self.head.retryFields.append(0x0A)
    }

    /// Whether the line begins with `name` (lower case), whatever the case of the line.
    @inline(__always)
    private static func matches(_ line: Span<UInt8>, _ name: StaticString) -> Bool {
        for index in 0..<name.utf8CodeUnitCount {
            var byte = line[index]
            if byte &- 0x41 < 26 { byte |= 0x20 }
            guard unsafe byte == name.utf8Start[index] else { return false }
        }
        return true
    }

    /// What stands after the colon, without spaces and tabs around it.
    private static func value(_ line: Span<UInt8>, _ colon: Int, _ end: Int) -> [UInt8] {
        var first = colon + 1
        var last = end
        while first < last, line[first] == 0x20 || line[first] == 0x09 { first += 1 }
        while last > first, line[last - 1] == 0x20 || line[last - 1] == 0x09 { last -= 1 }
        var value: [UInt8] = []
        value.reserveCapacity(last - first)
        for index in first..<last { value.append(line[index]) }
        return value
    }

    /// A length: digits only, at most 18 of them.
    private static func length(_ value: [UInt8]) -> UInt64? {
        guard (1...18).contains(value.count) else { return nil }
        var length: UInt64 = 0
        for byte in value {
            let digit = byte &- 0x30
            guard digit < 10 else { return nil }
            length = length * 10 + UInt64(digit)
        }
        return length
    }
}
