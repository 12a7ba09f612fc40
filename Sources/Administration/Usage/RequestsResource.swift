import Domain
import JSON
import UsageStore

/// `requests`: single requests, the newest first, and everything about one.
///
/// `GET requests` takes what a request can be found by (`RequestsResource+Query`), `before` (the `next` of an answer) and `limit`;
/// `GET requests/RECORD` explains one.
public final class RequestsResource: AdministrationResource {
    /// Requests in one answer.
    static let pageLimit = 400

    private let file: UsageFile
    let names: any EntityNames
    private let writer: RequestWriter

    public init(file: UsageFile, names: any EntityNames) {
        self.file = file
        self.names = names
        self.writer = RequestWriter(names: names)
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["requests"], id: "listRequests", summary: "Lists requests, the newest first.", tag: "usage",
                parameters: Self.parameters, replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["requests", "{record}"], id: "explainRequest", summary: "Tells everything about a request.",
                tag: "usage",
                parameters: [APIParameter("record", in: .path, .record, "As in `x-sluice-record`.")],
                replies: [200: Self.explanationSchema], handler: self.explain),
        ]
    }

    private func explain(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        // Whose it is tells who may see it; until then it is as absent as one that never was.
        self.writer.begin()
        try call.fields.end()
        let text = call.segments["record"] ?? ""
        guard let record = RecordID(digits: Array(text.utf8)) else {
            throw .notFound("that is no record: 32 lowercase hexadecimal digits, as in x-sluice-record")
        }
        let found = try self.file.ask { (reader, _) throws(UsageReadingFailure) in
            try reader.explanation(of: record)
        }
        let absent = AdministrationFailure.notFound("there is no request \(record)")
        guard let explanation = found ?? nil else { throw absent }
        let owner = explanation.request.principal?.organization
        guard call.actor.home == nil || call.actor.home == owner else { throw absent }
        try call.require(.readUsage, in: owner.map { .organization($0) } ?? .gateway, absent: absent)
        let prefix = explanation.request.principal.flatMap { self.names.keyPrefix($0.key) }
        return AdministrationReply { writer in
            writer.key("request")
            writer.beginObject()
            self.writer.write(explanation.request, to: &writer)
            writer.endObject()
            writer.key("caller")
            writer.caller(explanation, prefix: prefix)
            writer.key("limits")
            writer.limits(explanation)
            writer.key("routing")
            writer.trail(explanation.trail)
            writer.key("stages")
            writer.stages(explanation)
            writer.key("attempts")
            writer.beginArray()
            for attempt in explanation.attempts {
                writer.beginObject()
                writer.attempt(attempt, of: record)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: organization.map { .organization($0) } ?? .gateway)
        self.writer.begin()
        let query = try self.query(&call, organization)
        let page = try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
            try reader.requests(query, isOverdue: isOverdue)
        }
        return AdministrationReply(page: page?.requests ?? [], next: page?.next.map { "\($0)" }) {
            self.writer.write($0, to: &$1)
        }
    }
}
