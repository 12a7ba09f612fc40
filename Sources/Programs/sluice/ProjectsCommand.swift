import Administration
import ArgumentParser
import JSON

/// `sluice projects`: what keys belong to and usage is added up by.
struct ProjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "Make and list projects, change their time zones.",
        subcommands: [Create.self, List.self, Update.self])

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
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .post, ["projects"],
                [JSONValue.Member("name", self.name)]
                    + (self.timeZone.map { [JSONValue.Member("time_zone", $0)] } ?? []))
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("made \(cell(value["id"])) (\(cell(value["name"])))\n")
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a project's time zone.")

        @OptionGroup var option: ConfigurationOption
        @Argument(help: ArgumentHelp("The project's id (proj_…) or its name.", valueName: "project"))
        var project: String
        @Option(
            help: ArgumentHelp(
                "The IANA time zone its days and months begin in; none: that of the configuration.", valueName: "zone"))
        var timeZone: String
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let isNone = self.timeZone.utf8.elementsEqual("none".utf8)
            let zone = isNone ? JSONValue.null : .string(Array(self.timeZone.utf8))
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .patch, ["projects", try self.id()], [JSONValue.Member("time_zone", zone)])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("changed \(cell(value["id"])) (\(cell(value["name"])))\n")
        }

        private func id() throws -> String {
            if self.project.hasPrefix("proj_") { return self.project }
            let (_, value) = try AdministrationOutput.body(of: self.option, .get, ["projects"])
            let name = Array(self.project.utf8)
            let found = value["data"]?.array?.first { $0["name"]?.string == name }
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
            let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["projects"])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                table: (value["data"]?.array ?? []).map { project in
                    [cell(project["id"]), cell(project["name"]), cell(project["time_zone"]), cell(project["created"])]
                },
                head: ["ID", "NAME", "TIME ZONE", "CREATED"])
        }
    }
}
