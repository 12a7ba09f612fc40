import Database

extension PostgresUsageWriter: RollupCorrecting {
    var writing: any DatabaseConnection { self.database }

    /// One host recounts at a time: the lock is the connection's.
    func recounting() throws(DatabaseError) -> (any DatabaseConnection)? {
        let connection = PostgresConnection(self.options, migrations: UsageSchema.postgresMigrations)
        let lock: SQL = "SELECT CAST(pg_try_advisory_lock(\(UsageSchema.applicationID), -2) AS INTEGER)"
        return try connection.integer(lock) == 1 ? connection : nil
    }

    func correct(_ changes: (hours: RollupRows, days: RollupRows), unfilled: Range<Int64>?) throws(DatabaseError) {
        try self.database.transaction { () throws(DatabaseError) in
            try self.lock()
            try StagedRollups.add(changes, ofHost: self.host, to: self.database)
            if let unfilled { try RollupState.set(unfilled: unfilled, in: self.database) }
        }
    }
}
