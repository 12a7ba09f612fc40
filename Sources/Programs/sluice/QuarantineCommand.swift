import Administration
import ArgumentParser
import JSON

/// `sluice quarantine`: requests that are refused because they killed workers.
struct QuarantineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Show and release requests that are refused because they killed workers.",
        discussion: """
            A request that was in flight when two workers died by a fault of their own within ten minutes is refused with \
            503 request_quarantined for ten minutes; all other requests are served.
            """,
        subcommands: [List.self, Clear.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the fingerprints of refused requests.")

        @OptionGroup var option: ConfigurationOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let (text, value) = try AdministrationOutput.body(of: self.option, .get, ["quarantine"])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            let entries = value["data"]?.array ?? []
            guard !entries.isEmpty else { return StandardStream.output.write("no request is in quarantine\n") }
            let cell = AdministrationOutput.cell
            AdministrationOutput.write(
                table: entries.map { [cell($0["fingerprint"]), cell($0["seconds_left"])] },
                head: ["FINGERPRINT", "SECONDS LEFT"])
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let requests of a fingerprint through again.")

        @OptionGroup var option: ConfigurationOption
        @Argument(help: "The 16 digits that `sluice quarantine list` shows.")
        var fingerprint: String
        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            guard self.fingerprint.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
                throw ValidationError("a fingerprint has 16 hexadecimal digits")
            }
            let (text, _) = try AdministrationOutput.body(of: self.option, .delete, ["quarantine", self.fingerprint])
            guard !self.json else { return AdministrationOutput.write(json: text) }
            StandardStream.output.write("released \(self.fingerprint)\n")
        }
    }
}
