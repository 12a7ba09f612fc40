import Domain
public import EventLog
import JSON
import UsageStore

/// `usage/calls`: what provider calls have used, by the days of UTC, provider and model as it was sent: what a provider's own account of it is
/// compared with (`sluice reconcile`).
///
/// Sums over calls and not over requests, of those that the provider takes money for (`yes`) and of those of which nobody knows it
/// (`unknown`). A long period comes in several answers, each with sums over a part of the calls: entries of the same day, provider, model,
/// `billed` and `usage_source` are to be added up.
public final class UsageCallsResource: AdministrationResource {
    /// Most days of a question.
    static let longest: UInt64 = 3700 * 86_400_000

    private let file: UsageFile
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(file: UsageFile, clock: @escaping () -> UInt64 = Timestamp.now) {
        self.file = file
        self.clock = clock
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["usage", "calls"], id: "getUsageOfCalls",
                summary: "Adds up what provider calls have used, by days of UTC, provider and model sent.",
                tag: "usage",
                parameters: [
                    APIParameter(
                        "since", in: .query, .time,
                        "Calls that began then or later; from the beginning of today in UTC where it is missing."),
                    APIParameter("until", in: .query, .time, "Calls that began before it; now where it is missing."),
                    APIParameter("provider", in: .query, .text, "Only calls of this provider."),
                    .after(.record),
                ], replies: [200: Self.schema], handler: self.get)
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        // A provider's account is of the whole gateway.
        try call.require(.readUsage, in: .gateway)
        let now = self.clock()
        let until = try call.fields.time("until") ?? now + 1
        let since = try call.fields.time("since") ?? now - now % 86_400_000
        guard since <= until else { throw call.fields.unusable("since", "a time that is not after `until`") }
        guard until - since <= Self.longest else {
            throw call.fields.unusable("since", "a time at most 3,700 days before `until`")
        }
        let provider = try call.fields.text("provider").map { Array($0.utf8) }
        var after: RecordID?
        if let text = try call.fields.text("after") {
            guard let record = RecordID(digits: Array(text.utf8)) else {
                throw call.fields.unusable("after", "the `next` of the answer before")
            }
            after = record
        }
        try call.fields.end()
        let report =
            try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
                try reader.calls(since: since, until: until, provider: provider, after: after, isOverdue: isOverdue)
            } ?? CallReport()
        return AdministrationReply { writer in
            writer.key("since")
            writer.string(TimeText.text(milliseconds: since))
            writer.key("until")
            writer.string(TimeText.text(milliseconds: until))
            writer.key("kept_from")
            writer.string(optional: report.keptFrom == 0 ? nil : TimeText.text(milliseconds: report.keptFrom))
            writer.key("data")
            writer.beginArray()
            for entry in report.entries { Self.write(entry.group, entry.totals, to: &writer) }
            writer.endArray()
            writer.key("next")
            writer.string(optional: report.next.map { "\($0)" })
        }
    }

    private static func write(_ group: CallReport.Group, _ totals: CallReport.Totals, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("date")
        writer.string(UsageDay.text(group.day))
        writer.key("provider")
        writer.text(group.provider)
        writer.key("model_sent")
        writer.text(group.model)
        writer.key("billed")
        writer.string(group.billed.label)
        writer.key("usage_source")
        writer.string(group.source.label)
        writer.key("calls")
        writer.integer(totals.calls)
        writer.key("searches")
        writer.integer(totals.searches)
        writer.key("tokens")
        writer.tokens(totals.usage, onlyUsed: false)
        writer.endObject()
    }

    private static let schema = APISchema.named(
        "CallUsage",
        .object([
            .init("since", .timestamp), .init("until", .timestamp),
            .init("kept_from", .nullable(.timestamp), "Requests from before it were removed; null where none was."),
            .init(
                "data",
                .array(
                    .object([
                        .init("date", .string(format: "date")), .init("provider", .nullable(.string())),
                        .init("model_sent", .nullable(.string())), .init("billed", .oneOf(["yes", "unknown"])),
                        .init("usage_source", .oneOf(["none", "provider", "estimated"])), .init("calls", .whole),
                        .init("searches", .whole),
                        .init(
                            "tokens", .object(TokenClass.allCases.map { APISchema.Member($0.label, .whole) })),
                    ]))),
            .init(
                "next", .nullable(.string()),
                "What `after` is for the rest of the calls, whose sums are to be added; null where this is all."),
        ]))
}
