import CPostgres

/// What statements and their connection share: the link as it is now, and whether a transaction is open on it.
///
/// Lives on one thread. A link that is lost is made again by the next command outside of a transaction, when the backoff lets it.
final class PostgresSession {
    let options: PostgresOptions
    let timing: PostgresTiming
    private let hosts: HostLookup
    let name: String
    private var link: PostgresLink?
    private var backoff = ReconnectBackoff()
    /// Why the last try to connect failed.
    private var refusal: DatabaseError?
    /// Rises with every link: what was prepared on another is gone.
    private(set) var generation: UInt64 = 0
    /// Whether a transaction was begun and not ended; also when its link is lost meanwhile.
    var isInTransaction = false
    /// Rows that the last command has changed.
    private(set) var changes: Int64 = 0
    /// Milliseconds that a command may take here; the server is told as well.
    var patience: UInt64
    private var statements: UInt64 = 0
    /// What is done with each new link before its first use.
    private let prepareLink: (PostgresSession, PostgresLink) throws(DatabaseError) -> Void

    init(
        _ options: PostgresOptions, _ timing: PostgresTiming, _ hosts: HostLookup,
        prepareLink: @escaping (PostgresSession, PostgresLink) throws(DatabaseError) -> Void
    ) {
        self.options = options
        self.timing = timing
        self.hosts = hosts
        self.name = "PostgreSQL \(options.address)"
        self.patience = UInt64(options.statementTimeout) + UInt64(options.grace)
        self.prepareLink = prepareLink
    }

    /// A name for a prepared statement that no other has on any link.
    func newStatementName() -> String {
        self.statements += 1
        return "s\(self.statements)"
    }

    /// A link that lived when it was looked at last. Throws at once, without a try to connect, while the backoff waits.
    func ready(_ operation: String) throws(DatabaseError) -> PostgresLink {
        if self.isInTransaction {
            guard let link = self.link, !link.isDead else { throw self.gone(operation) }
            return link
        }
        if let link = self.link {
            // Somebody may have ended it since the last command.
            if link.consume() { return link }
            self.link = nil
        }
        let now = self.timing.now()
        let wait = self.backoff.wait(now: now)
        guard wait == 0 else {
            throw DatabaseError(
                server: self.name, operation: operation, state: .cannotConnect,
                message: "there is no connection; the next try is in \(wait) ms"
                    + (self.refusal.map { " (\($0.message))" } ?? ""))
        }
        self.backoff.begin(now: now, random: self.timing.random())
        do throws(DatabaseError) {
            let link = try PostgresLink(self.options, self.timing, self.hosts)
            self.generation += 1
            try self.prepareLink(self, link)
            self.link = link
            self.refusal = nil
            self.backoff.succeeded()
            return link
        } catch {
            self.refusal = error
            self.backoff.failed(now: self.timing.now(), random: self.timing.random())
            throw error
        }
    }

    /// Runs a command. `link` is from `ready`.
    func run(
        _ operation: String, on link: PostgresLink, _ send: (OpaquePointer) -> Int32
    ) throws(DatabaseError) -> PostgresResult {
        let result = unsafe try link.run(operation, deadline: self.deadline, send)
        self.changes = result.changes
        return result
    }

    /// Until when a command that begins now may take.
    var deadline: UInt64 { self.timing.now() &+ self.patience }

    func noteChanges(_ result: PostgresResult) { self.changes = result.changes }

    /// Runs text without parameters, of any number of statements.
    func simple(_ operation: String, _ sql: SQL, on link: PostgresLink) throws(DatabaseError) {
        _ = unsafe try self.run(operation, on: link) { unsafe PQsendQuery($0, sql.text) }
    }

    /// Ends the link; the next command makes a new one.
    func drop() {
        self.link = nil
        self.isInTransaction = false
    }

    /// The link, dead or not; nil when there is none.
    var current: PostgresLink? { self.link }

    private func gone(_ operation: String) -> DatabaseError {
        DatabaseError(
            server: self.name, operation: operation, state: .connectionFailure,
            message: "the connection was lost inside of a transaction, which is undone")
    }
}
