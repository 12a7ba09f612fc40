import Administration
import Domain
import IPC
import JSON

/// Makes a request of the administration of what an edge has passed on, or says why it is none.
struct HTTPRequestReader {
    private static let longestKey = 255
    private static let types = ["application/json", "application/merge-patch+json"].map { Array($0.utf8) }

    private let reader = JSONReader()

    /// The segments behind `/api/v1/`, whichever way the path names them; nil where it names nothing of the administration's API.
    static func resource(_ segments: [String]) -> [String]? {
        func named(_ place: Int, _ name: String) -> Bool {
            place < segments.count && segments[place].utf8.elementsEqual(name.utf8)
        }
        if named(0, "api"), named(1, "v1"), segments.count > 2 { return Array(segments[2...]) }
        guard named(0, "admin"), segments.count > 1 else { return nil }
        if named(1, "aliases") { return ["models"] + segments[2...] }
        return named(1, "keys") || named(1, "providers") ? Array(segments[1...]) : nil
    }

    /// Whether what the path names is called as models are, which may have slashes in their names: `openrouter/auto`.
    static func namesHaveSlashes(_ segments: [String]) -> Bool {
        guard let collection = self.resource(segments)?.first else { return false }
        return ["models", "prices"].contains { $0.utf8.elementsEqual(collection.utf8) }
    }

    /// The method that `name` is; nil for one that the administration does not have. HEAD is GET whose body is not sent.
    static func method(_ name: String) -> Administration.AdministrationRequest.Method? {
        name.utf8.elementsEqual("HEAD".utf8) ? .get : Administration.AdministrationRequest.Method(rawValue: name)
    }

    /// The request of `actor`; `segments` are those of the resource. What is wrong with its form is a fault of the request: whether there is
    /// something at the path at all is known where it is carried out.
    func read(
        _ request: IPC.AdministrationRequest, _ method: Administration.AdministrationRequest.Method,
        _ segments: [String], _ query: [HTTPPath.Field], body: [UInt8], actor: AdministrationActor
    ) -> Administration.AdministrationRequest {
        var asked = Administration.AdministrationRequest(
            method: method, path: segments, actor: actor,
            ifMatch: request.headers[.ifMatch].map { String(decoding: $0, as: UTF8.self) },
            address: PeerAddress(request.client)?.text, requestID: request.record.description, hasBody: !body.isEmpty)
        do throws(AdministrationFailure) {
            asked.body = try self.members(request, method, query, body)
            asked.idempotencyKey = try self.idempotencyKey(request)
        } catch {
            asked.fault = error
        }
        return asked
    }

    /// Those of the body, or those of the query as texts where the method has none.
    private func members(
        _ request: IPC.AdministrationRequest, _ method: Administration.AdministrationRequest.Method,
        _ query: [HTTPPath.Field], _ body: [UInt8]
    ) throws(AdministrationFailure) -> [JSONValue.Member] {
        let fields = query.map { JSONValue.Member(key: $0.name, value: .string($0.value)) }
        switch method {
        case .get:
            guard body.isEmpty else { throw Self.malformed("GET has no body") }
            return fields
        case .delete where body.isEmpty: return fields
        default:
            guard query.isEmpty else { throw Self.malformed("\(method.rawValue) has no query") }
            return try self.object(request, body)
        }
    }

    private func object(
        _ request: IPC.AdministrationRequest, _ body: [UInt8]
    ) throws(AdministrationFailure) -> [JSONValue.Member] {
        guard !body.isEmpty else { return [] }
        guard let type = request.headers[.contentType], Self.isJSON(type) else {
            throw AdministrationFailure(
                status: 415, code: "unsupported_media_type",
                message: "the body must be JSON: content-type: application/json"
            )
        }
        let value: JSONValue
        do throws(JSONFault) {
            value = try self.reader.read(body, maximumBytes: Int(IPC.AdministrationRequest.longestBody))
        } catch {
            throw AdministrationFailure(status: 400, code: "invalid_json", message: "the body is not valid JSON")
        }
        guard case .object(let members) = value else { throw Self.malformed("the body must be a JSON object") }
        return members
    }

    /// Whether a media type is JSON, in UTF-8 if it says.
    private static func isJSON(_ value: [UInt8]) -> Bool {
        func trimmed(_ part: ArraySlice<UInt8>) -> [UInt8] {
            var part = part.drop { $0 == 0x20 || $0 == 0x09 }
            while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
            return part.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        }
        let parts = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard let first = parts.first, self.types.contains(trimmed(first)) else { return false }
        return parts.dropFirst().allSatisfy { part in
            let parameter = trimmed(part)
            guard parameter.starts(with: "charset=".utf8) else { return true }
            let name = parameter.dropFirst("charset=".utf8.count).filter { $0 != UInt8(ascii: "\"") }
            return name.elementsEqual("utf-8".utf8) || name.elementsEqual("utf8".utf8)
        }
    }

    private func idempotencyKey(_ request: IPC.AdministrationRequest) throws(AdministrationFailure) -> String? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...Self.longestKey).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AdministrationFailure(
                status: 400, code: "invalid_request",
                message: "Idempotency-Key must be 1 to \(Self.longestKey) visible ASCII characters",
                field: "Idempotency-Key")
        }
        return String(decoding: key, as: UTF8.self)
    }

    private static func malformed(_ message: String) -> AdministrationFailure {
        AdministrationFailure(status: 400, code: "invalid_request", message: message)
    }
}
