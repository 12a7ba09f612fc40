import Domain
import UsageStore

/// What requests can be found by. They are looked through from the newest on, for as long as a question may take: what is rare may need
/// several questions, each from where the one before has ended.
extension RequestsResource {
    private static let outcomes: [ClientOutcome] = [.unknown, .complete, .disconnected, .error]

    static let parameters: [APIParameter] = [
        APIParameter("org", in: .query, .id(.organization), "Only by this organization."),
        APIParameter("key", in: .query, .text, "A key's id or name."),
        APIParameter("project", in: .query, .text, "A project's id or name."),
        APIParameter("user", in: .query, .id(.user), "The user that a key belongs to."),
        APIParameter("model", in: .query, .text, "A model, as it was asked for or sent."),
        APIParameter("provider", in: .query, .text, "Who has answered, or was called last."),
        APIParameter("status", in: .query, .string(pattern: "^[0-9]([0-9]{2}|xx)$"), "Such as 502 or 5xx."),
        APIParameter("outcome", in: .query, .oneOf(outcomes.map(\.label)), "How it ended for the client."),
        APIParameter("error", in: .query, .text, "The code of its error, such as rate_limit_exceeded."),
        APIParameter("record", in: .query, .record, "This one alone."),
        APIParameter("label", in: .query, .text, "The client's own id of it: its x-request-id."),
        APIParameter(
            "trace_id", in: .query, .string(pattern: "^[0-9a-f]{32}$"), "The trace it is a part of, as in traceparent."),
        APIParameter("min_cost_usd", in: .query, .dollars, "Only what has cost at least as much."),
        APIParameter("min_duration_ms", in: .query, .count, "Only what has taken at least as long."),
        APIParameter("since", in: .query, .time, "Only requests from then on."),
        APIParameter("until", in: .query, .time, "Only requests before."),
        APIParameter("before", in: .query, .record, "The `next` of the answer before."),
        .limit(pageLimit),
    ]

    func query(
        _ call: inout AdministrationCall, _ organization: EntityID?
    ) throws(AdministrationFailure) -> RequestQuery {
        var query = RequestQuery()
        query.organization = organization
        query.since = try call.fields.time("since")
        query.until = try call.fields.time("until")
        query.before = try Self.record("before", &call)
        query.record = try Self.record("record", &call)
        if let text = try call.fields.text("key") { query.key = try self.names.key(text, of: organization) }
        if let text = try call.fields.text("project") { query.project = try self.names.project(text, of: organization) }
        query.user = try call.fields.id("user", .user)
        query.model = try call.fields.text("model").map { Array($0.utf8) }
        query.provider = try call.fields.text("provider").map { Array($0.utf8) }
        query.error = try call.fields.text("error").map { Array($0.utf8) }
        query.label = try call.fields.text("label").map { Array($0.utf8) }
        if let text = try call.fields.text("status") {
            guard let status = Self.status(text) else { throw .unusable("status", "status must be such as 502 or 5xx") }
            query.status = status
        }
        if let text = try call.fields.text("outcome") {
            guard let outcome = Self.outcomes.first(where: { $0.label.utf8.elementsEqual(text.utf8) }) else {
                throw .unusable(
                    "outcome", "outcome must be one of \(Self.outcomes.map(\.label).joined(separator: ", "))")
            }
            query.outcome = outcome
        }
        if let text = try call.fields.text("trace_id") {
            // 128 bits in lowercase, as a record is.
            guard let id = RecordID(digits: Array(text.utf8)) else {
                throw .unusable("trace_id", "trace_id must be 32 lowercase hexadecimal digits")
            }
            query.traceID = (0..<16).map {
                UInt8(truncatingIfNeeded: ($0 < 8 ? id.high : id.low) >> (56 - 8 * ($0 & 7)))
            }
        }
        query.minimumCost = try call.fields.dollars("min_cost_usd")
        query.minimumDuration = try call.fields.count("min_duration_ms").map { $0 * 1000 }
        query.limit = Int(min(max(1, try call.fields.count("limit") ?? 50), Int64(Self.pageLimit)))
        try call.fields.end()
        return query
    }

    private static func record(
        _ name: String, _ call: inout AdministrationCall
    ) throws(AdministrationFailure) -> RecordID? {
        guard let text = try call.fields.text(name) else { return nil }
        guard let record = RecordID(digits: Array(text.utf8)) else {
            throw .unusable(name, "\(name) must be a record: 32 lowercase hexadecimal digits")
        }
        return record
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
}
