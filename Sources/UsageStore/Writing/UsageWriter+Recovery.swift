public import Database
public import Domain

extension UsageWriter {
    public func recover(host: UInt32, instance: UInt32) throws(DatabaseError) -> Int {
        try self.flush()
        let open = try self.database.statement("SELECT record FROM requests WHERE rank < 3 AND rank = 0")
        var records: [RecordID] = []
        while try open.step() {
            guard let record = RecordID(bytes: open.bytes(0)), record.host == host, record.instance == instance else {
                continue
            }
            records.append(record)
        }
        for record in records {
            try self.requestTable.upsert(try Recovery.request(record, in: self.database, self.rows), nil)
            self.recovered.insert(record)
        }
        return records.count
    }

    public func suspects(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> [UInt64] {
        var fingerprints: Set<UInt64> = []
        if role == .upstream {
            let statement = try self.database.statement(Recovery.unendedFingerprints)
            try statement.bind(1, Int64(host))
            try statement.bind(2, Int64(instance))
            while try statement.step() { fingerprints.insert(UInt64(bitPattern: statement.integer(0))) }
        } else {
            let statement = try self.database.statement(
                "SELECT record, fingerprint FROM requests WHERE rank < 3 AND fingerprint IS NOT NULL")
            while try statement.step() {
                guard let record = RecordID(bytes: statement.bytes(0)), record.host == host,
                    record.instance == instance
                else { continue }
                fingerprints.insert(UInt64(bitPattern: statement.integer(1)))
            }
        }
        return fingerprints.sorted()
    }

    /// An attempt of a request that was recovered before has come.
    func recoverAgain(_ record: RecordID) throws(DatabaseError) {
        if try !self.requestTable.update(recovered: Recovery.request(record, in: self.database, self.rows)) {
            self.recovered.remove(record)
        }
    }

    func loadRecovered() throws(DatabaseError) -> Set<RecordID> {
        let statement = try self.database.statement("SELECT record FROM requests WHERE rank < 3 AND rank = 1")
        var records: Set<RecordID> = []
        while try statement.step() {
            if let record = RecordID(bytes: statement.bytes(0)) { records.insert(record) }
        }
        return records
    }
}
