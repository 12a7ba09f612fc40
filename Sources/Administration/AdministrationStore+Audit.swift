import Database

// The audit log is written in the transaction of each change: there is none without the other.
extension AdministrationStore {
    /// Runs `body` in a transaction, with the number of the change, and writes `entry` down; a name that is taken is the asker's fault.
    func change<Value>(
        taken message: String = "it is there already", audit entry: AuditEntry, answer: Answer<Value>? = nil,
        _ body: (Int64) throws(DatabaseError) -> Value
    ) throws(AdministrationFailure) -> Value {
        try self.commit(taken: message, answer: answer) { (number) throws(DatabaseError) in (try body(number), entry) }
    }

    /// The same for a change that may find, once it has its number, that it cannot be done: `body` has changed nothing and returns false then,
    /// and nothing is written down.
    func changeIf(
        taken message: String = "it is there already", audit entry: AuditEntry,
        _ body: (Int64) throws(DatabaseError) -> Bool
    ) throws(AdministrationFailure) -> Bool {
        try self.commit(taken: message) { (number) throws(DatabaseError) in
            let isDone = try body(number)
            return (isDone, isDone ? entry : nil)
        }
    }

    /// Writes down what is done outside of the database.
    public func note(_ entry: AuditEntry) throws(AdministrationFailure) {
        try self.commit { (_) throws(DatabaseError) in ((), entry) }
    }

    /// Seals everything with a new master key, as `Vault.rotate` does; that it was done is written down in the same transaction.
    func rotateMasterKey(from origin: AuditOrigin) throws(VaultError) -> Vault.Rotation {
        try self.vault.rotate(
            self.connection,
            within: { () throws(DatabaseError) in
                let entry = AuditEntry(origin, .rotate, .masterKey, "master key", organization: nil)
                try AuditTable(self.connection).insert(
                    entry, number: try self.database.nextNumber(), now: self.clock())
            })
    }

    /// Changes that are asked for, the newest first.
    func audit(_ query: AuditQuery) throws(AdministrationFailure) -> [AuditRow] {
        try self.storage { () throws(DatabaseError) in try AuditTable(self.connection).rows(query) }
    }

    /// Removes up to `limit` changes from before `time` (milliseconds since 1970), the oldest first; returns how many there were. To be called
    /// again until it returns fewer.
    public func removeAudit(before time: UInt64, limit: Int) throws(AdministrationFailure) -> Int {
        try self.storage { () throws(DatabaseError) in
            try self.connection.transaction { () throws(DatabaseError) in
                try AuditTable(self.connection).remove(before: time, limit: limit)
            }
        }
    }

    var connection: any DatabaseConnection { self.database.connection }
}
