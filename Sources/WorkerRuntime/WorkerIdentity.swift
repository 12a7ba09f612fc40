public import Domain
import Glibc
public import EventLog
import Metrics
import Platform

/// Who this process is, and how it reaches the supervisor; may be handed to the thread of the event loop.
public struct WorkerIdentity: Sendable {
    public let arguments: WorkerArguments
    public let log: Log
    /// What of the hardening this process does not have.
    public let missing: Hardening
    let sender: PacketSender

    /// Identifies the program's build; the whole tree must agree.
    public static let build: [UInt8] = Array((ProgramHook.text("build-id") ?? SluiceVersion.current).utf8)

    /// The endpoint that answers the supervisor; to be called on the role's event loop, once. It ends the process when the
    /// conversation is over.
    public func makeEndpoint() -> ControlLineEndpoint {
        let machine = WorkerMachine(
            role: self.arguments.role, instance: self.arguments.instance, build: Self.build)
        let endpoint = ControlLineEndpoint(
            machine: machine, sender: self.sender, log: self.log, page: self.metricPage(), exit: { Glibc.exit($0) })
        endpoint.missing = self.missing
        return endpoint
    }

    /// Without one the process works as well, and what it counts is not seen.
    private func metricPage() -> MetricPage {
        guard let number = self.arguments.metricPage else { return MetricPage() }
        do throws(SystemError) {
            return try MetricPage(OwnedDescriptor(adopting: number))
        } catch {
            self.log.warning("metric page not usable", ["error": .string("\(error)")])
            return MetricPage()
        }
    }
}
