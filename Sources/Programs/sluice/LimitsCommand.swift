import Administration
import ArgumentParser
import JSON

/// `sluice limits`: how limits and budgets stand, and what they are.
struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Show, set and clear limits and budgets.",
        discussion: """
            A running gateway is asked over its socket; while it is stopped the same is done to its files directly. A change \
            is in force in every worker when the command returns. Limits of models, addresses, callers without a key and the \
            whole gateway are set in the configuration.

            Exit status: 0 done, 1 refused, 2 wrong usage, 69 a gateway runs but does not answer (or could not store the \
            change), 70 to 79 files or configuration that cannot be used.
            """,
        subcommands: [Show.self, Set.self, Clear.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What of every window and budget is used, held and left.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var subject: LimitSubjectOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try LimitsCommand.ask(self.option, .get, self.subject.members, json: self.json)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set limits: a number, `none` for the default again, or `unlimited`.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var subject: LimitSubjectOptions
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @Flag(help: "Print JSON.")
        var json = false

        mutating func validate() throws {
            guard try !self.limits.members().isEmpty else {
                throw ValidationError("there is nothing to set: give a limit, such as --requests-per-minute 100")
            }
        }

        func run() throws {
            try LimitsCommand.ask(self.option, .patch, self.subject.members + self.limits.members(), json: self.json)
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take away all limits that were set.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var subject: LimitSubjectOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            try LimitsCommand.ask(self.option, .delete, self.subject.members, json: self.json)
        }
    }

    /// Sends a request and prints how the limits stand.
    private static func ask(
        _ option: ConfigurationOption, _ method: AdministrationRequest.Method, _ members: [JSONValue.Member],
        json: Bool
    ) throws {
        let (text, value) = try AdministrationOutput.body(of: option, method, ["limits"], members)
        guard !json else { return AdministrationOutput.write(json: text) }
        let cell = AdministrationOutput.cell
        let name = cell(value["name"]) == "-" ? cell(value["id"]) : cell(value["name"])
        StandardStream.output.write(
            "\(cell(value["scope"])) \(name == "-" ? "" : name + " ")(time zone \(cell(value["time_zone"])))\n\n")
        let isConfigured = ["model", "ip", "anonymous", "global"].contains(cell(value["scope"]))
        let rows = (value["limits"]?.array ?? []).map { row in
            let (limit, own) = (cell(row["limit"]), cell(row["own"]))
            return [
                cell(row["name"]), cell(row["used"]), cell(row["held"]), own == "unlimited" ? own : limit,
                cell(row["remaining"]), row["reset_seconds"]?.integer.map { LimitsCommand.duration($0) } ?? "-",
                own != "-" ? (isConfigured ? "configuration" : "own") : limit != "-" ? "default" : "-",
            ]
        }
        AdministrationOutput.write(
            table: rows, head: ["NAME", "USED", "HELD", "LIMIT", "REMAINING", "RESET IN", "SET"])
        guard case .bool(false) = value["counted"] else { return }
        let isUnlimited = isConfigured && rows.allSatisfy { $0[3] == "-" }
        StandardStream.output.write(
            isUnlimited
                ? "\nThere are no figures: this is counted only where the configuration limits it.\n"
                : "\nThere are no figures until the gateway has been started.\n")
    }

    /// `45s`, `3m20s`, `5h2m`, `12d3h`.
    private static func duration(_ seconds: Int64) -> String {
        let units: [(String, Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
        let first = units.firstIndex { seconds >= $0.1 } ?? 3
        let large = "\(seconds / units[first].1)\(units[first].0)"
        let rest = seconds % units[first].1
        guard first < 3, rest >= units[first + 1].1 else { return large }
        return large + "\(rest / units[first + 1].1)\(units[first + 1].0)"
    }
}
