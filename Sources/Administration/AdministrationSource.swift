import Database
public import Domain
public import EventLog
import Synchronization

/// Where organizations, projects and keys are kept: opens a store over them on whichever thread asks. All stores of a process come from one
/// source, as the identity table has one writer.
public struct AdministrationSource: Sendable {
    /// The folder of the identity table, of control.db where there is no server, and of the usage database.
    public let stateDirectory: String
    /// The server where the control database is; nil for the file.
    public let server: PostgresAddress?
    /// What all stores seal with.
    public let vault: Vault
    /// Brings changes into the identity table.
    public let identity: IdentityFollower
    /// Stores over a file are opened one after the other: the first makes what is missing.
    private let opening = OpeningLock()

    /// How many stores can work at the same time: SQLite has one writer.
    public var threads: Int { self.server == nil ? 1 : 4 }
    /// Whether other hosts may change the database, which is to be watched then.
    public var isShared: Bool { self.server != nil }

    /// Opens nothing yet.
    public init(stateDirectory: String, server: PostgresAddress? = nil, vault: Vault) {
        self.stateDirectory = stateDirectory
        self.server = server
        self.vault = vault
        self.identity = IdentityFollower(stateDirectory: stateDirectory)
    }

    /// The same with the master key of this environment, or of the state folder. Throws where the key is none.
    public init(
        stateDirectory: String, server: PostgresAddress? = nil, environment: (_ name: String) -> String?
    ) throws(StartFailure) {
        let source = try MasterKeySource(stateDirectory: stateDirectory, environment: environment)
        do throws(VaultError) {
            self.init(stateDirectory: stateDirectory, server: server, vault: try Vault(source))
        } catch {
            throw error.startFailure
        }
    }

    /// A store for the calling thread, with a connection of its own.
    ///
    /// Throws one line that names the file (and the byte, where known) or the server for what cannot be used, which is left as it is. Its code is
    /// `ControlExitCode.databaseAway` where a later call can succeed.
    public func open() throws(StartFailure) -> AdministrationStore {
        // Of a server several hosts make what is missing at the same time anyway, and connecting can take long: nobody waits for another's.
        if let server { return try self.store(over: ControlDatabase.server(server)) }
        return try self.opening.locked { () throws(StartFailure) in
            try self.store(over: ControlDatabase.file(stateDirectory: self.stateDirectory))
        }
    }

    private func store(over connection: any DatabaseConnection) throws(StartFailure) -> AdministrationStore {
        try AdministrationStore(
            connection, stateDirectory: self.stateDirectory, vault: self.vault, identity: self.identity)
    }
}

/// One at a time.
private final class OpeningLock: Sendable {
    private let mutex = Mutex<Void>(())

    func locked<Value>(_ body: () throws(StartFailure) -> Value) throws(StartFailure) -> Value {
        // The value stays on the thread that made it: the lock guards nothing that could be reached through it.
        var result: Result<Value, StartFailure>?
        self.mutex.withLock { _ in
            do throws(StartFailure) { result = .success(try body()) } catch { result = .failure(error) }
        }
        guard let result else { throw StartFailure("nothing was opened") }
        return try result.get()
    }
}
