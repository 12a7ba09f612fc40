import Administration
import ArgumentParser
import JSON

/// `sluice projects`: what keys belong to and usage is added up by.
struct ProjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects",
        abstract: "Make and list projects.",
        subcommands: [Create.self, List.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a project.")

        @OptionGroup var option: ConfigurationOption
        @Option(help: "The project's name.")
        var name: String
        @Option(help: "The IANA time zone its days and months begin in, such as Europe/Berlin.")
        var timeZone = "UTC"
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let (text, value) = try AdministrationOutput.body(
                of: self.option, .post, ["projects"],
                [
                    KeysCommand.Limits.member("name", .string(Array(self.name.utf8))),
                    KeysCommand.Limits.member("time_zone", .string(Array(self.timeZone.utf8))),
                ])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let cell = AdministrationOutput.cell
            StandardStream.output.write("made \(cell(value["id"])) (\(cell(value["name"])))\n")
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
