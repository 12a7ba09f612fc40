import Database

// The audit log is written in the transaction of each change: there is none without the other.
extension AdministrationStore {
    /// Runs `body` in a transaction, with the number of the change, and writes `entry` down; a name that is taken is the asker's fault.
    func change<Value>(
        taken message: String, audit entry: AuditEntry, _ body: (Int64) throws(DatabaseError) -> Value
    ) throws(AdministrationFailure) -> Value {
        do throws(DatabaseError) {
            return try self.noted(entry, body)
        } catch {
            guard error.isDuplicate else { throw AdministrationFailure(error) }
            throw AdministrationFailure(status: 409, code: "name_taken", message: message)
        }
    }

    /// Runs `body` in a transaction, with the number of the change, and writes `entry` down.
    func change<Value>(
        audit entry: AuditEntry, _ body: (Int64) throws(DatabaseError) -> Value
    ) throws(AdministrationFailure) -> Value {
        try self.storage { () throws(DatabaseError) in try self.noted(entry, body) }
    }

    /// The same for a change that may find, once it has its number, that it cannot be done: `body` has changed nothing and returns false then,
    /// and nothing is written down.
    func changeIf(
        taken message: String = "", audit entry: AuditEntry, _ body: (Int64) throws(DatabaseError) -> Bool
    ) throws(AdministrationFailure) -> Bool {
        do throws(DatabaseError) {
            return try self.noted(entry, body, if: { $0 })
        } catch {
            guard error.isDuplicate else { throw AdministrationFailure(error) }
            throw AdministrationFailure(status: 409, code: "name_taken", message: message)
        }
    }

    /// Changes that are asked for, the newest first.
    func audit(_ query: AuditQuery) throws(AdministrationFailure) -> [AuditRow] {
        try self.storage { () throws(DatabaseError) in try AuditTable(self.connection).rows(query) }
    }

    private func noted<Value>(
        _ entry: AuditEntry, _ body: (Int64) throws(DatabaseError) -> Value, if isDone: (Value) -> Bool = { _ in true }
    ) throws(DatabaseError) -> Value {
        try self.database.transaction { () throws(DatabaseError) in
            // Taking the number is the first thing a change does: who else changes something waits from here on.
            let number = try self.database.nextSequence()
            let value = try body(number)
            guard isDone(value) else { return value }
            try AuditTable(self.connection).insert(entry, number: number, now: self.clock())
            return value
        }
    }

    var connection: any DatabaseConnection { self.database.database }
}
