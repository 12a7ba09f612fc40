public import EventLog

/// Where organizations, projects and keys are kept: opens a store over them on whichever thread asks. All stores of a process come from one
/// source, as the identity table has one writer.
public struct AdministrationSource: Sendable {
    /// The folder of the files, and of the usage database.
    public let stateDirectory: String
    /// Brings changes into the identity table.
    public let identity: IdentityFollower

    /// How many stores can work at the same time: SQLite has one writer.
    public var threads: Int { 1 }

    /// Opens nothing yet.
    public init(stateDirectory: String) {
        self.stateDirectory = stateDirectory
        self.identity = IdentityFollower(stateDirectory: stateDirectory)
    }

    /// A store for the calling thread, with a connection of its own.
    ///
    /// Throws one line that names the file (and the byte, where known) for a file that cannot be used, which is left as it is.
    public func open() throws(StartFailure) -> AdministrationStore {
        try AdministrationStore(stateDirectory: self.stateDirectory, identity: self.identity)
    }
}
