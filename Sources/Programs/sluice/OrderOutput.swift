import ArgumentParser
import Domain
import JSON

/// What `sluice reload` and the like say at their end, and the status they end with.
enum OrderOutput {
    /// EX_TEMPFAIL of sysexits.h: it goes on, but nobody has waited for its end.
    static let timedOut = ExitCode(75)

    /// Gives the order and waits as asked; throws the exit status unless it is 0.
    static func carryOut(
        _ kind: OrderKind, _ option: GatewayOption, waitsFor limit: Double?, json: Bool
    ) throws {
        let gateway = RunningGateway(stateDirectory: try option.folder())
        do throws(RunningGateway.Failure) {
            var order = GatewayOrder(kind, to: gateway)
            try order.give()
            let state = try limit.map { (limit) throws(RunningGateway.Failure) in try order.wait(limit) } ?? .asked
            if json { self.write(order, state) }
            try self.finish(kind, state, waited: limit, json: json)
        } catch {
            self.say(error)
            throw ExitCode(error.exitCode)
        }
    }

    static func say(_ failure: RunningGateway.Failure) {
        StandardStream.error.write("sluice: \(failure.message)\n")
    }

    private static func finish(
        _ kind: OrderKind, _ state: GatewayOrder.State, waited limit: Double?, json: Bool
    ) throws(RunningGateway.Failure) {
        switch state {
        case .done(let message):
            guard !json else { return }
            StandardStream.output.write("\(kind.label) done\(message.isEmpty ? "" : ": \(self.lines(message)[0])")\n")
            for line in self.lines(message).dropFirst() { StandardStream.output.write("\(line)\n") }
        case .failed(let message):
            for line in self.lines(message) { StandardStream.error.write("\(line)\n") }
            // What of an upgrade has been done when the gateway stops in it is not taken back.
            let consequence = kind == .reload ? ": nothing has changed" : ""
            throw RunningGateway.Failure(message: "\(kind.label) failed\(consequence)", exitCode: 1)
        case .asked, .running:
            if let limit {
                throw RunningGateway.Failure(
                    message: "\(kind.label) is not done after \(Int(limit)) s; it goes on"
                        + (state.message.isEmpty ? "" : " (\(self.lines(state.message)[0]))"),
                    exitCode: self.timedOut.rawValue)
            }
            if !json { StandardStream.output.write("the gateway was asked to \(kind.label)\n") }
        }
    }

    private static func write(_ order: GatewayOrder, _ state: GatewayOrder.State) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("token")
        writer.string(FingerprintText.text(order.token))
        writer.key("kind")
        writer.string(order.kind.label)
        writer.key("state")
        writer.string(state.label)
        writer.key("message")
        writer.string(state.message)
        writer.endObject()
        AdministrationOutput.write(json: writer.bytes)
    }

    /// Of a message, at least one, for a terminal.
    private static func lines(_ message: String) -> [String] {
        message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { AdministrationOutput.printable(Array($0.utf8)) }
    }
}
