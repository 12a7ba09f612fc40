import Administration
import Configuration
import Domain
import EventLog
import Synchronization

/// Sees to the first key and the first token where the start could not, as the server of the control database was away: when it comes, they are
/// made as at a start without a terminal, in their files.
///
/// Called on the desk's threads; the first that reaches the database does it. Only the holder of the instance file's lock may use this.
final class LateStart: Sendable {
    private let configuration: GatewayConfiguration
    private let stateDirectory: String
    private let log: Log
    private let isDone: Mutex<Bool>

    init(_ configuration: GatewayConfiguration, stateDirectory: String, log: Log, isDone: Bool) {
        self.configuration = configuration
        self.stateDirectory = stateDirectory
        self.log = log
        self.isDone = Mutex(isDone)
    }

    /// Makes what is missing, once. Throws where that does not succeed: a later call tries again.
    func finish(_ store: AdministrationStore) throws(StartFailure) {
        let failure: StartFailure? = self.isDone.withLock { isDone in
            guard !isDone else { return nil }
            do throws(StartFailure) {
                try self.prepare(store)
                isDone = true
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private func prepare(_ store: AdministrationStore) throws(StartFailure) {
        let directory = try StateDirectory(path: self.stateDirectory)
        let key = try FirstKey.prepare(self.configuration, in: directory, store: store, onTerminal: false)
        let token = try FirstToken.prepare(in: directory, store: store, onTerminal: false)
        if case .file(let path) = key { self.log.info("the first key is in a file", ["file": .string(path)]) }
        if case .file(let path) = token { self.log.info("the owner's token is in a file", ["file": .string(path)]) }
    }
}
