public import EventLog
import Synchronization

/// Where organizations, projects and keys are kept: opens a store over them on whichever thread asks. All stores of a process come from one
/// source, as the identity table has one writer.
public struct AdministrationSource: Sendable {
    /// The folder of the files, and of the usage database.
    public let stateDirectory: String
    /// Brings changes into the identity table.
    public let identity: IdentityFollower

    /// How many stores can work at the same time: SQLite has one writer.
    public var threads: Int { 1 }

    /// What all stores seal with.
    public let vault: Vault
    /// Stores are opened one after the other: the first makes what is missing.
    private let opening = OpeningLock()

    /// Opens nothing yet.
    public init(stateDirectory: String, vault: Vault) {
        self.stateDirectory = stateDirectory
        self.vault = vault
        self.identity = IdentityFollower(stateDirectory: stateDirectory)
    }

    /// A store for the calling thread, with a connection of its own.
    ///
    /// Throws one line that names the file (and the byte, where known) for a file that cannot be used, which is left as it is.
    public func open() throws(StartFailure) -> AdministrationStore {
        try self.opening.locked { () throws(StartFailure) in
            try AdministrationStore(
                ControlDatabase.file(stateDirectory: self.stateDirectory), stateDirectory: self.stateDirectory,
                vault: self.vault, identity: self.identity)
        }
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
