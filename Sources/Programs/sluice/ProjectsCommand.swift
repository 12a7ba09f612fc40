import Administration
import ArgumentParser
import JSON

/// `sluice projects`: what keys belong to and usage is added up by.
struct ProjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "Make, list, show, change and delete projects.",
        discussion: """
            Examples:
              sluice projects create --name web --org research --cost-monthly 50 --time-zone Europe/Berlin
              sluice projects list --org research
              sluice projects update web --tokens-monthly 1000000
              sluice projects delete web

            \(CommandText.administration)
            """,
        subcommands: [Create.self, List.self, ShowCommand<Choice>.self, Update.self, DeleteCommand<Choice>.self])

    /// The id; a name is looked up, in one organization where that is given.
    private static func id(of text: String, org: String?, _ option: ConfigurationOption) throws -> String {
        guard !text.hasPrefix("proj_") else { return text }
        let organization = try org.map { try OrganizationsCommand.id(of: $0, option) }
        return try CommandText.id(
            text, prefix: "proj_", of: option, ["projects"], "project", CommandText.members([("org", organization)]))
    }

    /// Which one is meant.
    struct Choice: DeletableSubject {
        static let shown = "Show a project."
        static let deleted = "Delete a project and revoke its keys."

        @Argument(help: ArgumentHelp("The project's id (proj_…) or its name.", valueName: "project"))
        var project: String
        @Option(help: "The organization (org_… or its name) of a project given by its name.")
        var org: String?

        func path(_ option: ConfigurationOption) throws -> [String] {
            ["projects", try ProjectsCommand.id(of: self.project, org: self.org, option)]
        }
    }

    private static let weightHelp = ArgumentHelp(
        "Its share, against other projects', of a provider with less room than there are requests: 1 to 1000; 1 where "
            + "nothing is said.", valueName: "n")

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a project.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "The project's name.")
        var name: String
        @Option(
            help: ArgumentHelp(
                "The IANA time zone its days and months begin in, such as Europe/Berlin; else that of the configuration.",
                valueName: "zone"))
        var timeZone: String?
        @Option(help: ProjectsCommand.weightHelp)
        var weight: Int?
        @Option(help: "The organization (org_… or its name) that it belongs to; else the default one.")
        var org: String?
        @OptionGroup var models: ModelsOption
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let organization = try self.org.map { try OrganizationsCommand.id(of: $0, self.option) }
            var members = CommandText.members([("name", self.name), ("organization", organization)])
            if let timeZone { members.append(JSONValue.Member("time_zone", timeZone)) }
            if let weight { members.append(JSONValue.Member("weight", .integer(Int64(weight)))) }
            try CommandText.create(
                self.option, ["projects"],
                try self.body.members(beside: members + self.models.members() + self.limits.members()),
                json: self.json)
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a project's name, time zone, weight, models or limits.")

        @OptionGroup var option: ConfigurationOption
        @OptionGroup var choice: Choice
        @Option(help: "A new name.")
        var name: String?
        @Option(
            help: ArgumentHelp(
                "The IANA time zone its days and months begin in; none: that of the configuration.", valueName: "zone"))
        var timeZone: String?
        @Option(help: ProjectsCommand.weightHelp)
        var weight: Int?
        @OptionGroup var models: ModelsOption
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @OptionGroup var body: BodyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var members = try self.models.members() + self.limits.members()
            members += CommandText.members([("name", self.name)])
            if let timeZone {
                let isNone = timeZone.utf8.elementsEqual("none".utf8)
                members.append(JSONValue.Member("time_zone", isNone ? .null : .string(Array(timeZone.utf8))))
            }
            if let weight { members.append(JSONValue.Member("weight", .integer(Int64(weight)))) }
            members = try self.body.members(beside: members)
            try CommandText.update(self.option, try self.choice.path(self.option), members, json: self.json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List projects.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "Only projects of this organization (org_… or its name).")
        var org: String?
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let organization = try self.org.map { try OrganizationsCommand.id(of: $0, self.option) }
            let projects = try AdministrationOutput.all(
                of: self.option, ["projects"], CommandText.members([("org", organization)]))
            guard !self.json else {
                var writer = JSONWriter()
                writer.value(.object([JSONValue.Member("data", .array(projects))]))
                return AdministrationOutput.write(json: writer.bytes)
            }
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                table: projects.map { project in
                    [
                        cell(project["id"]), cell(project["name"]), cell(project["time_zone"]), cell(project["weight"]),
                        ModelsOption.summary(of: project), cell(project["created"]),
                    ]
                },
                head: ["ID", "NAME", "TIME ZONE", "WEIGHT", "MODELS", "CREATED"])
        }
    }
}
