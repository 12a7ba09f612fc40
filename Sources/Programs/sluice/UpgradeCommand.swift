import ArgumentParser
import Domain

/// `sluice upgrade`: goes on with the programs that are on disk now.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Go on with the programs that are on disk now, without a request lost.",
        discussion: """
            The same as the signal USR2. New programs are started beside the old ones and take over when all of them can \
            work; the old ones end with the requests they have. Programs that cannot take over change nothing.

            Exit status: 0 the new programs have taken over (with --no-wait: asked), 1 they have not, 2 wrong usage, 69 no \
            gateway is running or none answers, 75 not done in time.
            """)

    @OptionGroup var gateway: GatewayOption
    @Flag(inversion: .prefixedNo, help: "Wait until the new programs have taken over or have failed.")
    var wait = true
    @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
    var timeout = WaitLimit(seconds: 120)
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try OrderOutput.carryOut(
            .upgrade, self.gateway, waitsFor: self.wait ? self.timeout.seconds : nil, json: self.json)
    }
}
