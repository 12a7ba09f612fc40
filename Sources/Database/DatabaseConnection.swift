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

    /// The statement for `sql`, prepared at its first use and kept. One user at a time: it comes reset.
    func statement(_ sql: SQL) throws(DatabaseError) -> Statement
    /// Runs one statement without parameters once.
    func execute(_ sql: SQL) throws(DatabaseError)
    /// The first column of the first row as an integer; nil when there is no row.
    func integer(_ sql: SQL) throws(DatabaseError) -> Int64?

    /// Runs `body` in a transaction that may write: committed when it returns, undone when it throws. `body` may be run again where the
    /// database asks for that (a serialization failure, a deadlock), so it has no effects outside of the database.
    func transaction<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value
}
