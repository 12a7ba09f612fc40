public import Database
public import Domain

/// Where the usage database is, and how it is opened.
public struct UsageDatabase: Hashable, Sendable {
    /// Milliseconds of a lock or a statement of the aggregator: it waits on a thread of its own, and what is refused is tried again.
    private static let patience: UInt32 = 20_000

    private let address: DatabaseAddress
    /// Of the gateway whose journals are read.
    private let host: UInt32

    public init(_ address: DatabaseAddress, host: UInt32 = 0) {
        self.address = address
        self.host = host
    }

    /// The one of the gateway with this state folder, where nothing else was said.
    public static func file(stateDirectory: String) -> UsageDatabase {
        UsageDatabase(.sqlite(path: UsageSchema.path(stateDirectory: stateDirectory)))
    }

    /// The file; nil for a server.
    public var path: String? {
        if case .sqlite(let path) = self.address { path } else { nil }
    }

    /// Opens it for the aggregator, which brings it to this version's schema.
    public func writer() throws(DatabaseError) -> any UsageSink {
        switch self.address {
        case .sqlite(let path): try UsageWriter(path: path)
        case .postgres(let address):
            try PostgresUsageWriter(Self.options(address, "sluice-aggregator", Self.patience), host: self.host)
        }
    }

    /// Opens it for questions.
    public func reader() throws(DatabaseError) -> UsageReader {
        switch self.address {
        case .sqlite(let path): return try UsageReader(path: path)
        case .postgres(let address):
            let connection = PostgresConnection(
                Self.options(address, "sluice-usage", 5000), migrations: UsageSchema.postgresMigrations)
            try connection.open()
            return UsageReader(connection)
        }
    }

    private static func options(_ address: PostgresAddress, _ name: String, _ patience: UInt32) -> PostgresOptions {
        // Whoever comes first to a row decides; a second look at it is taken by the statement itself.
        PostgresOptions(
            address: address, schema: UsageSchema.postgresSchema, applicationName: name, isolation: .readCommitted,
            statementTimeout: patience, lockTimeout: patience)
    }
}
