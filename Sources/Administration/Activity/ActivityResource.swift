import Domain
public import EventLog
import JSON
import UsageStore

/// `activity`: what is going on. `GET activity` takes `seconds` (60) and `org`.
public final class ActivityResource: AdministrationResource {
    /// Seconds that can be asked for.
    static let periods: ClosedRange<Int64> = 1...600

    private let file: UsageFile
    private let names: any EntityNames
    private let writer: RequestWriter
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(file: UsageFile, names: any EntityNames, clock: @escaping () -> UInt64 = Timestamp.now) {
        self.file = file
        self.names = names
        self.writer = RequestWriter(names: names)
        self.clock = clock
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["activity"], id: "getActivity", summary: "Says what is going on, and was in the last minute.",
                tag: "usage",
                parameters: [
                    APIParameter("seconds", in: .query, .integer(Self.periods), "60 where it is missing."),
                    APIParameter("org", in: .query, .id(.organization), "Only by this organization."),
                ], replies: [200: Self.schema], handler: self.get)
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let organization = try call.organizationFilter("org")
        try call.require(.readUsage, in: organization.map { .organization($0) } ?? .gateway)
        let seconds = try call.fields.count("seconds") ?? 60
        try call.fields.end()
        self.writer.begin()
        let now = self.clock()
        let found = try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
            try reader.activity(
                now: now, period: UInt64(seconds) * 1000, organization: organization, isOverdue: isOverdue)
        }
        let report = found ?? ActivityReport(period: UInt64(seconds) * 1000)
        return AdministrationReply { self.write(report, now: now, to: &$0) }
    }

    private func write(_ report: ActivityReport, now: UInt64, to writer: inout JSONWriter) {
        writer.key("time")
        writer.string(TimeText.text(milliseconds: now))
        writer.key("newest_request")
        writer.string(optional: report.newest.map { TimeText.text(milliseconds: $0.milliseconds) })
        let seconds = Double(report.period) / 1000
        writer.key("seconds")
        writer.number(seconds)
        writer.key("looked_back_seconds")
        writer.number(Double(report.lookedBack) / 1000)
        let prompt = report.usage.promptTokens
        let completion = report.usage.completionTokens
        for (name, value) in [
            ("running", report.running), ("requests", report.begun), ("ended", report.ended),
            ("streams", report.streams), ("errors", report.errors), ("disconnected", report.disconnected),
            ("refused", report.refused.values.reduce(0) { $0 &+ $1 }), ("tokens_in", prompt),
            ("tokens_out", completion), ("unknown_price", report.unknownPrice),
        ] as [(StaticString, Int64)] {
            writer.key(name)
            writer.integer(value)
        }
        for (name, value) in [
            ("requests_per_second", report.begun), ("tokens_in_per_second", prompt),
            ("tokens_out_per_second", completion),
        ] as [(StaticString, Int64)] {
            writer.key(name)
            writer.number((Double(value) / seconds * 1000).rounded() / 1000)
        }
        writer.key("cost_usd")
        writer.dollars(report.cost)
        writer.key("cost_usd_per_hour")
        writer.dollars(Int64(clamping: Int128(report.cost) * 3_600_000 / Int128(max(1, report.period))))
        for (name, times) in [("duration_us", report.durations), ("first_byte_us", report.firstBytes)]
            as [(StaticString, ActivityReport.Durations)]
        {
            writer.key(name)
            writer.beginObject()
            writer.key("median")
            writer.integer(optional: times.median)
            writer.key("p95")
            writer.integer(optional: times.p95)
            writer.endObject()
        }
        self.writeLists(report, to: &writer)
    }

    private func writeLists(_ report: ActivityReport, to writer: inout JSONWriter) {
        writer.key("refusals")
        let refusals = report.refused.sorted {
            $0.value == $1.value ? $0.key.lexicographicallyPrecedes($1.key) : $0.value > $1.value
        }
        writer.list(refusals) {
            $0.key("error")
            $0.text($1.key)
            $0.key("requests")
            $0.integer($1.value)
        }
        for (name, groups) in [("models", report.models), ("providers", report.providers)]
            as [(StaticString, [(name: [UInt8], totals: ActivityReport.Group)])]
        {
            writer.key(name)
            writer.list(groups) {
                $0.key("name")
                $0.text($1.name)
                $0.members(of: $1.totals)
            }
        }
        writer.key("keys")
        writer.list(report.keys) {
            $0.key("key")
            $0.string($1.key.text(.key))
            $0.key("name")
            $0.string(optional: self.names.keyName($1.key))
            $0.members(of: $1.totals)
        }
        for (name, rows) in [("slowest", report.slowest), ("longest_running", report.oldest)]
            as [(StaticString, [RequestRow])]
        {
            writer.key(name)
            writer.list(rows) {
                self.writer.write($1, to: &$0)
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func members(of totals: ActivityReport.Group) {
        for (name, value) in [("requests", totals.requests), ("errors", totals.errors), ("tokens", totals.tokens)]
            as [(StaticString, Int64)]
        {
            self.key(name)
            self.integer(value)
        }
        self.key("cost_usd")
        self.dollars(totals.cost)
    }
}

extension ActivityResource {
    static let schema = APISchema.named(
        "Activity",
        .object(
            [
                .init("time", .timestamp, "When it was looked."),
                .init("newest_request", .nullable(.timestamp), "When the newest request came that is written down."),
                .init(
                    "seconds", .number, "What the sums are of; fewer than asked for where there are too many requests."),
                .init("looked_back_seconds", .number, "What had begun before that is not in the sums."),
                .init("running", .whole, "Not over yet."), .init("requests", .whole, "Those that came."),
                .init("ended", .whole, "Those that were over; what follows is of these."),
            ]
                + [
                    "streams", "errors", "disconnected", "refused", "tokens_in", "tokens_out", "unknown_price",
                ].map { APISchema.Member($0, .whole) }
                + ["requests_per_second", "tokens_in_per_second", "tokens_out_per_second"].map {
                    APISchema.Member($0, .number)
                }
                + [
                    .init("cost_usd", .amount), .init("cost_usd_per_hour", .amount), .init("duration_us", times),
                    .init("first_byte_us", times),
                    .init("refusals", .array(.object([.init("error", text), .init("requests", .whole)]))),
                    .init("models", .array(.object([.init("name", text)] + totals))),
                    .init("providers", .array(.object([.init("name", text)] + totals))),
                    .init("keys", .array(.object([.init("key", .string()), .init("name", text)] + totals))),
                    .init("slowest", .array(RequestsResource.schema)),
                    .init("longest_running", .array(RequestsResource.schema)),
                ]))

    private static let text = APISchema.nullable(.string())
    private static let times = APISchema.object(
        ["median", "p95"].map { APISchema.Member($0, .nullable(.whole)) })
    private static let totals: [APISchema.Member] =
        ["requests", "errors", "tokens"].map { APISchema.Member($0, .whole) } + [.init("cost_usd", .amount)]
}
