public import JSON

/// One request of an operator: `{"method":"POST","path":"/api/v1/keys","body":{…}}`.
public struct AdministrationRequest: Hashable, Sendable {
    /// What is to be done with what the path names.
    public enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What every path begins with.
    public static let root = "/api/v1/"

    public var method: Method
    /// The segments of the path behind `root`: `keys` and an id, for instance.
    public var path: [String]
    /// The members of the body; of the query, as texts, where the method has no body; none where there is neither.
    public var body: [JSONValue.Member]
    /// Who asks. What comes over the operators' socket or is asked in the program itself is an operator's.
    public var actor: AdministrationActor
    /// `If-Match`: entity tags are versions in quotes.
    public var ifMatch: String?
    /// `Idempotency-Key`: a POST with the same key is carried out once.
    public var idempotencyKey: String?
    /// The client's address, for the audit log; nil for operators.
    public var address: String?
    /// The id of the request in logs; nil for operators.
    public var requestID: String?
    /// Why query, body or headers cannot be read. It is told last: what the path does not lead to, or the actor may not do, is no matter of form.
    public var fault: AdministrationFailure?
    /// Whether a body was sent at all; only what comes by HTTP can do without.
    public var hasBody: Bool

    public init(
        method: Method, path: [String], body: [JSONValue.Member] = [], actor: AdministrationActor = .person(user: 0),
        ifMatch: String? = nil, idempotencyKey: String? = nil, address: String? = nil, requestID: String? = nil,
        fault: AdministrationFailure? = nil, hasBody: Bool = true
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.actor = actor
        self.ifMatch = ifMatch
        self.idempotencyKey = idempotencyKey
        self.address = address
        self.requestID = requestID
        self.fault = fault
        self.hasBody = hasBody
    }

    /// Reads the text of a frame, strictly: a member that is unknown or occurs twice is refused.
    public init(decoding text: [UInt8], with reader: JSONReader) throws(AdministrationFailure) {
        let value: JSONValue
        do throws(JSONFault) {
            value = try reader.read(text, maximumBytes: AdministrationFrame.limit)
        } catch {
            throw AdministrationFailure(status: 400, code: "invalid_json", message: "the request is not valid JSON")
        }
        guard case .object(let members) = value else { throw .invalid("the request must be a JSON object") }
        var fields = try RequestFields(members)
        let method = try fields.text("method") ?? ""
        guard let known = Method(rawValue: method) else {
            throw AdministrationFailure(
                status: 405, code: "method_not_allowed", message: "there is no such method",
                allowed: Method.allCases)
        }
        let path = try fields.text("path") ?? ""
        self.body = try fields.object("body") ?? []
        try fields.end()
        self.method = known
        let bytes = Array(path.utf8)
        guard bytes.starts(with: Self.root.utf8) else { throw Self.unknownPath }
        guard let segments = Self.segments(bytes.dropFirst(Self.root.utf8.count)) else { throw Self.unknownPath }
        self.path = segments
        self.actor = .person(user: 0)
        self.hasBody = true
    }

    /// The decoded segments of the text of a path behind `root`; nil for one that leads nowhere: an empty segment, more than 8, a `%` that
    /// means nothing, bytes that are no UTF-8.
    public static func segments(_ text: some Collection<UInt8>) -> [String]? {
        let parts = Array(text).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= 8, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let segments = parts.compactMap { PathText.decode($0) }
        return segments.count == parts.count ? segments : nil
    }

    /// The text of a frame.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("method")
        writer.string(self.method.rawValue)
        writer.key("path")
        writer.string(Self.root + self.path.map { PathText.encode($0) }.joined(separator: "/"))
        writer.key("body")
        writer.value(.object(self.body))
        writer.endObject()
        return writer.bytes
    }

    /// There is nothing under the path.
    static let unknownPath = AdministrationFailure(
        status: 404, code: "unknown_url", message: "There is no such administration endpoint.")
}
