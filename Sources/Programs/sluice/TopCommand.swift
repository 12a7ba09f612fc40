import Administration
import ArgumentParser
import Glibc
import JSON
import Platform

/// `sluice top`: what is going on, again and again.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch what is going on: requests, streams, tokens, cost, the slowest, refusals.",
        discussion: """
            Sums are of the last minute and from the usage database, which has a request some tenths of a second after it has come; the \\
            second line says how old they are. Where there is no terminal, it prints once.

            q leaves.

            Exit status: 0 left or printed, 1 refused, 2 wrong usage, 69 no gateway is running or none answers.
            """)

    @OptionGroup var gateway: GatewayOption
    @Argument(help: "Seconds between two looks; 2 where it is left out.")
    var interval: Double?
    @Option(help: ArgumentHelp("What the sums are of: 1 to 600 seconds.", valueName: "seconds"))
    var last = 60
    @Flag(help: "Print once, without any control of the terminal.")
    var once = false
    @Flag(help: "Print once, as JSON: the body of GET /api/v1/activity.")
    var json = false

    /// One look: the answers, or why there are none.
    private struct Look {
        var activity: RunningGateway.Answer
        var status: JSONValue?
    }

    func validate() throws {
        guard self.interval.map({ (0.2...3600).contains($0) }) ?? true else {
            throw ValidationError("it looks every 0.2 to 3600 seconds")
        }
        guard (1...600).contains(self.last) else { throw ValidationError("--last needs 1 to 600 seconds") }
    }

    func run() throws {
        var gateway = RunningGateway(stateDirectory: try self.gateway.folder())
        guard !self.once, !self.json, TerminalScreen.isPossible else { return try self.print(gateway) }
        let interruption = try Interruption(others: [SIGWINCH, SIGTSTP])
        gateway.interruption = interruption
        // Whoever cannot be answered at all is told so before the screen is another.
        var newest = try self.look(patiently: gateway)
        var looked = Clocks.monotonicNanoseconds()
        let screen = TerminalScreen()
        guard screen.enter() else { return try self.print(gateway) }
        defer { screen.leave() }
        let paint = Paint(isOn: Paint.isWanted)
        var problem: String?
        while !interruption.hasCome {
            let age = Int64((Clocks.monotonicNanoseconds() &- looked) / 1_000_000)
            let size = screen.size
            let view = TopView(
                activity: newest.activity.value, status: newest.status, paint: paint, age: age, problem: problem)
            screen.draw(view.lines(columns: size.columns, rows: size.rows))
            switch self.wait(screen, interruption) {
            case .leave: return
            case .draw: continue
            case .look: break
            }
            let answer = gateway.ask(.get, "activity", self.query)
            guard !interruption.hasCome else { return }
            if let answer, answer.status == 200 {
                newest = Look(activity: answer, status: gateway.ask(.get, "status")?.shown)
                looked = Clocks.monotonicNanoseconds()
                problem = nil
            } else {
                problem = answer?.message ?? "control does not answer"
            }
        }
    }

    private enum Next { case look, draw, leave }

    /// Waits for the time of the next look, for a key, or for another size of the screen.
    private func wait(_ screen: TerminalScreen, _ interruption: Interruption) -> Next {
        let isReadable = interruption.waits(
            for: 0, Int16(POLLIN), milliseconds: Int32((self.interval ?? 2) * 1000), endsForOthers: true)
        if interruption.hasCome { return .leave }
        let signals = interruption.takeOthers()
        if signals.contains(SIGTSTP) {
            screen.leave()
            raise(SIGSTOP)
            return screen.enter() ? .look : .leave
        }
        if !signals.isEmpty { return .draw }
        guard isReadable else { return .look }
        guard let keys = screen.keys() else { return .leave }
        return keys.contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") } ? .leave : .look
    }

    private func print(_ gateway: RunningGateway) throws {
        let look = try self.look(patiently: gateway)
        if self.json { return AdministrationOutput.write(json: look.activity.text) }
        let view = TopView(activity: look.activity.value, status: look.status, paint: Paint(isOn: false))
        StandardStream.output.write(view.lines().joined(separator: "\n") + "\n")
    }

    private var query: [JSONValue.Member] { [JSONValue.Member("seconds", .integer(Int64(self.last)))] }

    /// Throws where there is none.
    private func look(patiently gateway: RunningGateway) throws -> Look {
        do throws(RunningGateway.Failure) {
            guard let answer = try gateway.askPatiently(.get, "activity", self.query) else {
                throw RunningGateway.Failure(
                    message: "a gateway is running with the state directory \(gateway.stateDirectory), but its control "
                        + "does not answer", exitCode: AdministrationClient.unavailable)
            }
            guard answer.status == 200 else {
                throw RunningGateway.Failure(
                    message: answer.message, exitCode: answer.status >= 500 ? AdministrationClient.unavailable : 1)
            }
            return Look(activity: answer, status: gateway.ask(.get, "status")?.shown)
        } catch {
            OrderOutput.say(error)
            throw ExitCode(error.exitCode)
        }
    }
}

extension RunningGateway.Answer {
    /// The body of a success.
    fileprivate var shown: JSONValue? { self.status == 200 ? self.value : nil }
}
