import Database
import DatabaseTestSupport
import Domain
import Testing

/// What tests of both databases run on.
enum Product: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, postgres

    var testDescription: String { self.rawValue }

    /// Those that there are here.
    static var present: [Product] { TestPostgres.isPresent ? [.sqlite, .postgres] : [.sqlite] }
}

/// One database of either product, for one test.
final class AnyTestDatabase {
    let product: Product
    private let folder: TemporaryFolder
    private let server: TestPostgres?

    init(_ product: Product) throws {
        self.product = product
        self.folder = try TemporaryFolder()
        self.server = product == .postgres ? try TestPostgres() : nil
    }

    /// A connection of its own.
    func connect(_ migrations: [Migration] = []) throws -> any DatabaseConnection {
        if let server = self.server { return server.connection(migrations: migrations) }
        return try SQLiteDatabase(
            path: self.folder.file("a.db"), options: SQLiteOptions(applicationID: 0x534C_5401), migrations: migrations)
    }
}
