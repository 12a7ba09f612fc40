import Domain
import NIOCore

/// Everything the head of a reply says, and its bytes. There is no other way for a header to reach a client.
struct ReplyHead {
    enum ContentType {
        case json
        case text
        /// As the provider sent it; checked by IPC to hold only what a header value may.
        case provider([UInt8])
    }

    /// How the end of the body is told.
    enum Length: Hashable {
        case known(UInt64)
        case chunked
        case untilClose
        /// By HTTP/2.
        case untilEndOfStream
        /// The status has no body (204).
        case absent
    }

    /// What a browser asked before the request proper.
    struct Preflight {
        /// The headers it means to send, as it wrote them.
        var headers: String?
    }

    /// What is said about the connection.
    enum Connection: Hashable {
        case implied
        case close
        /// HTTP/1.0 has to be told.
        case keepAlive
    }

    var status: UInt16
    var contentType: ContentType = .json
    var length: Length
    var connection: Connection
    var record: RecordID
    /// The client's label, visible ASCII; nil: the record id.
    var requestID: String?
    var retryAfter: [UInt8]?
    var providerRequestID: [UInt8]?
    var isStream = false
    var allow: StaticString?
    var asksForKey = false
    var cors: CORSPolicy.Grant?
    /// What is said of limits, and nanoseconds of the event loop's clock at which it is said.
    var limits: ReplyLimits?
    var now: UInt64 = 0
    /// A client that tries again has to be told that it is useless.
    var forbidsRetry = false
    /// Set in the reply to a preflight only.
    var preflight: Preflight?

    /// Appends the head, the blank line included. `date` is the value of the `Date` header.
    func write(to buffer: inout ByteBuffer, date: [UInt8]) {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeStaticString(StatusLine.text(self.status))
        if StatusLine.isUnknown(self.status) { buffer.writeString("\(self.status) Status") }
        buffer.writeStaticString("\r\ndate: ")
        buffer.writeBytes(date)
        self.writeBodyHeaders(to: &buffer)
        self.writeIdentity(to: &buffer)
        if let retryAfter = self.retryAfter { buffer.writeHeader("retry-after", retryAfter) }
        if self.forbidsRetry { buffer.writeStaticString("\r\nx-should-retry: false") }
        self.limits?.write(to: &buffer, now: self.now)
        if let id = self.providerRequestID { buffer.writeHeader("x-sluice-provider-request-id", id) }
        if self.isStream {
            buffer.writeStaticString("\r\ncache-control: no-cache\r\nx-accel-buffering: no")
        }
        if let allow = self.allow {
            buffer.writeStaticString("\r\nallow: ")
            buffer.writeStaticString(allow)
        }
        if self.asksForKey { buffer.writeStaticString("\r\nwww-authenticate: Bearer") }
        self.writeCORS(to: &buffer)
        switch self.connection {
        case .implied: break
        case .close: buffer.writeStaticString("\r\nconnection: close")
        case .keepAlive: buffer.writeStaticString("\r\nconnection: keep-alive")
        }
        buffer.writeStaticString("\r\n\r\n")
    }

    private static let exposed: StaticString = """
        \r\naccess-control-expose-headers: x-request-id, x-sluice-record, retry-after, x-should-retry, \
        x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, \
        x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, \
        x-sluice-limit-warning, x-sluice-max-tokens
        """

    private func writeBodyHeaders(to buffer: inout ByteBuffer) {
        if self.length == .absent { return }
        switch self.contentType {
        case .json: buffer.writeStaticString("\r\ncontent-type: application/json")
        case .text: buffer.writeStaticString("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8")
        case .provider(let value): if !value.isEmpty { buffer.writeHeader("content-type", value) }
        }
        switch self.length {
        case .known(let count):
            buffer.writeStaticString("\r\ncontent-length: ")
            buffer.writeDecimal(count)
        case .chunked: buffer.writeStaticString("\r\ntransfer-encoding: chunked")
        case .untilClose, .untilEndOfStream, .absent: break
        }
    }

    private func writeIdentity(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("\r\nx-request-id: ")
        if let requestID = self.requestID {
            buffer.writeString(requestID)
        } else {
            buffer.writeRecord(self.record)
        }
        buffer.writeStaticString("\r\nx-sluice-record: ")
        buffer.writeRecord(self.record)
    }

    private func writeCORS(to buffer: inout ByteBuffer) {
        guard let grant = self.cors else { return }
        if grant.varies { buffer.writeStaticString("\r\nvary: origin") }
        guard let origin = grant.origin else { return }
        buffer.writeStaticString("\r\naccess-control-allow-origin: ")
        buffer.writeString(origin)
        guard let preflight = self.preflight else {
            buffer.writeStaticString(ReplyHead.exposed)
            return
        }
        buffer.writeStaticString("\r\naccess-control-allow-methods: GET, HEAD, POST, OPTIONS")
        buffer.writeStaticString("\r\naccess-control-max-age: 600\r\naccess-control-allow-headers: ")
        if let asked = preflight.headers, !asked.isEmpty, asked.isHeaderValue(upTo: 1024) {
            buffer.writeString(asked)
        } else {
            buffer.writeStaticString("authorization, content-type, x-api-key, api-key, x-request-id")
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func writeHeader(_ name: StaticString, _ value: [UInt8]) {
        self.writeStaticString("\r\n")
        self.writeStaticString(name)
        self.writeStaticString(": ")
        self.writeBytes(value)
    }

    fileprivate mutating func writeRecord(_ record: RecordID) {
        _ = unsafe self.writeWithUnsafeMutableBytes(minimumWritableBytes: 32) { bytes in
            unsafe record.write(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<32]).bindMemory(to: UInt8.self))
        }
    }

    /// Appends a decimal number without making a string.
    mutating func writeDecimal(_ value: UInt64) {
        _ = unsafe self.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { bytes in
            var digits = 1
            var rest = value
            while rest >= 10 {
                rest /= 10
                digits += 1
            }
            rest = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                unsafe bytes[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return digits
        }
    }

    /// Appends what stands before a chunk of `count` bytes: its length in hexadecimal and CR LF.
    mutating func writeChunkHeader(_ count: Int) {
        _ = unsafe self.writeWithUnsafeMutableBytes(minimumWritableBytes: 18) { bytes in
            let value = UInt64(clamping: count)
            let digits = max(1, (67 - value.leadingZeroBitCount) / 4)
            for index in 0..<digits {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - index)) & 0xF)
                unsafe bytes[index] = nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble
            }
            unsafe bytes[digits] = 0x0D
            unsafe bytes[digits + 1] = 0x0A
            return digits + 2
        }
    }
}
