import Administration
import ArgumentParser
import JSON

/// `sluice requests`: single requests, the newest first.
struct RequestsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests",
        abstract: "The latest requests: who, what, how it ended, what it cost.",
        discussion: "`sluice explain RECORD` tells everything about one of them.")

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
    @Option(help: "Only from then on: a time, a day, today, or how long ago (90m, 12h, 30d).")
    var since: String?
    @Flag(help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit needs a whole number above 0") }
    }

    func run() throws {
        var filters: [JSONValue.Member] = []
        for (name, value) in [
            ("key", self.key), ("project", self.project), ("model", self.model), ("status", self.status),
        ] {
            if let value { filters.append(JSONValue.Member(name, .string(Array(value.utf8)))) }
        }
        if let since {
            guard let time = PastTime.milliseconds(since) else { throw ValidationError("--since needs a time") }
            let text = TimeText.text(milliseconds: time)
            filters.append(JSONValue.Member("since", .string(Array(text.utf8))))
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
