import ArgumentParser
import Domain
import Foundation
import JSON

/// `sluice stop`: ends the gateway.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End the gateway; requests that run get drain_timeout.",
        discussion: """
            The same as the signal TERM, with --now as INT: no new connections, then what runs is waited for (not with \
            --now), and what is left ends with an error that says so.

            Exit status: 0 the gateway has ended (without --wait: it was asked), 2 wrong usage, 69 no gateway is running or \
            none answers, 75 it has not ended in time.
            """)

    @OptionGroup var gateway: GatewayOption
    @Flag(help: "Wait until the gateway has ended.")
    var wait = false
    @Flag(help: "Do not wait for requests that run.")
    var now = false
    @Option(help: ArgumentHelp("How long to wait; without it, until the end.", valueName: "time"))
    var timeout: WaitLimit?
    @Flag(help: "Print JSON.")
    var json = false

    mutating func validate() throws {
        guard self.timeout == nil || self.wait else { throw ValidationError("--timeout is for --wait") }
    }

    func run() throws {
        let gateway = RunningGateway(stateDirectory: try self.gateway.folder())
        do throws(RunningGateway.Failure) {
            var order = GatewayOrder(self.now ? .stopNow : .stop, to: gateway)
            try order.give()
            if self.wait { try self.waitForTheEnd(of: gateway, order) }
        } catch {
            OrderOutput.say(error)
            throw ExitCode(error.exitCode)
        }
        guard self.json else {
            return StandardStream.output.write(self.wait ? "stopped\n" : "the gateway was asked to stop\n")
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("state")
        writer.string(self.wait ? "stopped" : "asked")
        writer.endObject()
        AdministrationOutput.write(json: writer.bytes)
    }

    /// Its last process lets the lock go.
    private func waitForTheEnd(of gateway: RunningGateway, _ order: GatewayOrder) throws(RunningGateway.Failure) {
        while try gateway.isRunning() {
            if let limit = self.timeout?.seconds, order.age >= limit {
                throw RunningGateway.Failure(
                    message: "the gateway has not ended after \(Int(limit)) s; it goes on to",
                    exitCode: OrderOutput.timedOut.rawValue)
            }
            Thread.sleep(forTimeInterval: 0.03)
        }
    }
}
