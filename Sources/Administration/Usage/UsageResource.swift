import Domain
import JSON
public import EventLog
import UsageStore

/// `usage`: what was used in a period. `GET usage` takes `since` and `until` (times; else from the beginning of today in UTC until
/// now) and `by` (`key`, `project`, `model` or `provider`).
public final class UsageResource: AdministrationResource {
    private let file: UsageFile
    private let names: any EntityNames
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(file: UsageFile, names: any EntityNames, clock: @escaping () -> UInt64 = Timestamp.now) {
        self.file = file
        self.names = names
        self.clock = clock
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["usage"], id: "getUsage", summary: "Adds up what was used in a period.", tag: "usage",
                parameters: [
                    APIParameter("since", in: .query, .time, "From the beginning of today in UTC where it is missing."),
                    APIParameter("until", in: .query, .time, "Until now where it is missing."),
                    APIParameter(
                        "by", in: .query, .oneOf(UsageReport.Grouping.allCases.map(\.rawValue)),
                        "What to add up for each of."),
                    APIParameter("org", in: .query, .id(.organization), "Only by this organization."),
                ], replies: [200: Self.schema], handler: self.get)
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: organization.map { .organization($0) } ?? .gateway)
        let now = self.clock()
        let since = try call.fields.time("since") ?? now - now % 86_400_000
        let until = try call.fields.time("until") ?? now + 1
        var grouping: UsageReport.Grouping?
        if let text = try call.fields.text("by") {
            guard let known = UsageReport.Grouping(rawValue: text) else {
                throw .unusable("by", "by must be key, project, model or provider")
            }
            grouping = known
        }
        try call.fields.end()
        let report = try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
            try reader.usage(since: since, until: until, by: grouping, organization: organization, isOverdue: isOverdue)
        }
        return AdministrationReply { writer in
            writer.key("since")
            writer.string(TimeText.text(milliseconds: since))
            writer.key("until")
            writer.string(TimeText.text(milliseconds: until))
            writer.key("total")
            writer.beginObject()
            Self.write(report?.total ?? UsageTotals(), to: &writer)
            writer.endObject()
            writer.key("data")
            writer.beginArray()
            for entry in report?.entries ?? [] {
                writer.beginObject()
                self.write(entry.group, grouping, to: &writer)
                Self.write(entry.totals, to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private func write(
        _ group: UsageReport.Group, _ grouping: UsageReport.Grouping?, to writer: inout JSONWriter
    ) {
        let isKey = grouping == .key
        switch group {
        case .entity(let id):
            writer.key(isKey ? "key" : "project")
            writer.string(id.text(isKey ? .key : .project))
            writer.key("name")
            writer.string(optional: isKey ? self.names.keyName(id) : self.names.projectName(id))
        case .name(let name):
            writer.key(grouping == .model ? "model" : "provider")
            writer.string(name)
        case .unknown:
            writer.key(Array((grouping?.rawValue ?? "group").utf8))
            writer.null()
        }
    }

    private static func write(_ totals: UsageTotals, to writer: inout JSONWriter) {
        for (key, value) in [
            ("requests", totals.requests), ("open", totals.open), ("errors", totals.errors),
            ("disconnected", totals.disconnected), ("recovered", totals.recovered), ("estimated", totals.estimated),
            ("unknown_price", totals.unknownPrice),
        ] as [(StaticString, Int64)] {
            writer.key(key)
            writer.integer(value)
        }
        writer.key("tokens")
        writer.tokens(totals.usage, onlyUsed: false)
        writer.key("cost_usd")
        writer.dollars(totals.cost)
    }
}
