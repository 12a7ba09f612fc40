import Database
import DatabaseTestSupport
import Domain
import JSON

@testable import Administration

/// Services over one database of either kind, each as a thread of a gateway has it.
final class KeptAnswersScene {
    /// A thread of a gateway.
    final class Desk {
        let store: AdministrationStore
        let service: AdministrationService

        init(_ source: AdministrationSource) throws {
            self.store = try source.open()
            self.service = AdministrationService(store: self.store, limits: LimitSettings())
        }

        func ask(_ path: [String], _ body: String, key: String?) throws -> AdministrationReply {
            guard case .object(let members) = try JSONReader().read(Array(body.utf8), maximumBytes: 1 << 20) else {
                throw AdministrationFailure.invalid("no object")
            }
            return self.service.reply(
                to: AdministrationRequest(method: .post, path: path, body: members, idempotencyKey: key))
        }

        func ask(_ path: String, _ body: String, key: String?) throws -> AdministrationReply {
            try self.ask(path.split(separator: "/").map { String($0) }, body, key: key)
        }

        /// How many changes have been made.
        func changes() throws -> Int64 {
            try self.store.connection.integer("SELECT COUNT(*) FROM audit") ?? -1
        }
    }

    let folder: TemporaryFolder
    private let server: TestPostgres?
    private let source: AdministrationSource

    init(_ product: DatabaseProduct) throws {
        self.folder = try TemporaryFolder()
        self.server = product == .postgres ? try TestPostgres() : nil
        self.source = try AdministrationSource(
            stateDirectory: self.folder.path, server: self.server?.address, environment: { _ in nil })
    }

    static var products: [DatabaseProduct] { TestPostgres.isPresent ? [.sqlite, .postgres] : [.sqlite] }

    func desk() throws -> Desk { try Desk(self.source) }

    /// Whether answers can be kept.
    static func allowAnswers(_ isAllowed: Bool, in connection: any DatabaseConnection) throws {
        switch (connection.product, isAllowed) {
        case (.sqlite, false):
            try connection.execute(
                """
                CREATE TRIGGER none BEFORE UPDATE OF status ON idempotency BEGIN SELECT RAISE(ABORT, 'not now'); END
                """)
        case (.sqlite, true): try connection.execute("DROP TRIGGER none")
        case (.postgres, false):
            try connection.execute("ALTER TABLE idempotency ADD CONSTRAINT none CHECK (status = 0) NOT VALID")
        case (.postgres, true): try connection.execute("ALTER TABLE idempotency DROP CONSTRAINT none")
        }
    }
}
