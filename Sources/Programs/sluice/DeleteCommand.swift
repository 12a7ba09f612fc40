import Administration
import ArgumentParser

/// `delete` of any command that has it.
struct DeleteCommand<Subject: DeletableSubject>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "delete", abstract: Subject.deleted)
    }

    @OptionGroup var option: ConfigurationOption
    @OptionGroup var subject: Subject

    func run() throws {
        let path = try self.subject.path(self.option)
        _ = try AdministrationOutput.body(of: self.option, .delete, path)
        CommandText.deleted(path)
    }
}
