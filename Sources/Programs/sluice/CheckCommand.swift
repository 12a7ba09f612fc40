import ArgumentParser
import Configuration
import Foundation

/// `sluice check`: says what the gateway would run with, or everything that is wrong with it.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the configuration and print it as it would be in force, secrets masked.",
        discussion: """
            Exit status 0: the configuration is printed, all defaults filled in; notices go to the standard error.
            Exit status 78: every problem is printed to the standard error as FILE:LINE:COLUMN: KEY: MESSAGE \
            (with --json: to the standard output as {"problems": [...]}).
            """)

    @OptionGroup var option: ConfigurationOption

    @Flag(help: "Print JSON instead of YAML and of plain lines.")
    var json = false

    func run() throws {
        let result = self.load()
        guard let configuration = result.configuration else {
            let report = ConfigurationReport(result.problems)
            if self.json {
                StandardStream.output.write(report.json)
            } else {
                StandardStream.error.write(report.text)
            }
            throw ExitCode.badConfiguration
        }
        for notice in result.notices {
            StandardStream.error.write("notice: \(notice)\n")
        }
        for notice in CatalogueCheck.notices(configuration) {
            StandardStream.error.write("notice: \(notice)\n")
        }
        let effective = EffectiveConfiguration(configuration)
        StandardStream.output.write(self.json ? effective.json : effective.yaml)
    }

    private func load() -> ConfigurationResult {
        let environment = ProcessInfo.processInfo.environment
        guard let file = self.option.chosenFile else {
            return ConfigurationLoader.fromEnvironment(environment: environment)
        }
        do throws(BoundedFile.Failure) {
            let bytes = try BoundedFile.read(path: file, limit: ConfigurationLoader.fileLimit)
            return ConfigurationLoader.load(
                bytes: bytes, file: file, environment: environment, readFile: BoundedFile.read)
        } catch {
            let problem = ConfigurationProblem(
                file: file, line: 0, column: 0, path: "", message: "the file cannot be read: \(error.reason)")
            return ConfigurationResult(configuration: nil, problems: [problem])
        }
    }
}
