import ArgumentParser

/// `sluice serve`: becomes the supervisor.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway in the foreground.",
        discussion: """
            This process becomes the supervisor: its pid is the gateway's. TERM ends it after running requests have had \
            time to finish, INT at once. It logs one JSON line per event to the standard error; the message "ready" \
            says that requests are served.

            Exit status 0 after TERM or INT, 70 to 79 when it cannot start, with one line that says why.
            """)

    @OptionGroup var option: ConfigurationOption

    func run() throws {
        do throws(SupervisorLaunch.Failure) {
            try SupervisorLaunch.exec(configurationFile: self.option.chosenFile)
        } catch {
            StandardStream.error.write("sluice: \(error.message)\n")
            throw ExitCode.cannotStart
        }
    }
}
