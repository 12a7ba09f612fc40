import Domain
import JSON
import UsageStore

/// `requests`: single requests, the newest first, and everything about one.
///
/// `GET requests` takes `key` and `project` (ids or names), `model`, `status` (`502` or `5xx`), `since`, `before` (the `next` of an
/// answer) and `limit`; `GET requests/RECORD` explains one.
public final class RequestsResource: AdministrationResource {
    /// Requests in one answer.
    static let pageLimit = 400

    private let file: UsageFile
    private let names: any EntityNames
    /// Of the answer that is being made: the same few names stand in all its rows.
    private var keyNames: [EntityID: String?] = [:]
    private var projectNames: [EntityID: String?] = [:]

    public init(file: UsageFile, names: any EntityNames) {
        self.file = file
        self.names = names
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["requests"], id: "listRequests", summary: "Lists requests, the newest first.", tag: "usage",
                parameters: [
                    APIParameter("org", in: .query, .id(.organization), "Only by this organization."),
                    APIParameter("key", in: .query, .string(), "A key's id or name."),
                    APIParameter("project", in: .query, .string(), "A project's id or name."),
                    APIParameter("model", in: .query, .string(), "A model, as it was asked for or sent."),
                    APIParameter("status", in: .query, .string(pattern: "^[0-9]([0-9]{2}|xx)$"), "Such as 502 or 5xx."),
                    APIParameter("since", in: .query, .time, "Only requests from then on."),
                    APIParameter("before", in: .query, .record, "The `next` of the answer before."),
                    .limit(Self.pageLimit),
                ], replies: [200: .page(Self.schema)], handler: self.list),
            APIRoute(
                .get, ["requests", "{record}"], id: "explainRequest", summary: "Tells everything about a request.",
                tag: "usage",
                parameters: [APIParameter("record", in: .path, .record, "As in `x-sluice-record`.")],
                replies: [200: Self.explanationSchema], handler: self.explain),
        ]
    }

    private func explain(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        // Whose it is tells who may see it; until then it is as absent as one that never was.
        self.keyNames = [:]
        self.projectNames = [:]
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
        return AdministrationReply { writer in
            writer.key("request")
            writer.beginObject()
            self.write(explanation.request, to: &writer)
            writer.endObject()
            writer.key("routing")
            writer.trail(explanation.trail)
            writer.key("attempts")
            writer.beginArray()
            for attempt in explanation.attempts {
                writer.beginObject()
                Self.write(attempt, of: record, to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    // MARK: The list

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: organization.map { .organization($0) } ?? .gateway)
        self.keyNames = [:]
        self.projectNames = [:]
        var query = RequestQuery()
        query.since = try call.fields.time("since")
        if let text = try call.fields.text("before") {
            guard let record = RecordID(digits: Array(text.utf8)) else {
                throw .unusable("before", "before must be a record")
            }
            query.before = record
        }
        if let text = try call.fields.text("key") { query.key = try self.key(text, organization) }
        if let text = try call.fields.text("project") { query.project = try self.project(text, organization) }
        query.model = try call.fields.text("model").map { Array($0.utf8) }
        if let text = try call.fields.text("status") {
            guard let status = Self.status(text) else { throw .unusable("status", "status must be such as 502 or 5xx") }
            query.status = status
        }
        query.limit = Int(min(max(1, try call.fields.count("limit") ?? 50), Int64(Self.pageLimit)))
        try call.fields.end()
        query.organization = organization
        let asked = query
        let page = try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
            try reader.requests(asked, isOverdue: isOverdue)
        }
        return AdministrationReply(page: page?.requests ?? [], next: page?.next.map { "\($0)" }) {
            self.write($0, to: &$1)
        }
    }

    private func key(_ text: String, _ organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        if let id = EntityID(text: text, .key) { return id }
        let ids = try self.names.keys(named: text, of: organization)
        guard let id = ids.first else { throw .notFound("there is no key named \(text)") }
        guard ids.count == 1 else {
            throw .unusable(
                "key", "there are \(ids.count) keys named \(text): give the id of one (key_…)")
        }
        return id
    }

    private func project(_ text: String, _ organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        if let id = EntityID(text: text, .project) { return id }
        return try self.names.projectID(named: text, of: organization)
    }

    /// `404` or `4xx`.
    private static func status(_ text: String) -> ClosedRange<Int64>? {
        let bytes = Array(text.utf8)
        guard bytes.count == 3, let first = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return nil
        }
        if bytes[1...].elementsEqual("xx".utf8) {
            let hundred = Int64(first - UInt8(ascii: "0")) * 100
            return hundred...hundred + 99
        }
        return Int64(text).map { $0...$0 }
    }

    // MARK: Rows

    private func write(_ request: RequestRow, to writer: inout JSONWriter) {
        writer.key("record")
        writer.string("\(request.record)")
        writer.key("time")
        writer.string(TimeText.text(milliseconds: request.record.milliseconds))
        self.write(request.principal, to: &writer)
        writer.key("endpoint")
        writer.string(optional: request.endpoint?.label)
        writer.key("model")
        writer.text(request.model)
        writer.key("provider")
        writer.text(request.provider)
        writer.key("model_sent")
        writer.text(request.modelSent)
        writer.key("stream")
        writer.bool(request.detail.isStream)
        writer.key("status")
        writer.integer(optional: request.status)
        writer.key("outcome")
        writer.string(optional: request.rank == .open ? nil : request.outcome.label)
        writer.key("settled_by")
        writer.string(optional: request.rank.label)
        writer.key("finish")
        writer.text(Array(request.detail.finish.label.utf8))
        writer.key("error")
        writer.text(request.error)
        writer.key("usage_source")
        writer.string(request.usageSource.label)
        writer.key("tokens")
        writer.tokens(request.usage, onlyUsed: true)
        writer.key("cost_usd")
        writer.dollars(request.cost)
        writer.key("attempts")
        writer.integer(request.detail.attempts)
        for (key, value) in [
            ("received_us", Int64(clamping: request.detail.received)),
            ("dispatched_us", Int64(clamping: request.detail.dispatched)), ("first_byte_us", request.firstByte),
            ("total_us", request.total), ("body_bytes", request.bodyBytes),
            ("reply_bytes", Int64(clamping: request.detail.replyBytes)),
        ] as [(StaticString, Int64?)] {
            writer.key(key)
            writer.integer(optional: value)
        }
        writer.key("trace_id")
        writer.text(Self.hexadecimal(request.traceID))
        writer.key("label")
        writer.text(request.label)
        writer.key("tags")
        writer.text(request.tags)
    }

    private func write(_ principal: Principal?, to writer: inout JSONWriter) {
        writer.key("organization")
        writer.string(optional: principal?.organization.text(.organization))
        writer.key("project")
        writer.string(optional: principal?.project.text(.project))
        writer.key("project_name")
        writer.string(optional: principal.flatMap { self.projectName($0.project) })
        writer.key("key")
        writer.string(optional: principal?.key.text(.key))
        writer.key("key_name")
        writer.string(optional: principal.flatMap { self.keyName($0.key) })
        writer.key("user")
        writer.string(optional: principal?.user?.text(.user))
    }

    private func keyName(_ id: EntityID) -> String? {
        if let known = self.keyNames[id] { return known }
        let name = self.names.keyName(id)
        self.keyNames[id] = .some(name)
        return name
    }

    private func projectName(_ id: EntityID) -> String? {
        if let known = self.projectNames[id] { return known }
        let name = self.names.projectName(id)
        self.projectNames[id] = .some(name)
        return name
    }

    private static func write(_ attempt: AttemptRow, of record: RecordID, to writer: inout JSONWriter) {
        writer.key("number")
        writer.integer(attempt.number)
        writer.key("client_request_id")
        writer.string("\(record)-\(attempt.number)")
        writer.key("provider")
        writer.text(attempt.provider)
        writer.key("model")
        writer.text(attempt.model)
        writer.key("key_name")
        writer.text(attempt.keyName)
        writer.key("upstream")
        writer.integer(optional: attempt.upstream)
        writer.key("started")
        writer.string(optional: attempt.startedAt.map { TimeText.text(milliseconds: UInt64(max(0, $0))) })
        writer.key("status")
        writer.integer(optional: attempt.status)
        writer.key("billed")
        writer.string(attempt.billed.label)
        writer.key("finish")
        writer.text(Array(attempt.detail.finish.label.utf8))
        writer.key("error")
        writer.text(attempt.error)
        writer.key("usage_source")
        writer.string(attempt.detail.usageSource.label)
        writer.key("tokens")
        writer.tokens(attempt.detail.usage, onlyUsed: true)
        writer.key("units")
        writer.units(attempt.detail.units)
        writer.key("service")
        writer.string(attempt.detail.service.label)
        writer.key("cost_usd")
        writer.dollars(attempt.cost)
        writer.key("price_usd_per_million_tokens")
        writer.price(attempt.price)
        for (key, value) in [
            ("connected_us", attempt.detail.connected), ("first_content_us", attempt.detail.firstContent),
            ("total_us", attempt.detail.total), ("reply_bytes", attempt.detail.replyBytes),
        ] as [(StaticString, UInt64)] {
            writer.key(key)
            if attempt.status == nil { writer.null() } else { writer.integer(value) }
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }
    }
}
