import Administration
import Domain
import EventLog
import Foundation
import Glibc
import JSON

/// A gateway that runs on this machine, as operators reach it: over its control's socket, or else by signals to its supervisor.
struct RunningGateway {
    /// Why nothing can be asked.
    struct Failure: Error {
        let message: String
        let exitCode: Int32
    }

    /// An answer of control.
    struct Answer {
        let status: Int
        let text: [UInt8]
        let value: JSONValue

        /// What a refusal says.
        var message: String {
            AdministrationOutput.printable(self.value["error"].flatMap { $0["message"]?.string } ?? [])
        }
    }

    /// Seconds that control, which may be starting again, is waited for.
    static let patience = 3.0
    /// As the kernel keeps it: 15 bytes.
    private static let supervisorName = "sluice-supervis"

    /// Absolute.
    let stateDirectory: String
    /// What ends the waiting for an answer.
    var interruption: Interruption?

    /// Whether somebody holds the gateway's lock.
    func isRunning() throws(Failure) -> Bool {
        do throws(StartFailure) {
            return try InstanceFile.isLocked(stateDirectory: self.stateDirectory)
        } catch {
            throw Failure(message: error.message, exitCode: AdministrationClient.unavailable)
        }
    }

    var notRunning: Failure {
        Failure(
            message: "no gateway is running with the state directory \(self.stateDirectory)",
            exitCode: AdministrationClient.unavailable)
    }

    /// One request; nil where control does not answer within `patience` seconds.
    func ask(
        _ method: AdministrationRequest.Method, _ path: String, _ body: [JSONValue.Member] = [], patience: Int = 5
    ) -> Answer? {
        let request = AdministrationRequest(method: method, path: [path], body: body)
        guard let frame = AdministrationFrame.encode(request.encoded),
            let reply = try? ControlSocket(
                stateDirectory: self.stateDirectory, patience: patience, interruption: self.interruption
            ).exchange(frame),
            let value = try? JSONReader().read(reply.body, maximumBytes: reply.body.count)
        else { return nil }
        return Answer(status: reply.status, text: reply.body, value: value)
    }

    /// The same for as long as control may be starting again; nil when it does not come. Throws where no gateway runs.
    func askPatiently(
        _ method: AdministrationRequest.Method, _ path: String, _ body: [JSONValue.Member] = []
    ) throws(Failure) -> Answer? {
        let deadline = ProcessInfo.processInfo.systemUptime + Self.patience
        while true {
            if let answer = self.ask(method, path, body) { return answer }
            guard self.interruption?.hasCome != true else { return nil }
            guard try self.isRunning() else { throw self.notRunning }
            guard ProcessInfo.processInfo.systemUptime < deadline else { return nil }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    /// The supervisor's process; nil where its file is missing, or names another program by now.
    var supervisor: pid_t? {
        guard let text = Self.contents("\(self.stateDirectory)/run/supervisor.pid"), let pid = pid_t(text), pid > 0,
            Self.contents("/proc/\(pid)/comm") == Self.supervisorName
        else { return nil }
        return pid
    }

    /// Asks by a signal what control cannot be asked.
    func signal(_ kind: OrderKind) throws(Failure) -> pid_t {
        guard let pid = self.supervisor else {
            throw Failure(
                message:
                    "a gateway is running with the state directory \(self.stateDirectory), but its control does not "
                    + "answer, and run/supervisor.pid names no supervisor",
                exitCode: AdministrationClient.unavailable)
        }
        guard kill(pid, Self.number(of: kind)) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw Failure(
                message: "the supervisor, process \(pid), cannot be sent a signal: \(reason)",
                exitCode: AdministrationClient.unavailable)
        }
        return pid
    }

    private static func number(of kind: OrderKind) -> Int32 {
        switch kind {
        case .reload, .refresh: SIGHUP
        case .upgrade: SIGUSR2
        case .stop: SIGTERM
        case .stopNow: SIGINT
        case .reopenLogs: SIGUSR1
        case .addEdge: SIGTTIN
        case .removeEdge: SIGTTOU
        }
    }

    /// The first line of a small file.
    private static func contents(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
