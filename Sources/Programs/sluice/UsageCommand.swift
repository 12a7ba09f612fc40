import Administration
import ArgumentParser
import JSON

/// `sluice usage`: what was used, and what it cost.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Requests, tokens and cost of a period, divided by what you like.",
        discussion: """
            A running gateway is asked over its socket; while it is stopped its files are read directly. Sums are kept when single \
            requests are removed.

              sluice usage                                    today so far (in UTC)
              sluice usage 12h --by model                     the last twelve hours
              sluice usage --from 2026-11-01 --by model,key   days, in the time zone of each project
              sluice usage --from 2026-11-01 --per day --csv  a line for each day, for a spreadsheet
              sluice usage --forecast --project web           what this month will have cost
            """)

    enum Division: String, ExpressibleByArgument, CaseIterable {
        case day
        case hour
    }

    @OptionGroup var option: ConfigurationOption
    @Argument(
        help: ArgumentHelp(
            "today, yesterday, a time from which on (2026-11-22, 2026-11-22T08:00:00Z), or how long ago it began (12h, 30d).",
            valueName: "period"))
    var period: String?
    @Option(help: "Where the period ends: a time, a day, or how long ago. Now, if it is not given.")
    var until: String?
    @Option(help: "The first day of a report, such as 2026-11-01.")
    var from: String?
    @Option(help: "The last day of a report. Today, if it is not given.")
    var to: String?
    @Option(
        help:
            "Divide by some of key, project, organization, user, provider, model and model_sent, with commas between them."
    )
    var by: String?
    @Option(help: "A line for each day, or for each hour.")
    var per: Division?
    @Option(help: "Only of this organization (its id).")
    var org: String?
    @Option(help: "Only of this project: its id or its name.")
    var project: String?
    @Option(help: "Only of this key: its id or its name.")
    var key: String?
    @Option(help: "Only for this user (its id).")
    var user: String?
    @Option(help: "Only answered by this provider.")
    var provider: String?
    @Option(help: "Only of this model, as it was asked for.")
    var model: String?
    @Flag(help: "What will have been used by the end of this month.")
    var forecast = false
    @Flag(help: "Print CSV.")
    var csv = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let unknown = self.dimensions.first(where: { !UsageReportsResource.dimensions.contains($0) }) {
            throw ValidationError(
                "nothing is divided by '\(unknown)': \(UsageReportsResource.dimensions.joined(separator: ", ")), with commas between them"
            )
        }
        guard !(self.csv && self.json) else { throw ValidationError("--csv or --json, but not both") }
        guard self.period == nil || (self.from == nil && self.to == nil) else {
            throw ValidationError("give a period, or --from and --to, but not both")
        }
        guard !self.forecast || (self.period == nil && self.by == nil && self.per == nil && !self.csv) else {
            throw ValidationError("--forecast is of this month, and not divided")
        }
    }

    func run() throws {
        if self.forecast { return try self.runForecast() }
        guard self.isReport else { return try self.runPeriod() }
        let report = try UsageReport(path: self.path, option: self.option, members: self.members()).whole()
        if self.json {
            var writer = JSONWriter()
            writer.value(report)
            return AdministrationOutput.write(json: writer.bytes)
        }
        if self.csv { return UsageLines(report, by: self.dimensions, per: self.per).writeCSV() }
        UsageLines(report, by: self.dimensions, per: self.per).writeTable()
    }

    // MARK: Reports

    private var dimensions: [String] { self.by?.split(separator: ",").map(String.init) ?? [] }

    /// Whether what is asked for is told from sums, and not from the requests of a period that ends at any moment.
    private var isReport: Bool {
        self.from != nil || self.to != nil || self.per != nil || self.csv || self.dimensions.count > 1
            || self.by.map { Grouping(rawValue: $0) == nil } ?? false
            || [self.org, self.project, self.key, self.user, self.provider, self.model].contains { $0 != nil }
    }

    private var path: String {
        switch self.per {
        case .day: "daily"
        case .hour: "hourly"
        case nil: "summary"
        }
    }

    private func members() throws -> [JSONValue.Member] {
        var members = self.filters
        if let by { members.append(Self.text("by", by)) }
        if self.per == .hour {
            guard self.from == nil, self.to == nil else {
                throw ValidationError("hours have a period: sluice usage 24h --per hour")
            }
            let since = try self.period.map { try Self.time(of: $0) }
            if let since { members.append(Self.time("since", since)) }
            if let end = try self.end(since) { members.append(Self.time("until", end)) }
            return members
        }
        var (first, last) = (self.from, self.to)
        if let period {
            first = String(TimeText.text(milliseconds: try Self.time(of: period)).prefix(10))
            if period.utf8.elementsEqual("yesterday".utf8) { last = first }
        } else if first == nil, last == nil, self.per == nil {
            first = String(TimeText.text(milliseconds: try Self.time(of: "today")).prefix(10))
        }
        guard self.until == nil else { throw ValidationError("days end with --to") }
        if let first { members.append(Self.text("from", first)) }
        if let last { members.append(Self.text("to", last)) }
        return members
    }

    private var filters: [JSONValue.Member] {
        [
            ("org", self.org), ("project_id", self.project), ("key", self.key), ("user", self.user),
            ("provider", self.provider), ("model", self.model),
        ].compactMap { name, value in value.map { Self.text(name, $0) } }
    }

    private func runForecast() throws {
        let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["usage", "forecast"], self.filters)
        guard !self.json else { return AdministrationOutput.write(json: text) }
        let cell = AdministrationOutput.cell
        StandardStream.output.write("\(cell(value["month"])), \(cell(value["days_left"])) days after today\n\n")
        let rows = [("requests", "requests"), ("tokens", "tokens"), ("cost_usd", "USD")].map { member, name in
            [name] + ["so_far", "expected", "low", "high"].map { cell(value[member]?[$0]) }
        }
        AdministrationOutput.write(table: rows, head: ["", "SO FAR", "EXPECTED", "AT LEAST", "AT MOST"])
        StandardStream.output.write(
            "\nIn four of five months it is between the last two, if the days go on as they did.\n")
    }

    private static func text(_ name: String, _ value: String) -> JSONValue.Member {
        JSONValue.Member(name, .string(Array(value.utf8)))
    }

    // MARK: A period

    enum Grouping: String, CaseIterable {
        case key
        case project
        case model
        case provider
    }

    private func runPeriod() throws {
        let since = try Self.time(of: self.period ?? "today")
        var body = [Self.time("since", since)]
        if let end = try self.end(since) { body.append(Self.time("until", end)) }
        if let by { body.append(Self.text("by", by)) }
        let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["usage"], body)
        guard !self.json else { return AdministrationOutput.write(json: text) }
        self.print(value)
    }

    private static func time(of period: String) throws -> UInt64 {
        guard let since = PastTime.milliseconds(period) else {
            throw ValidationError("'\(period)' is no period: today, yesterday, 2026-11-22, 12h, 30d")
        }
        return since
    }

    private func end(_ since: UInt64?) throws -> UInt64? {
        if let until {
            guard let end = PastTime.milliseconds(until) else { throw ValidationError("--until needs a time") }
            return end
        }
        guard let since, self.period?.utf8.elementsEqual("yesterday".utf8) ?? false else { return nil }
        return since + 86_400_000
    }

    private static func time(_ name: String, _ milliseconds: UInt64) -> JSONValue.Member {
        JSONValue.Member(name, .string(Array(TimeText.text(milliseconds: milliseconds).utf8)))
    }

    private func print(_ usage: JSONValue) {
        let cell = AdministrationOutput.cell
        StandardStream.output.write("From \(cell(usage["since"])) to \(cell(usage["until"]))\n\n")
        var rows: [[String]] = []
        for entry in usage["data"]?.array ?? [] {
            let id =
                switch self.by.flatMap({ Grouping(rawValue: $0) }) {
                case .key: entry["key"]
                case .project: entry["project"]
                case .model: entry["model"]
                case .provider: entry["provider"]
                case nil: JSONValue?.none
                }
            let isNamed = entry["name"]?.string?.isEmpty == false
            rows.append([cell(isNamed ? entry["name"] : id)] + Self.columns(entry))
        }
        let total = usage["total"] ?? .null
        rows.append(["total"] + Self.columns(total))
        AdministrationOutput.write(
            table: rows,
            head: [
                self.by?.uppercased() ?? "", "REQUESTS", "ERRORS", "INPUT", "CACHED", "OUTPUT", "REASONING",
                "USD",
            ])
        let notes: [(StaticString, String)] = [
            ("unknown_price", "used tokens of an unknown price: the cost is too low by what they cost"),
            ("estimated", "have tokens that are estimated, because the provider's numbers did not come"),
            ("disconnected", "ended because the client went away"),
            ("recovered", "were settled after their worker had died"), ("open", "are running"),
        ]
        for (member, note) in notes {
            guard let count = total[member]?.integer, count > 0 else { continue }
            StandardStream.output.write("\n\(count) \(note)")
        }
        if notes.contains(where: { (total[$0.0]?.integer ?? 0) > 0 }) { StandardStream.output.write("\n") }
    }

    private static func columns(_ totals: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let tokens = totals["tokens"] ?? .null
        return [
            cell(totals["requests"]), cell(totals["errors"]),
            String(tokens.promptTokens), String(tokens.sum(["cache_read"])),
            String(tokens.sum(["output", "audio_output"])), String(tokens.sum(["reasoning"])), cell(totals["cost_usd"]),
        ]
    }
}
