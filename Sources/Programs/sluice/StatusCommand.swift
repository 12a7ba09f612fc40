import Administration
import ArgumentParser
import Foundation
import Glibc
import JSON

/// `sluice status`: how the gateway is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the gateway is: its processes, what was asked of it last, what is missing.",
        discussion: """
            Exit status: 0 ready, 1 starting, degraded or stopping, 2 wrong usage, 69 no gateway is running or none answers.
            """)

    @OptionGroup var gateway: GatewayOption
    @Flag(help: "Print JSON: one object, in one line.")
    var json = false
    @Flag(help: "Show it again and again, until interrupted.")
    var watch = false
    @Argument(help: "Seconds between two looks of --watch; 2 where it is left out.")
    var seconds: Double?

    mutating func validate() throws {
        guard self.seconds == nil || self.watch else { throw ValidationError("seconds are for --watch") }
        if let seconds, !(0.1...3600).contains(seconds) {
            throw ValidationError("--watch looks every 0.1 to 3600 seconds")
        }
    }

    func run() throws {
        let gateway = RunningGateway(stateDirectory: try self.gateway.folder())
        let paint = Paint(isOn: Paint.isWanted)
        guard self.watch else { return try self.look(gateway, paint) }
        let isTerminal = isatty(1) == 1 && !self.json
        while true {
            // Home, and nothing below: without the flicker of clearing first.
            if isTerminal { StandardStream.output.write("\u{1B}[H\u{1B}[J") }
            do {
                try self.look(gateway, paint)
            } catch is ExitCode {
                // The next look may find it otherwise.
            }
            if !isTerminal, !self.json { StandardStream.output.write("\n") }
            Thread.sleep(forTimeInterval: self.seconds ?? 2)
        }
    }

    /// Seconds that the usage database is waited for.
    private static let patience = 2

    /// The answer, with a member for what runs by a schedule: null where that is not known now.
    private static func text(_ answer: JSONValue, jobs: JSONValue?) -> [UInt8] {
        guard case .object(let members) = answer else { return [] }
        var writer = JSONWriter()
        writer.value(.object(members + [JSONValue.Member("jobs", jobs?["data"] ?? .null)]))
        return writer.bytes
    }

    private func look(_ gateway: RunningGateway, _ paint: Paint) throws {
        let answer: RunningGateway.Answer
        do throws(RunningGateway.Failure) {
            guard let found = try gateway.askPatiently(.get, "status") else {
                throw RunningGateway.Failure(
                    message: "a gateway is running with the state directory \(gateway.stateDirectory)"
                        + (gateway.supervisor.map { " (process \($0))" } ?? "") + ", but its control does not answer",
                    exitCode: AdministrationClient.unavailable)
            }
            answer = found
        } catch {
            OrderOutput.say(error)
            throw ExitCode(error.exitCode)
        }
        guard answer.status == 200 else {
            if self.json {
                AdministrationOutput.write(json: answer.text)
            } else {
                StandardStream.error.write("sluice: \(answer.message)\n")
            }
            throw ExitCode(1)
        }
        let jobs = gateway.ask(.get, "jobs", patience: Self.patience).flatMap { $0.status == 200 ? $0.value : nil }
        if self.json {
            AdministrationOutput.write(json: Self.text(answer.value, jobs: jobs))
        } else {
            StandardStream.output.write(StatusView(answer.value, jobs: jobs, paint: paint).text)
        }
        guard answer.value["state"]?.string == Array("ready".utf8) else { throw ExitCode(1) }
    }
}
