import Administration
import ArgumentParser
import JSON

/// `sluice usage`: what was used, and what it cost.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Requests, tokens and cost of a period, divided by what you like.",
        discussion: """
            A running gateway is asked over its socket; while it is stopped its files are read directly. Days begin at midnight \
            in UTC.
            """)

    enum Grouping: String, ExpressibleByArgument, CaseIterable {
        case key
        case project
        case model
        case provider
    }

    @OptionGroup var option: ConfigurationOption
    @Argument(
        help: ArgumentHelp(
            "today, yesterday, a time from which on (2026-11-22, 2026-11-22T08:00:00Z), or how long ago it began (12h, 30d).",
            valueName: "period"))
    var period = "today"
    @Option(help: "Where the period ends: a time, a day, or how long ago. Now, if it is not given.")
    var until: String?
    @Option(help: "Divide by key, project, model or provider.")
    var by: Grouping?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        guard let since = PastTime.milliseconds(self.period) else {
            throw ValidationError("'\(self.period)' is no period: today, yesterday, 2026-11-22, 12h, 30d")
        }
        var body = [Self.time("since", since)]
        if let until {
            guard let end = PastTime.milliseconds(until) else { throw ValidationError("--until needs a time") }
            body.append(Self.time("until", end))
        } else if self.period.utf8.elementsEqual("yesterday".utf8) {
            body.append(Self.time("until", since + 86_400_000))
        }
        if let by { body.append(JSONValue.Member("by", .string(Array(by.rawValue.utf8)))) }
        let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["usage"], body)
        guard !self.json else { return AdministrationOutput.write(json: text) }
        self.print(value)
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
                switch self.by {
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
                self.by?.rawValue.uppercased() ?? "", "REQUESTS", "ERRORS", "INPUT", "CACHED", "OUTPUT", "REASONING",
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
