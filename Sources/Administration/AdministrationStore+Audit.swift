import Database

// The audit log is written in the transaction of each change: there is none without the other.
extension AdministrationStore {
    /// Runs `body` in a transaction that also writes `entry` down; a name that is taken is the asker's fault.
    func change(
        taken message: String, audit entry: AuditEntry, _ body: () throws(DatabaseError) -> Void
    ) throws(AdministrationFailure) {
        try self.change(taken: message) { () throws(DatabaseError) in
            try body()
            try self.note(entry)
        }
    }

    /// Runs `body` in a transaction that also writes `entry` down.
    func change(
        audit entry: AuditEntry, _ body: () throws(DatabaseError) -> Void
    ) throws(AdministrationFailure) {
        try self.storage { () throws(DatabaseError) in
            try self.database.transaction { () throws(DatabaseError) in
                try body()
                try self.note(entry)
            }
        }
    }

    /// Writes a change down; to be called in its transaction.
    func note(_ entry: AuditEntry) throws(DatabaseError) {
        try self.database.note(entry, now: self.clock())
    }

    /// Changes that are asked for, the newest first.
    func audit(_ query: AuditQuery) throws(AdministrationFailure) -> [AuditRow] {
        try self.storage { () throws(DatabaseError) in try self.database.audit(query) }
    }
}
