import Administration
import ArgumentParser

/// `show` of any command: prints what is known of one thing.
struct ShowCommand<Subject: CommandSubject>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "show", abstract: Subject.shown)
    }

    @OptionGroup var option: ConfigurationOption
    @OptionGroup var subject: Subject
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        AdministrationOutput.write(
            try AdministrationOutput.body(of: self.option, .get, try self.subject.path(self.option)), json: self.json)
    }
}
