import Administration
import ArgumentParser
import JSON

/// `sluice audit`: who has changed what.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List the changes of the administration, the newest first.",
        discussion: """
            Examples:
              sluice audit --since 24h
              sluice audit --kind key --target key_… --json
              sluice audit --actor uid:0 --limit 20

            \(CommandText.administration)
            """)

    @OptionGroup var option: ConfigurationOption
    @Option(help: "Only changes by this actor: the id of a token (tok_…), uid:NUMBER for operators, gateway.")
    var actor: String?
    @Option(help: "Only changes of this kind of thing, such as key, project, organization, token, provider.")
    var kind: String?
    @Option(help: "Only changes of the thing with this id or name.")
    var target: String?
    @Option(help: "Only what belongs to this organization (org_… or its name).")
    var org: String?
    @Option(help: ArgumentHelp("From then on: a time, a day, or a time ago such as 12h or 30d.", valueName: "when"))
    var since: String?
    @Option(help: ArgumentHelp("Before then.", valueName: "when"))
    var until: String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit = 50
    @Flag(help: "Print one JSON object a line, with the thing before and after.")
    var json = false

    mutating func validate() throws {
        guard (1...100_000).contains(self.limit) else { throw ValidationError("--limit is 1 to 100000") }
        for (name, text) in [("--since", self.since), ("--until", self.until)] {
            guard text.map({ PastTime.milliseconds($0) != nil }) ?? true else {
                throw ValidationError(
                    "\(name) needs a time, a day or a time ago such as 12h or 30d, not '\(text ?? "")'")
            }
        }
    }

    func run() throws {
        func time(_ text: String?) -> String? {
            text.flatMap { PastTime.milliseconds($0) }.map { TimeText.text(milliseconds: $0) }
        }
        let organization = try self.org.map { try OrganizationsCommand.id(of: $0, self.option) }
        let query = CommandText.members([
            ("actor", self.actor), ("kind", self.kind), ("target", self.target), ("org", organization),
            ("since", time(self.since)), ("until", time(self.until)), ("limit", "\(min(self.limit, 100))"),
        ])
        let cell = AdministrationOutput.cell
        AdministrationOutput.write(
            try AdministrationOutput.all(of: self.option, ["audit-log"], query, limit: self.limit), json: self.json,
            head: ["NUMBER", "TIME", "WHO", "ACTION", "KIND", "TARGET", "NAME", "FROM"]
        ) { change in
            let who = cell(change["actor_name"]) == "-" ? cell(change["actor"]) : cell(change["actor_name"])
            let name = cell(change["after"]?["name"])
            return [
                cell(change["number"]), cell(change["time"]), who, cell(change["action"]), cell(change["kind"]),
                cell(change["target"]), name == "-" ? cell(change["before"]?["name"]) : name, cell(change["address"]),
            ]
        }
    }
}
