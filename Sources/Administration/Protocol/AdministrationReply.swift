public import JSON

/// The answer to one request: `{"status":201,"body":{…}}`.
public struct AdministrationReply: Hashable, Sendable {
    /// What a body is.
    public enum ContentType: Hashable, Sendable {
        case json
        /// RFC 4180, with a line of names.
        case csv
    }

    /// As in HTTP.
    public var status: Int
    /// Empty with 204.
    public var body: [UInt8]
    public var contentType = ContentType.json
    /// The version of what the body shows, sent as `ETag: "version"`.
    public var version: Int64?
    /// What stands for a version where there is none, sent as `ETag: "tag"`: visible ASCII without quotes.
    public var tag: String?
    /// The path of what was made, sent as `Location`.
    public var location: String?
    /// The methods that would do, sent as `Allow`.
    public var allowed: [AdministrationRequest.Method] = []
    /// The reply is that of an earlier request with the same Idempotency-Key.
    public var isRepeated = false
    /// What control's loop has still to do.
    public var sequel: ReplySequel?

    /// Takes a body that is JSON already.
    public init(status: Int, body: [UInt8], version: Int64? = nil, location: String? = nil) {
        self.status = status
        self.body = body
        self.version = version
        self.location = location
    }

    /// Writes an object; `body` puts in its members.
    public init(
        status: Int = 200, version: Int64? = nil, location: String? = nil, _ body: (inout JSONWriter) -> Void
    ) {
        var writer = JSONWriter()
        writer.beginObject()
        body(&writer)
        writer.endObject()
        self.init(status: status, body: writer.bytes, version: version, location: location)
    }

    /// Writes a page of a listing: `{"data":[{…},…],"next":…}`. `item` puts in the members of one; `next` is what the next page is
    /// asked for with, null where this is the last.
    public init<Item>(page items: some Sequence<Item>, next: String?, item: (Item, inout JSONWriter) -> Void) {
        self.init { writer in
            writer.key("data")
            writer.beginArray()
            for each in items {
                writer.beginObject()
                item(each, &writer)
                writer.endObject()
            }
            writer.endArray()
            writer.key("next")
            if let next { writer.string(next) } else { writer.null() }
        }
    }

    /// The refusal: `{"error":{"message":…,"type":…,"param":…,"code":…}}`.
    public init(_ failure: AdministrationFailure) {
        self.init(status: failure.status) { writer in
            writer.key("error")
            writer.beginObject()
            writer.key("message")
            writer.string(failure.message)
            writer.key("type")
            writer.string(failure.type)
            writer.key("param")
            if let field = failure.field { writer.string(field) } else { writer.null() }
            writer.key("code")
            writer.string(failure.code)
            writer.endObject()
        }
        self.allowed = failure.allowed
    }

    /// What of HTTP's header fields the reply has, beside those of its body's length and type.
    public var headers: [(name: String, value: String)] {
        var headers: [(String, String)] = []
        if let tag = self.version.map({ "\($0)" }) ?? self.tag { headers.append(("ETag", "\"\(tag)\"")) }
        if let location { headers.append(("Location", location)) }
        if !self.allowed.isEmpty {
            headers.append(("Allow", self.allowed.map(\.rawValue).joined(separator: ", ")))
        }
        if self.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        if self.isRepeated { headers.append(("Idempotent-Replayed", "true")) }
        // What a refusal says, and what shows a key once, is nothing to keep.
        headers.append(("Cache-Control", "no-store"))
        return headers
    }

    /// The text of a frame.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.integer(self.status)
        writer.key("body")
        // Where there is nothing, as with 204.
        switch self.contentType {
        case _ where self.body.isEmpty: writer.null()
        case .json: writer.raw(self.body)
        case .csv: writer.string(self.body)
        }
        writer.endObject()
        return writer.bytes
    }

    /// Reads the text of a frame; nil for anything `encoded` does not make.
    public init?(decoding text: [UInt8], with reader: JSONReader) {
        guard let value = try? reader.read(text, maximumBytes: AdministrationFrame.limit),
            let status = value["status"]?.integer, (100...599).contains(status), let body = value["body"]
        else { return nil }
        guard body != .null else {
            self.init(status: Int(status), body: [])
            return
        }
        var writer = JSONWriter()
        writer.value(body)
        self.init(status: Int(status), body: writer.bytes)
    }

    /// Whether the request was carried out.
    public var isSuccess: Bool { (200...299).contains(self.status) }
}
