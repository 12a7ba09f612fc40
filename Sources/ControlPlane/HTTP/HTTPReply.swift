import Administration
import IPC

/// A whole reply to a request that an edge has passed on.
struct HTTPReply: Hashable, Sendable {
    var status: UInt16
    /// Empty where there is no body.
    var contentType: [UInt8]
    var body: [UInt8]
    var headers: [ReplyHeader]
    /// Seconds, sent as `Retry-After`.
    var retryAfter: UInt32?
    /// Only the head is sent, which speaks of the body.
    var isHeadOnly = false

    private static let json = Array("application/json".utf8)
    private static let csv = Array("text/csv; charset=utf-8; header=present".utf8)
    /// Browsers take it for nothing but what it says it is.
    static let plainTypes = ReplyHeader(.contentTypeOptions, "nosniff")
    init(status: UInt16, contentType: String, body: [UInt8], headers: [ReplyHeader]) {
        self.status = status
        self.contentType = Array(contentType.utf8)
        self.body = body
        self.headers = [Self.plainTypes] + headers
    }

    /// What the service has answered.
    init(_ reply: AdministrationReply) {
        self.status = UInt16(clamping: min(max(200, reply.status), 599))
        self.body = self.status == 204 || self.status == 304 ? [] : reply.body
        self.contentType = self.body.isEmpty ? [] : reply.contentType == .csv ? Self.csv : Self.json
        self.headers = [Self.plainTypes]
        for (name, value) in reply.headers {
            guard let name = ReplyHeader.Name(name) else { continue }
            // GET that is allowed is HEAD that is allowed.
            let reads = name == .allow && value.hasPrefix("GET")
            self.headers.append(ReplyHeader(name, reads ? "GET, HEAD" + value.dropFirst(3) : value))
        }
        if self.status == 503 { self.retryAfter = 1 }
    }

    init(_ failure: AdministrationFailure, retryAfter: UInt32? = nil) {
        self.init(AdministrationReply(failure))
        if let retryAfter { self.retryAfter = retryAfter }
    }

    /// The path is right, the method is not.
    static func methodNotAllowed(_ allowed: String) -> HTTPReply {
        var reply = HTTPReply(AdministrationFailure.methodNotAllowed([]))
        reply.headers.append(ReplyHeader(.allow, allowed))
        return reply
    }

    /// The same, or 304 without a body where the client has it already. `wanted` is the value of If-None-Match.
    func unless(matching wanted: [UInt8]?) -> HTTPReply {
        guard self.status == 200, let wanted, let tag = self.headers.first(where: { $0.name == .etag })?.value,
            Self.lists(wanted, tag)
        else { return self }
        var reply = self
        reply.status = 304
        reply.body = []
        reply.contentType = []
        return reply
    }

    /// Whether a list of entity tags has `tag`, compared weakly, or is `*`.
    private static func lists(_ list: [UInt8], _ tag: [UInt8]) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { element in
            var element = element.drop { $0 == 0x20 || $0 == 0x09 }
            while let last = element.last, last == 0x20 || last == 0x09 { element.removeLast() }
            if element.elementsEqual("*".utf8) { return true }
            if element.starts(with: "W/".utf8) { element.removeFirst(2) }
            return element.elementsEqual(tag)
        }
    }

    /// What goes before the body.
    var head: ResponseHead {
        ResponseHead(
            status: self.status, isStream: false, contentLength: UInt64(self.body.count),
            contentType: self.contentType, retryAfter: self.retryAfter.map { Array("\($0)".utf8) }, attempts: 0,
            further: self.headers)
    }
}
