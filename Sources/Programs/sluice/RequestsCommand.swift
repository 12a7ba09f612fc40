import Administration
import ArgumentParser
import JSON

/// `sluice requests`: single requests, the newest first.
struct RequestsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests",
        abstract: "The latest requests: who, what, how it ended, what it cost.",
        discussion: """
            `sluice explain RECORD` tells everything about one of them. Requests are looked through from the newest on: what is rare, and \
            lies far back, takes its time; --since and --until bound it.

            Examples:
              sluice requests --status 5xx --since 2h
              sluice requests --error insufficient_quota --key ci
              sluice requests --label my-request-17
              sluice requests --min-cost 0.50 --since 30d

            Exit status: 0 done, 1 refused, 2 wrong usage, 69 a gateway runs but does not answer, 70 to 79 files or configuration \
            that cannot be used.
            """)

    @OptionGroup var option: ConfigurationOption
    @Option(help: "How many.")
    var limit = 20
    @Option(help: "Only of this key: its id (key_…) or its name.")
    var key: String?
    @Option(help: "Only of this project: its id (proj_…) or its name.")
    var project: String?
    @Option(help: "Only of this model: as it was asked for, or as it was sent.")
    var model: String?
    @Option(help: "Only with this status, such as 502 or 5xx.")
    var status: String?
    @Option(help: "Only of this user of keys (user_…).")
    var user: String?
    @Option(help: "Only where this provider has answered, or was called last.")
    var provider: String?
    @Option(help: "Only with this outcome: complete, disconnected, error or unknown.")
    var outcome: String?
    @Option(help: "Only with the code of this error, such as rate_limit_exceeded.")
    var error: String?
    @Option(help: "Only this one, by its record.")
    var record: String?
    @Option(help: "Only with this x-request-id of the client's.")
    var label: String?
    @Option(help: "Only of this trace, as in traceparent: 32 hexadecimal digits.")
    var trace: String?
    @Option(help: ArgumentHelp("Only what has cost at least as much.", valueName: "USD"))
    var minCost: String?
    @Option(help: ArgumentHelp("Only what has taken at least as long.", valueName: "milliseconds"))
    var minDuration: Int?
    @Option(help: "Only from then on: a time, a day, today, or how long ago (90m, 12h, 30d).")
    var since: String?
    @Option(help: "Only from before then; the same words.")
    var until: String?
    @Flag(help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit needs a whole number above 0") }
        guard self.minDuration ?? 0 >= 0 else { throw ValidationError("--min-duration is 0 or more") }
    }

    func run() throws {
        var filters: [JSONValue.Member] = []
        for (name, value) in [
            ("key", self.key), ("project", self.project), ("user", self.user), ("model", self.model),
            ("provider", self.provider), ("status", self.status), ("outcome", self.outcome), ("error", self.error),
            ("record", self.record), ("label", self.label), ("trace_id", self.trace), ("min_cost_usd", self.minCost),
        ] {
            if let value { filters.append(JSONValue.Member(name, .string(Array(value.utf8)))) }
        }
        if let minDuration { filters.append(JSONValue.Member("min_duration_ms", .integer(Int64(minDuration)))) }
        for (name, text) in [("since", self.since), ("until", self.until)] {
            guard let text else { continue }
            guard let time = PastTime.milliseconds(text) else { throw ValidationError("--\(name) needs a time") }
            filters.append(JSONValue.Member(name, .string(Array(TimeText.text(milliseconds: time).utf8))))
        }
        var rows: [[String]] = []
        var before: JSONValue?
        var rest = self.limit
        repeat {
            var body = filters + [JSONValue.Member("limit", .integer(Int64(min(rest, 400))))]
            if let before { body.append(JSONValue.Member("before", before)) }
            let (_, page) = try AdministrationOutput.body(of: self.option, .get, ["requests"], body)
            for request in page["data"]?.array ?? [] {
                rest -= 1
                if self.json {
                    var writer = JSONWriter()
                    writer.value(request)
                    AdministrationOutput.write(json: writer.bytes)
                } else {
                    rows.append(Self.row(request))
                }
            }
            before = page["next"]?.string.map { .string($0) }
        } while before != nil && rest > 0
        guard !self.json else { return }
        AdministrationOutput.write(
            table: rows,
            head: ["TIME", "RECORD", "KEY", "MODEL", "PROVIDER", "STATUS", "OUTCOME", "IN", "OUT", "USD", "TIME TAKEN"])
    }

    private static func row(_ request: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let tokens = request["tokens"] ?? .null
        let isNamed = request["key_name"]?.string != nil
        let error = request["error"]?.string != nil
        return [
            cell(request["time"]), cell(request["record"]), cell(isNamed ? request["key_name"] : request["key"]),
            cell(request["model"]), cell(request["provider"]), cell(request["status"]),
            request["settled_by"]?.string == nil ? "running" : cell(error ? request["error"] : request["outcome"]),
            String(tokens.sum(["cache_read"]).addingReportingOverflow(tokens.promptTokens).partialValue),
            String(tokens.sum(["output", "reasoning", "audio_output"])), cell(request["cost_usd"]),
            DurationText.text(microseconds: request["total_us"]?.integer),
        ]
    }
}
