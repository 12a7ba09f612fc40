/// One connection to a database: SQLite's file, or PostgreSQL.
///
/// Not for sharing between threads; calls wait. Of PostgreSQL a call waits no longer than the connection's statement timeout, and a
/// connection that is lost is made again by the next call outside of a transaction.
public protocol DatabaseConnection: AnyObject {
    associatedtype Statement: DatabaseStatement

    /// Which of the two it is: where the same text of SQL cannot do, the few lines that differ ask for it.
    var product: DatabaseProduct { get }
    /// What messages call it: a path, or host and database without a password.
    var name: String { get }

    /// Connects to a server where there is no connection; a file is open for as long as there is this object. Every
    /// call does so; this is for those who are about to take a lock that others wait for.
    func open() throws(DatabaseError)

    /// The statement for `sql`, prepared at its first use and kept. One user at a time: it comes reset.
    func statement(_ sql: SQL) throws(DatabaseError) -> Statement
    /// Runs one statement without parameters once.
    func execute(_ sql: SQL) throws(DatabaseError)
    /// The first column of the first row as an integer; nil when there is no row.
    func integer(_ sql: SQL) throws(DatabaseError) -> Int64?

    /// Rows that the last INSERT, UPDATE or DELETE has changed.
    var changes: Int64 { get }

    /// Calls `body` with each row, which it reads from the statement it is given. The rows come in pieces, as of one moment, so that a table of
    /// any length needs little memory. `bind` binds the parameters. `body` may use other statements, but not end the transaction.
    func forEachRow(
        _ sql: SQL, bind: (any DatabaseStatement) throws(DatabaseError) -> Void,
        _ body: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError)

    /// Runs `body` in a transaction that may write: committed when it returns, undone when it throws. `body` may be run again where the
    /// database asks for that (a serialization failure, a deadlock), so it has no effects outside of the database.
    ///
    /// With PostgreSQL a statement that fails undoes all: what may be there already is written with ON CONFLICT.
    func transaction<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value

    /// Whether a transaction is open.
    var isInTransaction: Bool { get }
    /// Begins a transaction that may write, for those who cannot use `transaction`.
    func begin() throws(DatabaseError)
    /// Begins a transaction for several reads of one state of the database.
    func beginReading() throws(DatabaseError)
    /// Makes the transaction last. When it throws, the transaction may still be open: roll it back. With `isOutcomeUnknown` it may have
    /// happened all the same.
    func commit() throws(DatabaseError)
    /// Undoes the transaction; does nothing when there is none.
    func rollback()
}

extension DatabaseConnection {
    /// Calls `body` with each row of a query without parameters.
    public func forEachRow(
        _ sql: SQL, _ body: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try self.forEachRow(sql, bind: { (_) throws(DatabaseError) in }, body)
    }

    /// Runs `body`, which reads only and sees one state of the database.
    public func reading<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        try self.beginReading()
        return try self.completing(body)
    }

    /// Ends the transaction that is open: commits it when `body` returns, undoes it when it throws.
    func completing<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        do throws(DatabaseError) {
            let value = try body()
            try self.commit()
            return value
        } catch {
            self.rollback()
            throw error
        }
    }
}
