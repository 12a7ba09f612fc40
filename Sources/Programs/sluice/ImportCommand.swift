import ArgumentParser
import Configuration
import Foundation
import Glibc
import JSON

/// `sluice import`: from other gateways.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a configuration of another gateway's.",
        subcommands: [LiteLLM.self])

    struct LiteLLM: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "litellm",
            abstract: "Make a sluice.yaml of a config.yaml of LiteLLM's proxy.",
            discussion: """
                Prints the new configuration, or writes it to --output; whatever could not be carried over is named with its \
                place and the reason on the standard error. Values that LiteLLM takes from the environment \
                (os.environ/NAME) are taken from there (${NAME}).

                Examples:
                  sluice import litellm config.yaml --output sluice.yaml
                  sluice import litellm config.yaml --json
                  sluice import litellm config.yaml --apply

                Exit status: 0 done (notes or not), 1 refused, 2 wrong usage, 69 (--apply) no gateway answers, 78 the file \
                cannot be read.
                """)

        @OptionGroup var option: ConfigurationOption
        @Argument(help: "LiteLLM's configuration file.")
        var file: String
        @Option(
            help: ArgumentHelp(
                "Write the new configuration there; a file that exists is not replaced.", valueName: "file"))
        var output: String?
        @Flag(
            help:
                "Give providers, models and prices to the running gateway instead; values of the environment are this command's."
        )
        var apply = false
        @Flag(
            help:
                "Print JSON: file, notes, providers, models, variables; the configuration, where it goes nowhere else.")
        var json = false

        mutating func validate() throws {
            guard !self.apply || self.output == nil else {
                throw ValidationError("expected either --apply or --output, not both")
            }
        }

        func run() throws {
            let made = try self.convert()
            let problems = made.problems()
            if !problems.isEmpty {
                StandardStream.error.write(ConfigurationReport(problems).text)
                StandardStream.error.write("sluice: \(self.file): what was made of it is no configuration\n")
                throw ExitCode(1)
            }
            if let output { try Self.write(made.yaml, to: output) }
            let applied = self.apply ? try ImportApplication(option: self.option).apply(made) : []
            if self.json {
                return AdministrationOutput.write(json: self.report(made, applied))
            }
            for note in made.notes { StandardStream.error.write("\(self.file):\(note)\n") }
            let counts = "\(made.providers.count) providers, \(made.models.count) models, \(made.notes.count) notes"
            if self.apply {
                StandardStream.output.write("\(applied.count) things made (\(counts))\n")
            } else if let output {
                StandardStream.output.write("wrote \(output) (\(counts))\n")
            } else {
                StandardStream.output.write(made.yaml)
            }
        }

        private func convert() throws -> LiteLLMImport {
            do {
                let bytes = try BoundedFile.read(path: self.file, limit: ConfigurationLoader.fileLimit)
                return try LiteLLMImport.convert(bytes, file: self.file)
            } catch let failure as ImportFailure {
                StandardStream.error.write(ConfigurationReport(failure.problems).text)
            } catch let failure as BoundedFile.Failure {
                StandardStream.error.write("sluice: \(self.file): the file cannot be read: \(failure.reason)\n")
            }
            throw ExitCode.badConfiguration
        }

        /// It may hold keys: nobody else can read it.
        private static func write(_ text: String, to path: String) throws {
            let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else {
                let reason = unsafe String(cString: strerror(errno))
                StandardStream.error.write("sluice: \(path): cannot be written: \(reason)\n")
                throw ExitCode(1)
            }
            defer { close(file) }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    StandardStream.error.write("sluice: \(path): cannot be written\n")
                    throw ExitCode(1)
                }
                rest = rest.dropFirst(count)
            }
        }

        private func report(_ made: LiteLLMImport, _ applied: [String]) -> [UInt8] {
            func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string(Array($0.utf8)) }) }
            let notes = made.notes.map { note in
                JSONValue.object([
                    JSONValue.Member("kind", note.kind.rawValue),
                    JSONValue.Member("line", .integer(Int64(note.line))),
                    JSONValue.Member("column", .integer(Int64(note.column))), JSONValue.Member("path", note.path),
                    JSONValue.Member("message", note.message),
                ])
            }
            var members = [
                JSONValue.Member("file", self.file), JSONValue.Member("notes", .array(notes)),
                JSONValue.Member("providers", list(made.providers)), JSONValue.Member("models", list(made.models)),
                JSONValue.Member("variables", list(made.variables)),
            ]
            if self.apply {
                members.append(JSONValue.Member("made", list(applied)))
            } else if let output {
                members.append(JSONValue.Member("output", output))
            } else {
                members.append(JSONValue.Member("configuration", made.yaml))
            }
            var writer = JSONWriter()
            writer.value(.object(members))
            return writer.bytes
        }
    }
}
