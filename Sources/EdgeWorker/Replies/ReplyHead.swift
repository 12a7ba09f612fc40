import Domain
import IPC
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
        /// The path may be control's.
        var isAdministration = false
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
    /// Anthropic's clients look for the request's id in another place, and find the record's id there.
    var isAnthropic = false
    var retryAfter: [UInt8]?
    var providerRequestID: [UInt8]?
    /// Where the reply comes from, or was to come from.
    var origin: ReplyOrigin?
    var isStream = false
    var allow: StaticString?
    var asksForKey = false
    var cors: CORSPolicy.Grant?
    /// What is said of limits, and nanoseconds of the event loop's clock at which it is said.
    var limits: ReplyLimits?
    var now: UInt64 = 0
    /// A client that tries again has to be told that it is useless.
    var forbidsRetry = false
    /// A client that tries again after `retryAfter` may well be served.
    var wantsRetry = false
    /// Set in the reply to a preflight only.
    var preflight: Preflight?
    /// What control says besides; checked by IPC to hold only what a header value may.
    var further: [ReplyHeader] = []

    /// Bytes of all that a usual head says, but for what clients and providers have chosen, and what is said of limits and of the
    /// reply's origin. The stack has room for about a kilobyte: what is usual has to be less.
    private static let longestFixed = 448
    /// Bytes of what only streams say, and what only refusals.
    private static let longestOfStreams = 48
    private static let longestOfRefusals = 96
    /// Bytes of what browsers are told, but for origins and headers of their own.
    private static let longestCORS = 832

    /// Bytes that the head takes at most.
    var longest: Int {
        var count = ReplyHead.longestFixed + (self.requestID?.utf8.count ?? 0) + (self.retryAfter?.count ?? 0)
        count += self.providerRequestID?.count ?? 0
        if self.isAnthropic { count += 48 }
        if self.isStream { count += ReplyHead.longestOfStreams }
        if self.allow != nil || self.asksForKey { count += ReplyHead.longestOfRefusals }
        if let limits = self.limits { count += limits.longest }
        if let origin = self.origin { count += origin.longest }
        if let cors = self.cors {
            count += ReplyHead.longestCORS + (cors.origin?.utf8.count ?? 0) + (self.preflight?.headers?.utf8.count ?? 0)
        }
        if case .provider(let type) = self.contentType { count += type.count }
        for header in self.further { count += 32 + header.value.count }
        return count
    }

    /// Appends the head, the blank line included. `date` is the value of the `Date` header.
    ///
    /// Its many small parts come together elsewhere first, so that the buffer, which a connection keeps, is asked once and
    /// gets no larger than it has to be.
    func write(to buffer: inout ByteBuffer, date: [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(byteCount: self.longest, alignment: 8) { memory in
            var bytes = unsafe HeadBytes(memory)
            self.write(to: &bytes, date: date)
            _ = unsafe buffer.writeBytes(UnsafeRawBufferPointer(rebasing: memory[..<bytes.count]))
        }
    }

    private func write(to buffer: inout some HeadOutput, date: [UInt8]) {
        buffer.append("HTTP/1.1 ")
        buffer.append(StatusLine.text(self.status))
        if StatusLine.isUnknown(self.status) { buffer.append("\(self.status) Status") }
        buffer.append("\r\ndate: ")
        buffer.append(date)
        self.writeBodyHeaders(to: &buffer)
        self.writeIdentity(to: &buffer)
        if let retryAfter = self.retryAfter { buffer.appendHeader("retry-after", retryAfter) }
        if self.forbidsRetry {
            buffer.append("\r\nx-should-retry: false")
        } else if self.wantsRetry {
            buffer.append("\r\nx-should-retry: true")
        }
        self.limits?.write(to: &buffer, now: self.now)
        if let id = self.providerRequestID { buffer.appendHeader("x-sluice-provider-request-id", id) }
        self.origin?.write(to: &buffer)
        if self.isStream {
            buffer.append("\r\ncache-control: no-cache\r\nx-accel-buffering: no")
        }
        if let allow = self.allow {
            buffer.append("\r\nallow: ")
            buffer.append(allow)
        }
        if self.asksForKey { buffer.append("\r\nwww-authenticate: Bearer") }
        for header in self.further { buffer.appendHeader(header.name.text, header.value) }
        self.writeCORS(to: &buffer)
        switch self.connection {
        case .implied: break
        case .close: buffer.append("\r\nconnection: close")
        case .keepAlive: buffer.append("\r\nconnection: keep-alive")
        }
        buffer.append("\r\n\r\n")
    }

    private static let exposed: StaticString = """
        \r\naccess-control-expose-headers: x-request-id, x-sluice-record, request-id, retry-after, x-should-retry, \
        x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, \
        x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, \
        x-sluice-limit-warning, x-sluice-max-tokens, x-sluice-provider, x-sluice-model, x-sluice-tier, \
        x-sluice-attempts, x-sluice-latency-ms, x-sluice-cost-usd, x-sluice-cache
        """

    private func writeBodyHeaders(to buffer: inout some HeadOutput) {
        if self.length == .absent { return }
        switch self.contentType {
        case .json: buffer.append("\r\ncontent-type: application/json")
        case .text: buffer.append("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8")
        case .provider(let value): if !value.isEmpty { buffer.appendHeader("content-type", value) }
        }
        switch self.length {
        case .known(let count):
            buffer.append("\r\ncontent-length: ")
            buffer.writeDecimal(count)
        case .chunked: buffer.append("\r\ntransfer-encoding: chunked")
        case .untilClose, .untilEndOfStream, .absent: break
        }
    }

    private func writeIdentity(to buffer: inout some HeadOutput) {
        buffer.append("\r\nx-request-id: ")
        if let requestID = self.requestID {
            buffer.append(requestID)
        } else {
            buffer.append(self.record)
        }
        buffer.append("\r\nx-sluice-record: ")
        buffer.append(self.record)
        if self.isAnthropic {
            buffer.append("\r\nrequest-id: ")
            buffer.append(self.record)
        }
    }

    private func writeCORS(to buffer: inout some HeadOutput) {
        guard let grant = self.cors else { return }
        if grant.varies { buffer.append("\r\nvary: origin") }
        guard let origin = grant.origin else { return }
        buffer.append("\r\naccess-control-allow-origin: ")
        buffer.append(origin)
        guard let preflight = self.preflight else {
            buffer.append(ReplyHead.exposed)
            if !self.further.isEmpty { buffer.append(", etag, location, link") }
            return
        }
        buffer.append(
            preflight.isAdministration
                ? "\r\naccess-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
                : "\r\naccess-control-allow-methods: GET, HEAD, POST, OPTIONS")
        buffer.append("\r\naccess-control-max-age: 600\r\naccess-control-allow-headers: ")
        if let asked = preflight.headers, !asked.isEmpty, asked.isHeaderValue(upTo: 1024) {
            buffer.append(asked)
        } else {
            buffer.append(
                "authorization, content-type, x-api-key, api-key, x-request-id, anthropic-version, anthropic-beta")
        }
    }
}

extension ByteBuffer {
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
