import Administration
import ArgumentParser
import Foundation
import JSON

/// `sluice rotate-master-key`: another key for what is sealed.
struct RotateMasterKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-master-key",
        abstract: "Seal everything with a new master key.",
        discussion: """
            Credentials of providers, digests of client keys and kept replies are sealed anew in one transaction. Without \
            SLUICE_MASTER_KEY the new key is made and kept in the state folder (control/master_key). With it, the new one is \
            taken from SLUICE_NEW_MASTER_KEY, which the gateway (or, while it is stopped, this command) needs in its \
            environment beside the old one; afterwards it becomes SLUICE_MASTER_KEY, before the next start but one.

            A crash at any point leaves a gateway that starts. All hosts of one PostgreSQL need the same key: give all of them \
            both variables, start them anew, and run this on one.

            A running gateway is asked over its socket; while it is stopped the same is done to its files directly.

            Exit status: 0 done, 1 refused, 2 wrong usage, 69 a gateway runs but does not answer (or could not store the \
            change), 70 to 79 files or configuration that cannot be used.
            """)

    @OptionGroup var option: ConfigurationOption
    @Flag(help: "Print JSON: keys, providers, replies, dropped, master_key, set_variable.")
    var json = false

    private static let path = ["master-key", "rotate"]
    /// Seconds: a million keys take about one minute.
    private static let patience = 600

    func run() throws {
        StandardStream.error.write("sealing everything with a new master key …\n")
        let answer = try AdministrationOutput.body(of: self.option, .post, Self.path, patience: Self.patience)
        if case .bool(true)? = answer.value["others_write"] {
            // Whoever sealed something before and writes it after has had time to notice.
            Thread.sleep(forTimeInterval: 3)
            _ = try AdministrationOutput.body(
                of: self.option, .post, Self.path, [JSONValue.Member("stragglers", .bool(true))],
                patience: Self.patience)
        }
        guard !self.json else { return AdministrationOutput.write(json: answer.text) }
        let cell = AdministrationOutput.cell
        StandardStream.output.write(
            """
            sealed anew: \(cell(answer.value["keys"])) keys, \(cell(answer.value["providers"])) providers, \
            \(cell(answer.value["replies"])) kept replies
            the master key is in \(cell(answer.value["master_key"]))

            """)
        if case .bool(true)? = answer.value["set_variable"] {
            StandardStream.output.write(
                "now set \(MasterKeySource.variable) to it, on all hosts, and take \(MasterKeySource.nextVariable) away\n"
            )
        }
    }
}
