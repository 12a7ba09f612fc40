import Domain
import JSON

/// `audit-log`: who has changed what, the newest first.
public final class AuditResource: AdministrationResource {
    /// Changes in one answer.
    static let pageLimit = 200
    /// Bytes of objects in one answer, which has to fit into a frame.
    private static let bytesLimit = 512 << 10

    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["audit-log"], id: "listAuditLog", summary: "Lists changes, the newest first.", tag: "audit",
                parameters: [
                    APIParameter(
                        "actor", in: .query, .string(minimum: 1, maximum: 100, pattern: "^[!-~]+$"),
                        "Who did it: a token's id, `uid:` and a number for operators, `gateway`."),
                    APIParameter(
                        "kind", in: .query, .oneOf(AuditEntry.Kind.allCases.map(\.rawValue)), "What was changed."),
                    APIParameter("target", in: .query, .name, "The id or name of what was changed."),
                    APIParameter("org", in: .query, .id(.organization), "Only what belongs to this organization."),
                    APIParameter("since", in: .query, .time, "From then on."),
                    APIParameter("until", in: .query, .time, "Before then."),
                    .after(.string(minimum: 1, maximum: 18, pattern: "^[1-9][0-9]*$")), .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list)
        ]
    }

    private static let schema = APISchema.named(
        "Change",
        .object([
            .init("number", .whole), .init("time", .timestamp), .init("actor", .string()),
            .init("actor_name", .string()), .init("organization", .nullable(.id(.organization))),
            .init("action", .oneOf(AuditEntry.Action.allCases.map(\.rawValue))),
            .init("kind", .oneOf(AuditEntry.Kind.allCases.map(\.rawValue))), .init("target", .string()),
            .init("before", .nullable(.anything), "The object as it was, without secrets."),
            .init("after", .nullable(.anything), "The object as it is."), .init("address", .nullable(.string())),
            .init("request_id", .nullable(.string())),
        ]))

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        var query = AuditQuery()
        query.actor = try call.fields.text("actor").map { text throws(AdministrationFailure) in
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw call.fields.unusable("actor", "the id of a token, uid: and a number, or gateway")
            }
            return text
        }
        query.kind = try call.fields.text("kind")
        query.target = try EntityName.filter(&call.fields, "target")
        query.organization = try call.organizationFilter("org")
        query.since = try call.fields.time("since")
        query.until = try call.fields.time("until")
        query.before = try call.fields.text("after").map { text throws(AdministrationFailure) in
            guard let number = Int64(text), number > 0, "\(number)".utf8.elementsEqual(text.utf8) else {
                throw call.fields.unusable("after", "the `next` of an answer")
            }
            return number
        }
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        try call.require(.readAudit, in: query.organization.map { .organization($0) } ?? .gateway)
        query.limit = limit + 1
        let rows = try self.store.audit(query)
        let page = rows.prefix(min(limit, Self.count(rows)))
        let next = page.count < rows.count ? page.last.map { "\($0.number)" } : nil
        return AdministrationReply(page: page, next: next) { Self.write($0, to: &$1) }
    }

    /// How many of the rows go into one answer; at least one.
    private static func count(_ rows: [AuditRow]) -> Int {
        var bytes = 0
        for (index, row) in rows.enumerated() {
            bytes += (row.before?.count ?? 0) + (row.after?.count ?? 0) + 512
            if bytes > Self.bytesLimit { return max(1, index) }
        }
        return rows.count
    }

    private static func write(_ row: AuditRow, to writer: inout JSONWriter) {
        writer.key("number")
        writer.integer(row.number)
        writer.key("time")
        writer.string(TimeText.text(milliseconds: row.time))
        writer.key("actor")
        writer.string(row.actor)
        writer.key("actor_name")
        writer.string(row.actorName)
        writer.key("organization")
        writer.string(optional: row.organization?.text(.organization))
        writer.key("action")
        writer.string(row.action)
        writer.key("kind")
        writer.string(row.kind)
        writer.key("target")
        writer.string(row.target)
        writer.key("before")
        if let before = row.before { writer.raw(before) } else { writer.null() }
        writer.key("after")
        if let after = row.after { writer.raw(after) } else { writer.null() }
        writer.key("address")
        writer.string(optional: row.address)
        writer.key("request_id")
        writer.string(optional: row.request)
    }
}
