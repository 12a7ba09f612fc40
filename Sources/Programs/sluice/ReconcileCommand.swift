import Administration
import ArgumentParser
import Configuration
import Reconciliation

/// `sluice reconcile`: what a provider says was used, beside what Sluice knows.
struct ReconcileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare a provider's export of usage with Sluice's own, by day, model and token class.",
        discussion: """
            Reads OpenAI's and Anthropic's exports: the JSON of their usage APIs (pages in an array, or one after the other) and the CSV \
            of their usage pages. Days are those of UTC. Compared are the provider calls that the provider takes money for.

              sluice reconcile usage.json
              sluice reconcile claude.csv --provider claude --all
              sluice reconcile usage.csv --from 2026-11-01 --to 2026-11-30 --tolerance 0.1%
              sluice reconcile usage.json --model gpt-4o=gpt-4o-2024-08-06 --json

            Exit status: 0 every number is within the tolerance, 1 some are not, 2 wrong usage, or a file that cannot be used, 69 a \
            gateway runs but does not answer, 70 to 79 files or configuration that cannot be used.
            """)

    @OptionGroup var option: ConfigurationOption
    @Argument(help: ArgumentHelp("The provider's export; - for the standard input.", valueName: "file"))
    var file: String
    @Option(
        help: ArgumentHelp(
            "The provider in Sluice that the file is of; again for each where it is of several. Else the only one that speaks its dialect.",
            valueName: "name"))
    var provider: [String] = []
    @Option(
        help: ArgumentHelp(
            "\(ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")). Else by what the file looks like.",
            valueName: "format"))
    var format: String?
    @Option(help: "The first day that is compared, such as 2026-11-01. Else the first of the file.")
    var from: String?
    @Option(help: "The last day that is compared. Else the last of the file.")
    var to: String?
    @Option(
        help: "How far two numbers may be apart: tokens, such as 100, or a share of the export's number, such as 0.5%.")
    var tolerance: String = "0"
    @Option(
        help: ArgumentHelp(
            "A model as it is sent, and what the export calls it; again for each. Else the same name, or the one that only has a date more.",
            valueName: "sent=name"))
    var model: [String] = []
    @Flag(help: "Also compare how many calls and searches there were, as far as the file says it.")
    var counts = false
    @Flag(help: "Also print the numbers that agree.")
    var all = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard Tolerance(self.tolerance) != nil else {
            throw ValidationError("--tolerance needs a number of tokens, or a share such as 0.5%")
        }
        if let format, ExportFormat(rawValue: format) == nil {
            throw ValidationError(
                "there is no format '\(format)': \(ExportFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        for (name, text) in [("--from", self.from), ("--to", self.to)] {
            guard text.map({ Self.day($0) != nil }) ?? true else {
                throw ValidationError("\(name) needs a day such as 2026-11-22")
            }
        }
        _ = try self.givenNames
    }

    func run() throws {
        let export = try self.export()
        guard let known = export.period else { throw self.unusable("there are no days in it") }
        let first = self.from.flatMap(Self.day) ?? known.lowerBound
        let last = self.to.flatMap(Self.day) ?? known.upperBound
        guard first <= last, (first...last).overlaps(known) else {
            throw self.unusable(
                "it is of \(Self.text(known.lowerBound)) to \(Self.text(known.upperBound)), and nothing of that was asked for"
            )
        }
        let usage = CallUsage(option: self.option, vendor: export.format.vendor)
        let providers = self.provider.isEmpty ? [try usage.onlyProvider()] : self.provider
        let found = try usage.read(days: first...last, of: providers)
        if let removed = found.removedBefore {
            throw self.unusable(
                "requests from before \(removed) were removed here, so earlier days cannot be compared: --from says where to begin"
            )
        }
        try usage.requireConfigured(found.silent)
        let result = Reconciliation(
            export, found.usage, period: first...last, given: try self.givenNames,
            tolerance: Tolerance(self.tolerance) ?? .tokens(0), countsToo: self.counts)
        let view = ReconcileView(
            export: export, result: result, usage: found.usage, providers: providers, silent: found.silent,
            period: first...last,
            tolerance: self.tolerance, today: Int64((PastTime.milliseconds("today") ?? 0) / 86_400_000))
        if self.json { AdministrationOutput.write(json: view.json) } else { view.write(all: self.all) }
        if !result.isWithin { throw ExitCode(1) }
    }

    /// Reads the file; says everything that is wrong with it, and ends the program.
    private func export() throws -> ProviderExport {
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.read(
                path: self.file == "-" ? "/dev/stdin" : self.file, limit: ExportReader.maximumBytes)
        } catch {
            throw self.unusable("the file cannot be read: \(error.reason)")
        }
        do throws(ExportFailure) {
            return try ExportReader.read(bytes, as: self.format.flatMap { ExportFormat(rawValue: $0) })
        } catch {
            let name = AdministrationOutput.printable(Array(self.file.utf8))
            for problem in error.problems {
                StandardStream.error.write("\(name):\(problem.line > 0 ? "" : " ")\(problem)\n")
            }
            if error.more > 0 { StandardStream.error.write("\(name): and \(error.more) more problems\n") }
            throw ExitCode(2)
        }
    }

    private func unusable(_ reason: String) -> ExitCode {
        StandardStream.error.write("sluice: \(AdministrationOutput.printable(Array(self.file.utf8))): \(reason)\n")
        return ExitCode(2)
    }

    private var givenNames: [[UInt8]: [UInt8]] {
        get throws {
            var names: [[UInt8]: [UInt8]] = [:]
            for text in self.model {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                    throw ValidationError("--model needs two names, such as gpt-4o=gpt-4o-2024-08-06")
                }
                guard names.updateValue(Array(parts[1].utf8), forKey: Array(parts[0].utf8)) == nil else {
                    throw ValidationError("--model says two things of \(parts[0])")
                }
            }
            return names
        }
    }

    /// Days since 1970.
    static func day(_ text: String) -> Int64? {
        guard text.utf8.count == 10, let milliseconds = TimeText.milliseconds(text) else { return nil }
        return Int64(milliseconds / 86_400_000)
    }

    static func text(_ day: Int64) -> String {
        String(TimeText.text(milliseconds: UInt64(max(0, day)) * 86_400_000).prefix(10))
    }
}
