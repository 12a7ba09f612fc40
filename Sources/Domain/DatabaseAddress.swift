/// Where a database is: a file of SQLite, or one of a PostgreSQL server.
public enum DatabaseAddress: Hashable, Sendable, CustomStringConvertible {
    case sqlite(path: String)
    case postgres(PostgresAddress)

    /// A path, or host, port and database; never a password.
    public var description: String {
        switch self {
        case .sqlite(let path): path
        case .postgres(let address): address.description
        }
    }
}
