import Administration
import Configuration
import Domain
import Foundation
import JSON
import EventLog

/// Sends requests of the administration to the gateway of a configuration: over its socket, or, while it is stopped, to the
/// same handlers in this process, under the gateway's own lock.
struct AdministrationClient {
    /// Why no answer could be had.
    struct Failure: Error {
        let message: String
        let exitCode: Int32
    }

    /// EX_UNAVAILABLE of sysexits.h: a gateway runs, or something else is in the way, and there is no answer.
    static let unavailable: Int32 = 69
    /// Seconds a running gateway is waited for: its control may be starting again.
    private static let patience = 10.0

    /// Absolute.
    let stateDirectory: String
    /// Of the configuration, for when no gateway runs.
    private let limits: LimitSettings
    private let server: PostgresAddress?
    /// Where usage is; nil for the file in the state folder.
    private let usage: DatabaseAddress?

    /// The client for the gateway of the configuration in `file`, or of the environment.
    init(configurationFile file: String?) throws(Failure) {
        let environment = ProcessInfo.processInfo.environment
        let result: ConfigurationResult
        if let file {
            do throws(BoundedFile.Failure) {
                let bytes = try BoundedFile.read(path: file, limit: ConfigurationLoader.fileLimit)
                result = ConfigurationLoader.load(
                    bytes: bytes, file: file, environment: environment, readFile: BoundedFile.read)
            } catch {
                throw Failure(message: "\(file): the file cannot be read: \(error.reason)", exitCode: 78)
            }
        } else {
            result = ConfigurationLoader.fromEnvironment(environment: environment)
        }
        guard let configuration = result.configuration else {
            throw Failure(message: ConfigurationReport(result.problems).text, exitCode: 78)
        }
        self.stateDirectory = AbsolutePath.resolve(
            configuration.stateDirectory, in: FileManager.default.currentDirectoryPath)
        self.server = configuration.database.control
        let now = Int64(Date().timeIntervalSince1970)
        self.limits = configuration.limitSettings(
            timeZone: ZoneRules.make(configuration.timeZone, around: now) ?? .utc)
        self.usage = configuration.database.usage.map { .postgres($0) }
    }

    /// The answer to one request; `path` is what follows `/api/v1/`, by segments. `patience` is how many seconds each step may take.
    func send(
        method: AdministrationRequest.Method, path: [String], body: [JSONValue.Member] = [], patience: Int = 30
    ) throws(Failure) -> AdministrationReply {
        let request = AdministrationRequest(method: method, path: path, body: body)
        guard let frame = AdministrationFrame.encode(request.encoded) else {
            throw Failure(message: "the request is too large", exitCode: 1)
        }
        let deadline = ProcessInfo.processInfo.systemUptime + Self.patience
        while true {
            do throws(ControlSocket.BrokenOff) {
                let socket = ControlSocket(stateDirectory: self.stateDirectory, patience: patience)
                if let reply = try socket.exchange(frame) { return reply }
            } catch {
                throw Self.brokenOff
            }
            // Nobody listens: either nobody runs, or control is just being started again.
            if let reply = try self.answerOffline(request) { return reply }
            guard ProcessInfo.processInfo.systemUptime < deadline else {
                throw Failure(
                    message:
                        "a gateway is running with the state directory \(self.stateDirectory), but its control does "
                        + "not answer on run/control.sock",
                    exitCode: Self.unavailable)
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    private static let brokenOff = Failure(
        message: "the gateway has broken off before it answered; whether the request was carried out is not known",
        exitCode: unavailable)

    /// Throws where no gateway runs: what is asked next only a gateway that runs can answer.
    func requireRunning() throws(Failure) {
        let isRunning: Bool
        do throws(StartFailure) {
            isRunning = try InstanceFile.isLocked(stateDirectory: self.stateDirectory)
        } catch {
            throw Failure(message: error.message, exitCode: Self.unavailable)
        }
        guard isRunning else {
            throw Failure(
                message: "no gateway is running with the state directory \(self.stateDirectory)",
                exitCode: Self.unavailable)
        }
    }

    // MARK: Offline

    /// The answer of this process; nil while somebody else has the gateway's lock.
    private func answerOffline(_ request: AdministrationRequest) throws(Failure) -> AdministrationReply? {
        do throws(StartFailure) {
            // Not before nobody has answered: what is done next is for good.
            try StateOwnership.becomeOwner(of: self.stateDirectory)
            let directory = try StateDirectory(path: self.stateDirectory)
            let lock = try InstanceFile.lock(in: directory) { (count) throws(StartFailure) in
                (0..<count).map { _ in UInt8.random(in: .min ... .max) }
            }
            try directory.takeOverFormerLayout()
            let environment = ProcessInfo.processInfo.environment
            let keys = try MasterKeySource(stateDirectory: directory.path) { environment[$0] }
            let store = try AdministrationSource(
                stateDirectory: directory.path, server: self.server, vault: try Self.vault(keys)
            ).open()
            let reply = AdministrationService(store: store, limits: self.limits, usage: self.usage).reply(to: request)
            // Held until the answer is there.
            _ = consume lock
            return reply
        } catch {
            guard error.code != ControlExitCode.stateInUse else { return nil }
            throw Failure(message: error.message, exitCode: error.code)
        }
    }

    private static func vault(_ keys: MasterKeySource) throws(StartFailure) -> Vault {
        do throws(VaultError) {
            return try Vault(keys)
        } catch {
            throw error.startFailure
        }
    }
}
