public import Domain

/// How a PostgreSQL database is used.
public struct PostgresOptions: Sendable {
    /// What transactions see of others.
    public enum Isolation: Sendable {
        /// As if they ran one after the other: some are run again.
        case serializable
        /// Each statement sees what was committed before it.
        case readCommitted
    }

    public var address: PostgresAddress
    /// The schema that tables are looked for and made in; made by the first migration.
    public var schema: SQL
    /// What the server's administrator sees.
    public var applicationName: String
    public var isolation: Isolation
    /// Milliseconds that a statement may take.
    public var statementTimeout: UInt32
    /// Milliseconds that a statement waits for a lock.
    public var lockTimeout: UInt32
    /// Milliseconds that a transaction may stand idle, before the server ends the session.
    public var idleTransactionTimeout: UInt32
    /// Milliseconds behind the statement timeout after which a server that says nothing is given up.
    public var grace: UInt32
    /// How often a transaction is begun that the server asks to run again.
    public var runs: Int

    public init(
        address: PostgresAddress, schema: SQL, applicationName: String = "sluice", isolation: Isolation = .serializable,
        statementTimeout: UInt32 = 5000, lockTimeout: UInt32 = 3000, idleTransactionTimeout: UInt32 = 10_000,
        grace: UInt32 = 2000, runs: Int = 12
    ) {
        self.address = address
        self.schema = schema
        self.applicationName = applicationName
        self.isolation = isolation
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.idleTransactionTimeout = idleTransactionTimeout
        self.grace = grace
        self.runs = runs
    }
}
