import JSON

/// `/openapi.json`: OpenAPI 3.1, written from the routes that are served, and from the front doors of clients.
public enum APIDocument {
    /// The document of routes.
    public static func make(routes: [APIRoute], version: String) -> [UInt8] {
        self.make(routes.map(\.operation), version: version)
    }

    /// The document of operations; what only the operators' socket serves is not in it, and of two for the same the first
    /// is. `version` is that of the program.
    public static func make(_ routes: [APIOperation], version: String) -> [UInt8] {
        var seen: Set<String> = []
        let routes = routes.filter { route in
            !route.isLocal
                && seen.insert("\(route.method.rawValue) \(route.path.joined(separator: "/"))").inserted
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("openapi", "3.1.0")
        writer.object("info") { info in
            info.member("title", "Sluice")
            info.member("version", version)
            info.member("description", Self.description)
        }
        writer.array("tags", Self.tags(routes)) { writer, tag in
            writer.beginObject()
            writer.member("name", tag)
            writer.endObject()
        }
        writer.object("paths") { paths in
            for (path, operations) in Self.byPath(routes) {
                paths.object(path) { item in
                    for route in operations { APIDocument.write(route, to: &item) }
                }
            }
            for door in FrontDoor.all { paths.object(door.path) { door.write(to: &$0) } }
        }
        writer.object("components") { components in
            components.object("schemas") { schemas in
                for (name, schema) in Self.named(routes) {
                    schemas.key(Array(name.utf8))
                    schemas.schema(schema)
                }
            }
            components.object("responses") { Self.writeResponses(to: &$0) }
            components.object("securitySchemes") { schemes in
                schemes.bearer(
                    "administration", "A token of the administration: `sluice-admin-` and 43 characters.")
                schemes.bearer("client", "A client's key.")
            }
        }
        writer.endObject()
        return writer.bytes
    }

    private static let description = """
        Sluice's administration, and the front doors that clients call models by.

        Every operation of the administration needs a token (`Authorization: Bearer sluice-admin-…`). What is absent and what \
        belongs to an organization that the token does not see are the same 404. Answers that show one object have an `ETag`; \
        `If-Match` with it makes a PATCH, PUT or DELETE of a version that is not the newest a 412. A POST with an \
        `Idempotency-Key` (1 to 255 visible ASCII characters) is carried out once in 24 hours; the same key with another request is \
        a 422. Lists have at most `limit` entries; `next` is what `after` is for the page that follows, null on the last. \
        `/admin/keys`, `/admin/providers` and `/admin/aliases` are the same as `/api/v1/keys`, `/api/v1/providers` and \
        `/api/v1/models`.
        """

    /// The tags in the order of the routes, then that of the front doors.
    private static func tags(_ routes: [APIOperation]) -> [String] {
        var tags: [String] = []
        for tag in routes.map(\.tag) + FrontDoor.all.map(\.tag) where !tags.contains(tag) { tags.append(tag) }
        return tags
    }

    /// The routes by their paths, in the order of the first of each.
    private static func byPath(_ routes: [APIOperation]) -> [(path: String, routes: [APIOperation])] {
        var paths: [(path: String, routes: [APIOperation])] = []
        for route in routes {
            let path = AdministrationRequest.root + route.path.joined(separator: "/")
            if let place = paths.firstIndex(where: { $0.path == path }) {
                paths[place].routes.append(route)
            } else {
                paths.append((path, [route]))
            }
        }
        return paths
    }

    /// The schemas that have names, in the order of the names.
    static func named(_ routes: [APIOperation]) -> [(name: String, schema: APISchema)] {
        var found: [String: APISchema] = [:]
        func visit(_ schema: APISchema) {
            switch schema {
            case .named(let name, let inner):
                guard found[name] == nil else { return }
                found[name] = inner
                visit(inner)
            case .array(let inner, _, _, _), .map(let inner, _, _), .nullable(let inner): visit(inner)
            case .object(let members), .open(let members): for member in members { visit(member.schema) }
            case .any(let schemas): for schema in schemas { visit(schema) }
            case .string, .oneOf, .integer, .number, .boolean, .anything: return
            }
        }
        for route in routes {
            if let body = route.body { visit(body) }
            for parameter in route.parameters { visit(parameter.schema) }
            for reply in route.replies.values { if let reply { visit(reply) } }
        }
        visit(.named("Error", Self.error))
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // MARK: Operations

    private static func write(_ route: APIOperation, to writer: inout JSONWriter) {
        writer.object(route.method.rawValue.lowercased()) { operation in
            operation.member("operationId", route.id)
            operation.member("summary", route.summary)
            operation.array("tags", [route.tag]) { $0.string($1) }
            operation.security("administration")
            if !route.parameters.isEmpty {
                operation.array("parameters", route.parameters) { writer, parameter in
                    writer.beginObject()
                    writer.member("name", parameter.name)
                    writer.member("in", parameter.place == .path ? "path" : "query")
                    if parameter.place == .path {
                        writer.key("required")
                        writer.bool(true)
                    }
                    writer.member("description", parameter.summary)
                    writer.key("schema")
                    writer.schema(parameter.schema)
                    writer.endObject()
                }
            }
            if let body = route.body {
                operation.object("requestBody") { request in
                    request.key("required")
                    request.bool(true)
                    request.content("application/json", body)
                }
            }
            operation.object("responses") { responses in
                for (status, schema) in route.replies.sorted(by: { $0.key < $1.key }) {
                    responses.object("\(status)") { response in
                        response.member("description", Self.words[status] ?? "Done.")
                        if let schema {
                            response.content("application/json", schema, or: route.isTable ? "text/csv" : nil)
                        }
                    }
                }
                for status in Self.refusals(of: route) {
                    responses.object("\(status)") { $0.member("$ref", "#/components/responses/E\(status)") }
                }
            }
        }
    }

    private static let words = [
        200: "What was asked for.", 201: "It is made.", 202: "It is under way.", 204: "It is done.",
    ]

    /// What a route can refuse with, in rising order.
    private static func refusals(of route: APIOperation) -> [Int] {
        var statuses: Set = [400, 401, 403, 404, 409, 422, 429, 503]
        if route.method != .get { statuses.insert(412) }
        if route.body != nil { statuses.formUnion([413, 415]) }
        return statuses.subtracting(route.replies.keys).sorted()
    }

    static let refusalWords: [(status: Int, words: String)] = [
        (
            400,
            "The request is malformed: `param` names the member that is missing, unknown, there twice or of another type."
        ),
        (401, "No token, or none that is good: an unknown, an expired and a revoked one are told the same."),
        (403, "The token's role does not allow it."),
        (404, "It is absent, or belongs to an organization that the token does not see."),
        (409, "It is in the way of something that exists, or stands in the configuration file."),
        (412, "`If-Match` names another version."), (413, "The body is too long."), (415, "The body is no JSON."),
        (422, "A value is out of its bounds: `param` names the member."),
        (429, "Too many wrong tokens have come from this address."),
        (503, "The database cannot be reached, or too much is asked at once: try again."),
    ]

    private static func writeResponses(to writer: inout JSONWriter) {
        for (status, words) in Self.refusalWords {
            writer.object("E\(status)") { response in
                response.member("description", words)
                if status == 401 {
                    response.object("headers") { headers in
                        headers.object("WWW-Authenticate") { header in
                            header.key("schema")
                            header.schema(.oneOf(["Bearer"]))
                        }
                    }
                }
                response.content("application/json", .named("Error", Self.error))
            }
        }
    }

    /// What every refusal is.
    static let error = APISchema.object([
        .init(
            "error",
            .object([
                .init("message", .string(), "A sentence for people."), .init("type", .string()),
                .init("param", .nullable(.string()), "The member that is at fault."),
                .init("code", .nullable(.string()), "A word for programs."),
            ]))
    ])
}
