import Administration
import ArgumentParser
import JSON

/// `sluice projects`: what keys belong to and usage is added up by.
struct ProjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "Make and list projects, change their time zones, weights and models.",
        subcommands: [Create.self, List.self, Update.self])

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
        @OptionGroup var models: ModelsOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var members = [JSONValue.Member("name", self.name)]
            if let timeZone { members.append(JSONValue.Member("time_zone", timeZone)) }
            if let weight { members.append(JSONValue.Member("weight", .integer(Int64(weight)))) }
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .post, ["projects"], members + self.models.members())
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("made \(cell(value["id"])) (\(cell(value["name"])))\n")
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a project's time zone, weight or models.")

        @OptionGroup var option: ConfigurationOption
        @Argument(help: ArgumentHelp("The project's id (proj_…) or its name.", valueName: "project"))
        var project: String
        @Option(
            help: ArgumentHelp(
                "The IANA time zone its days and months begin in; none: that of the configuration.", valueName: "zone"))
        var timeZone: String?
        @Option(help: ProjectsCommand.weightHelp)
        var weight: Int?
        @OptionGroup var models: ModelsOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var members = try self.models.members()
            if let timeZone {
                let isNone = timeZone.utf8.elementsEqual("none".utf8)
                members.append(JSONValue.Member("time_zone", isNone ? .null : .string(Array(timeZone.utf8))))
            }
            if let weight { members.append(JSONValue.Member("weight", .integer(Int64(weight)))) }
            guard !members.isEmpty else { throw ValidationError("there is nothing to change") }
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .patch, ["projects", try self.id()], members)
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("changed \(cell(value["id"])) (\(cell(value["name"])))\n")
        }

        private func id() throws -> String {
            if self.project.hasPrefix("proj_") { return self.project }
            let (_, value) = try AdministrationOutput.body(
                of: self.option, .get, ["projects"], [JSONValue.Member("name", self.project)])
            let found = value["data"]?.array?.first
            guard let id = found.flatMap({ $0["id"]?.string }) else {
                StandardStream.error.write("sluice: there is no project named \(self.project)\n")
                throw ExitCode(1)
            }
            return String(decoding: id, as: UTF8.self)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List projects.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            var projects: [JSONValue] = []
            var after: JSONValue?
            repeat {
                let (_, value) = try AdministrationOutput.body(
                    of: self.option, .get, ["projects"], after.map { [JSONValue.Member("after", $0)] } ?? [])
                projects += value["data"]?.array ?? []
                after = value["next"]?.string.map { .string($0) }
            } while after != nil
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
