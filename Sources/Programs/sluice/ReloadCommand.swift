import ArgumentParser
import Domain

/// `sluice reload`: puts the configuration file in force as it is now.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Put the configuration file in force as it is now, without a request lost.",
        discussion: """
            The same as the signal HUP. A file with problems changes nothing; each problem is a line on the standard error. \
            Requests that run go on as they were begun. Certificates are read anew, too.

            Exit status: 0 in force (with --no-wait: asked), 1 refused, 2 wrong usage, 69 no gateway is running or none \
            answers, 75 not done in time.
            """)

    @OptionGroup var gateway: GatewayOption
    @Flag(inversion: .prefixedNo, help: "Wait until it is in force or refused.")
    var wait = true
    @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
    var timeout = WaitLimit(seconds: 60)
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try OrderOutput.carryOut(
            .reload, self.gateway, waitsFor: self.wait ? self.timeout.seconds : nil, json: self.json)
    }
}
