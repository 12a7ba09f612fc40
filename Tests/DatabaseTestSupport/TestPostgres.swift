public import Database
public import Domain
import Glibc

/// A fresh database of the server that `SLUICE_TEST_POSTGRES` names, dropped at the end.
///
/// Tests that need one are marked `.enabled(if: TestPostgres.isPresent, TestPostgres.advice)`.
public final class TestPostgres: Sendable {
    /// The server's URL; `scripts/test` starts one.
    public static let url: String? = unsafe getenv("SLUICE_TEST_POSTGRES").map { unsafe String(cString: $0) }
    public static let isPresent = url != nil
    /// What is said where there is none.
    public static let advice: String = "no server: run scripts/test, or Tests/Harness/postgres.py -- swift test …"

    private let number: UInt64
    private let server: PostgresAddress
    public let address: PostgresAddress

    public init() throws {
        self.server = try PostgresAddress(url: Array((Self.url ?? "").utf8))
        self.number = UInt64.random(in: 1 ... .max)
        var address = self.server
        address.database = "sluice_unit_\(self.number)"
        self.address = address
        try Self.administration(self.server).execute("CREATE DATABASE sluice_unit_\(self.number)")
    }

    deinit {
        try? Self.administration(self.server).execute("DROP DATABASE sluice_unit_\(self.number) WITH (FORCE)")
    }

    /// How the database is used in a test; change what the test is about.
    public func options(schema: SQL = "sluice_test") -> PostgresOptions {
        PostgresOptions(address: self.address, schema: schema, applicationName: "sluice-test")
    }

    /// A connection for whatever the test does from outside.
    public func connection(migrations: [Migration] = []) -> PostgresConnection {
        PostgresConnection(self.options(), migrations: migrations)
    }

    private static func administration(_ server: PostgresAddress) -> PostgresConnection {
        // Making a database takes long on a busy machine.
        PostgresConnection(
            PostgresOptions(address: server, schema: "public", statementTimeout: 120_000, lockTimeout: 120_000))
    }
}
