/// Reads the lines of a reply's head, one call per line, and keeps the few fields that matter.
///
/// Pure. Bounds the whole head, trailers and interim heads included; a field that comes twice keeps its first value. Where libcurl reads
/// the reply beside it, how the body is framed is for libcurl to judge; `HTTPReplyReader` judges by `framing`.
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
    /// It is not `chunked` alone.
    private var hasForeignCoding = false
    /// A length that is none, or one that contradicts another.
    private var hasFaultyLength = false
    private var isVersion0 = false
    private var saysClose = false
    private var saysKeepAlive = false
    private var head = HTTPResponseHead(status: 0)

    /// `limit` is in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// The next line is a status line.
    var awaitsStatus: Bool { self.place == .statusLine }

    /// Whether the final head is complete.
    var isComplete: Bool { self.place == .body }

    /// How the body of the final head is framed (RFC 9112 §6.3); nil where the head contradicts itself or has a coding that was not asked
    /// for.
    var framing: HTTPBodyFraming? {
        guard !self.hasForeignCoding, !self.hasFaultyLength else { return nil }
        if self.head.status == 204 || self.head.status == 304 { return .length(0) }
        if self.isCoded { return .chunked }
        return self.head.contentLength.map { .length($0) } ?? .untilClose
    }

    /// Whether the final head lets the connection be used again (RFC 9112 §9.3).
    var keepsConnection: Bool { !self.saysClose && (!self.isVersion0 || self.saysKeepAlive) }

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
            self.isVersion0 = line[7] == 0x30
            self.isCoded = false
            self.isChunked = false
            self.hasForeignCoding = false
            self.hasFaultyLength = false
            self.saysClose = false
            self.saysKeepAlive = false
            self.place = .fields
            return .more
        case .fields:
            guard end > 0 else { return self.ended() }
            return self.field(line, end)
        case .body:
            // A trailer, from libcurl.
            return .more
        }
    }

    private mutating func ended() -> Event {
        guard self.head.status >= 200 else {
            self.place = .statusLine
            return self.head.status >= 100 && self.head.status != 101 ? .more : .violation
        }
        self.place = .body
        // Two framings, or one its version does not have: whoever reads on may be told another end than the server's (RFC 9112 §6.1).
        if self.isCoded && (self.head.contentLength != nil || self.isVersion0) { self.saysClose = true }
        if self.isCoded { self.head.contentLength = nil }
        let hasBody = self.head.status != 204 && self.head.status != 304
        self.head.endsByClose = hasBody && !self.isChunked && self.head.contentLength == nil
        return .complete(self.head)
    }

    /// `HTTP/1.x 200 …` with exactly three digits.
    private static func status(_ line: Span<UInt8>, _ end: Int) -> UInt16? {
        guard end >= 12, line[0] == 0x48, line[1] == 0x54, line[2] == 0x54, line[3] == 0x50, line[4] == 0x2F,
            line[5] == 0x31, line[6] == 0x2E, line[7] &- 0x30 < 10, line[8] == 0x20, end == 12 || line[12] == 0x20
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
        // A line that goes on, or a name with a space behind it: others may read another field there (RFC 9112 §5).
        if line[0] == 0x20 || line[0] == 0x09 || colon > 0 && (line[colon - 1] == 0x20 || line[colon - 1] == 0x09) {
            self.saysClose = true
        }
        switch colon {
        case 12 where HTTPHeadParser.matches(line, "content-type"):
            if self.head.contentType == nil { self.head.contentType = HTTPHeadParser.value(line, colon, end) }
        case 14 where HTTPHeadParser.matches(line, "content-length"):
            let length = HTTPHeadParser.length(HTTPHeadParser.value(line, colon, end))
            if length == nil || self.head.contentLength.map({ $0 != length }) ?? false { self.hasFaultyLength = true }
            if self.head.contentLength == nil { self.head.contentLength = length }
        case 10 where HTTPHeadParser.matches(line, "connection"):
            let value = HTTPHeadParser.value(line, colon, end)
            if HTTPHeadParser.lists(value, "close") { self.saysClose = true }
            if HTTPHeadParser.lists(value, "keep-alive") { self.saysKeepAlive = true }
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
            if self.isChunked || !coding.elementsEqual("chunked".utf8, by: { $0 | 0x20 == $1 }) {
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

    /// Whether `word` (lower case) is in a list of words with commas between them.
    private static func lists(_ value: [UInt8], _ word: StaticString) -> Bool {
        value.split(separator: 0x2C).contains { item in
            var item = item
            while let first = item.first, first == 0x20 || first == 0x09 { item.removeFirst() }
            while let last = item.last, last == 0x20 || last == 0x09 { item.removeLast() }
            guard item.count == word.utf8CodeUnitCount else { return false }
            for (byte, index) in zip(item, 0...) {
                guard unsafe byte | 0x20 == word.utf8Start[index] else { return false }
            }
            return true
        }
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
