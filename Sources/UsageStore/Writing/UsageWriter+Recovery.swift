public import Database
public import Domain

extension UsageWriter {
    /// Settles what an edge that is dead has left open, with the rank `recovery`: nobody saw how it ended for the client;
    /// tokens and cost are those of its attempts. Returns how many there were.
    ///
    /// To be called inside a batch when all of the edge's journal is in the database. An attempt that comes later, from an
    /// upstream's journal, corrects the row; so does an upstream's SETTLE.
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
            try self.requestTable.upsert(try self.recovery(of: record), nil)
            self.recovered.insert(record)
        }
        return records.count
    }

    /// The fingerprints of what was in flight at a process that is dead and whose journal was read: of an edge the requests
    /// that it did not settle, of an upstream those whose calls it did not end.
    public func suspects(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> [UInt64] {
        var fingerprints: Set<UInt64> = []
        if role == .upstream {
            let statement = try self.database.statement(
                """
                SELECT r.fingerprint FROM attempts a JOIN requests r ON r.record = a.record
                WHERE a.status IS NULL AND a.owner = (SELECT id FROM owners WHERE host = $1 AND instance = $2)
                    AND r.fingerprint IS NOT NULL
                """)
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
        if try !self.requestTable.update(recovered: self.recovery(of: record)) { self.recovered.remove(record) }
    }

    func loadRecovered() throws(DatabaseError) -> Set<RecordID> {
        let statement = try self.database.statement("SELECT record FROM requests WHERE rank < 3 AND rank = 1")
        var records: Set<RecordID> = []
        while try statement.step() {
            if let record = RecordID(bytes: statement.bytes(0)) { records.insert(record) }
        }
        return records
    }

    /// What the attempts of a request say of it.
    private func recovery(of record: RecordID) throws(DatabaseError) -> PendingRequest {
        let statement = try self.database.statement(
            """
            SELECT a.status, a.billed, a.cost, a.detail, v.text, m.text FROM attempts a
                LEFT JOIN targets t ON t.id = a.target LEFT JOIN names v ON v.id = t.provider
                LEFT JOIN names m ON m.id = t.model
            WHERE a.record = $1 ORDER BY a.number
            """)
        try statement.bind(1, blob: record.bytes)
        var recovery = PendingRequest(record: record)
        recovery.rank = .recovery
        recovery.cost = 0
        var provider: [UInt8] = []
        var model: [UInt8] = []
        while try statement.step() {
            recovery.attempts = recovery.attempts == .max ? .max : recovery.attempts + 1
            provider = statement.bytes(4)
            model = statement.bytes(5)
            let detail = AttemptDetail(statement.bytes(3))
            recovery.usage = recovery.usage + detail.usage
            recovery.finish = detail.finish
            recovery.usageSource = max(recovery.usageSource, detail.usageSource)
            if statement.isNull(0) || statement.integer(1) != Int64(Billed.no.rawValue) {
                let (sum, overflow) = (recovery.cost ?? 0).addingReportingOverflow(statement.integer(2))
                let isKnown = recovery.cost != nil && !statement.isNull(0) && !statement.isNull(2)
                recovery.cost = isKnown ? (overflow ? .max : sum) : nil
            }
        }
        recovery.route = try self.rows.route(model: [UInt8](), provider: provider, modelSent: model)
        recovery.error = try self.rows.name(Array("edge_lost".utf8))
        return recovery
    }
}
