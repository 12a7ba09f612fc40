/// A command that was sent before its answer is needed (`PostgresLink.sendAhead`).
final class PostgresAhead {
    /// Once it has come: with the next command, or when it is taken.
    var answer: Result<PostgresResult, DatabaseError>?
}
