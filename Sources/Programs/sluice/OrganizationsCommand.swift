import Administration
import ArgumentParser
import JSON

/// `sluice orgs`: what projects belong to.
struct OrganizationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orgs",
        abstract: "Make, list, show, change and delete organizations.",
        discussion: """
            Examples:
              sluice orgs create --name research
              sluice orgs list --json
              sluice orgs update research --name science
              sluice orgs delete science

            \(CommandText.administration)
            """,
        subcommands: [Create.self, List.self, ShowCommand<Choice>.self, Update.self, DeleteCommand<Choice>.self])

    /// Which one is meant.
    struct Choice: DeletableSubject {
        static let shown = "Show an organization."
        static let deleted = "Delete an organization that has no projects any more."

        @Argument(help: ArgumentHelp("The organization's id (org_…) or its name.", valueName: "organization"))
        var organization: String

        func path(_ option: ConfigurationOption) throws -> [String] {
            ["orgs", try OrganizationsCommand.id(of: self.organization, option)]
        }
    }

    /// The id; a name is looked up.
    static func id(of text: String, _ option: ConfigurationOption) throws -> String {
        try CommandText.id(text, prefix: "org_", of: option, ["orgs"], "organization")
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an organization.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Its name, once in the gateway.")
        var name: String
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.body.members(beside: [JSONValue.Member("name", self.name)])
            try CommandText.create(self.option, ["orgs"], members, json: self.json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List organizations.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                try AdministrationOutput.all(of: self.option, ["orgs"]), json: self.json,
                head: ["ID", "NAME", "CREATED"]
            ) { [cell($0["id"]), cell($0["name"]), cell($0["created"])] }
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change an organization.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Option(help: "A new name.")
        var name: String?
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let members = try self.body.members(beside: CommandText.members([("name", self.name)]))
            try CommandText.update(self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }
}
