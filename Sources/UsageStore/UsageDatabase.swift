public import Database

/// Where the usage database is, and how it is opened.
public enum UsageDatabase: Hashable, Sendable {
    /// SQLite's file.
    case file(path: String)

    /// The one of the gateway with this state folder, where nothing else was said.
    public static func file(stateDirectory: String) -> UsageDatabase {
        .file(path: UsageSchema.path(stateDirectory: stateDirectory))
    }

    /// Whether it takes no longer than a disk does.
    public var isLocal: Bool {
        switch self {
        case .file: true
        }
    }

    /// Opens it for the aggregator, which brings it to this version's schema.
    public func writer() throws(DatabaseError) -> any UsageSink {
        switch self {
        case .file(let path): try UsageWriter(path: path)
        }
    }

    /// Opens it for questions.
    public func reader() throws(DatabaseError) -> UsageReader {
        switch self {
        case .file(let path): try UsageReader(path: path)
        }
    }
}
