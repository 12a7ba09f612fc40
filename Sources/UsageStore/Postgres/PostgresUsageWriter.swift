public import Database
public import Domain
public import Journal

/// Writes usage to PostgreSQL; several hosts may write to one database at a time.
///
/// A batch is gathered in memory; `commit` brings it to temporary tables by COPY, merges it, and keeps the positions, all in one short
/// transaction. What became of a commit may stay unknown, when the server or the connection goes in that moment: the same records are then
/// read and merged again, which changes nothing. A transaction of a former connection that may still run is waited for first, by a lock of the
/// host. Numbers of what repeats are made before the transaction and last whatever becomes of it, so that hosts never wait for each other.
public final class PostgresUsageWriter: UsageSink {
    let database: PostgresConnection
    let options: PostgresOptions
    let host: UInt32
    private let rows: NumberedRows
    private let faults: RequestFault
    let scopes: RollupScopes
    /// Of the transaction that is written.
    private let gather: RollupGather
    private lazy var keeper = RollupKeeper(self)
    private let partitions: UsagePartitions
    private let scratch = RowScratch(rows: 1, trail: DecisionTrail.maximumSize)
    private var batch: PendingBatch
    /// Batches that were full before `commit`.
    private var full: [PendingBatch] = []
    /// Requests to be settled by recovery.
    private var recoveries: [PendingRequest] = []
    /// Nil: to be forgotten.
    private var offsets: [String: UInt64?] = [:]

    /// Opens the database and brings it to this version's schema. `host` is the one whose journals are read.
    public init(_ options: PostgresOptions, host: UInt32) throws(DatabaseError) {
        self.options = options
        self.database = PostgresConnection(options, migrations: UsageSchema.postgresMigrations)
        self.host = host
        self.rows = NumberedRows(self.database)
        self.faults = RequestFault(self.database)
        self.scopes = RollupScopes(self.database)
        self.gather = RollupGather(self.faults)
        self.partitions = UsagePartitions(self.database)
        self.batch = PendingBatch(self.rows)
    }

    // MARK: Batches

    public func begin() {
        self.clear()
    }

    public func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32 {
        try self.rows.owner(host: host, instance: instance, role: role)
    }

    public func add(_ begin: borrowing LentRecord.Begin) throws(DatabaseError) {
        try self.batch.add(begin)
        if self.batch.isFull { self.nextBatch() }
    }

    public func add(_ attempt: borrowing LentRecord.Attempt, owner: UInt32) throws(DatabaseError) {
        try self.batch.add(attempt, owner)
        if self.batch.isFull { self.nextBatch() }
    }

    public func add(_ end: borrowing LentRecord.AttemptEnd, owner: UInt32) throws(DatabaseError) {
        try self.batch.add(end, owner)
        if self.batch.isFull { self.nextBatch() }
    }

    public func add(_ settle: borrowing LentRecord.Settle) throws(DatabaseError) {
        try self.batch.add(settle)
        if self.batch.isFull { self.nextBatch() }
    }

    private func nextBatch() {
        self.full.append(self.batch)
        self.batch = PendingBatch(self.rows)
    }

    public func setPosition(_ offset: UInt64, of segment: String) {
        self.offsets[segment] = .some(offset)
    }

    public func removePosition(of segment: String) {
        self.offsets[segment] = .some(nil)
    }

    public func positions() throws(DatabaseError) -> [String: UInt64] {
        var positions: [String: UInt64] = [:]
        // A transaction of this host that still runs somewhere may be about to change them.
        try self.database.transaction { () throws(DatabaseError) in
            try self.lock()
            positions = [:]
            let statement = try self.database.statement("SELECT segment, read_until FROM positions WHERE host = $1")
            try statement.bind(1, Int64(self.host))
            while try statement.step() { positions[statement.text(0)] = UInt64(clamping: statement.integer(1)) }
        }
        return positions
    }

    public func commit() throws(DatabaseError) {
        try self.write()
        self.clear()
        self.keeper.committed()
    }

    public func rollback() {
        self.clear()
        // A recovery may have made some in the transaction.
        self.forget()
    }

    /// Numbers that a transaction has made which was undone are gone.
    private func forget() {
        self.rows.forget()
        self.faults.forget()
        self.scopes.forget()
    }

    private func clear() {
        self.batch.clear()
        self.full.removeAll()
        self.recoveries.removeAll()
        self.offsets.removeAll(keepingCapacity: true)
    }

    public func add(prices: [Price]) throws(DatabaseError) {
        try self.database.transaction { () throws(DatabaseError) in
            try PriceTable.add(prices, to: self.database)
        }
    }

    public func size() throws(DatabaseError) -> UInt64 {
        let size = try self.database.integer(
            """
            SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind = 'r'
            """)
        return UInt64(clamping: size ?? 0)
    }

    // MARK: Writing

    /// Writes all that was gathered, in one transaction.
    private func write() throws(DatabaseError) {
        let batches = (self.full + [self.batch]).filter { !$0.requests.isEmpty || !$0.attempts.isEmpty }
        guard !batches.isEmpty || !self.recoveries.isEmpty || !self.offsets.isEmpty else { return }
        for batch in batches {
            batch.takeInAttempts()
            try self.partitions.provide(batch.months)
            // Made before, as names are: two hosts never wait for each other's.
            for principal in Set(batch.requests.map(\.principal)) { _ = try self.scopes.scopes(ofPrincipal: principal) }
        }
        var isAgain = false
        try self.database.transaction { () throws(DatabaseError) in
            if isAgain { self.forget() }
            isAgain = true
            self.gather.clear()
            try self.lock()
            for table in [StagedRequests.table, StagedAttempts.table] { try self.database.execute(table) }
            for batch in batches { try self.merge(batch) }
            try self.settle(self.recoveries)
            try StagedRollups.add(try self.gather.rows(self.scopes), ofHost: self.host, to: self.database)
            for (segment, offset) in self.offsets { try self.keep(offset, of: segment) }
        }
    }

    /// Until the transaction's end nobody else writes for this host.
    func lock() throws(DatabaseError) {
        let statement = try self.database.statement(
            "SELECT pg_advisory_xact_lock(\(UsageSchema.applicationID), CAST($1 AS INTEGER))")
        try statement.bind(1, Int64(self.host))
        try statement.run()
    }

    private func merge(_ batch: PendingBatch) throws(DatabaseError) {
        if !batch.requests.isEmpty {
            try StagedRequests.copy(batch, to: self.database, self.scratch)
            try self.mergeRequests(batch.requests)
        }
        guard !batch.attempts.isEmpty else { return }
        try StagedAttempts.copy(batch, to: self.database, self.scratch)
        var late: [RecordID] = []
        let statement = try self.database.statement(StagedAttempts.merge)
        while try statement.step() {
            if let record = RecordID(bytes: statement.bytes(0)) { late.append(record) }
        }
        try self.database.execute("DELETE FROM staged_attempts")
        var again: [PendingRequest] = []
        for record in late { again.append(try self.recoverAgain(record)) }
        try self.settle(again)
    }

    private func settle(_ requests: [PendingRequest]) throws(DatabaseError) {
        guard !requests.isEmpty else { return }
        try StagedRequests.copy(requests, to: self.database, self.scratch)
        try self.mergeRequests(requests)
    }

    /// Those that were copied.
    private func mergeRequests(_ requests: [PendingRequest]) throws(DatabaseError) {
        var present: [RecordID: PendingRequest] = [:]
        let find = try self.database.statement(StagedRequests.find)
        while try find.step() {
            if let row = PendingRequest(counted: find) { present[row.record] = row }
        }
        for request in requests {
            if let old = present.isEmpty ? nil : present[request.record] {
                try self.gather.replace(old, by: old.merged(with: request))
            } else {
                try self.gather.add(request)
            }
        }
        try self.database.statement(StagedRequests.merge).run()
        try self.database.execute("DELETE FROM staged_requests")
    }

    private func keep(_ offset: UInt64?, of segment: String) throws(DatabaseError) {
        let sql: SQL =
            offset == nil
            ? "DELETE FROM positions WHERE host = $1 AND segment = $2"
            : """
            INSERT INTO positions (host, segment, read_until) VALUES ($1, $2, $3)
            ON CONFLICT (host, segment) DO UPDATE SET read_until = excluded.read_until
            """
        let statement = try self.database.statement(sql)
        try statement.bind(1, Int64(self.host))
        try statement.bind(2, text: segment)
        if let offset { try statement.bind(3, Int64(clamping: offset)) }
        try statement.run()
    }

    // MARK: Jobs

    public var jobs: JobTable { JobTable(self.database) }

    public func removal(ofRequestsBefore time: UInt64) -> any JobSteps { PartitionRemoval(self.database, before: time) }

    public func removal(ofSumsBefore day: Int64) -> any JobSteps { RollupRemoval(self.database, before: day) }

    // MARK: Sums

    public func repair(days: Range<Int64>, rows: Int64) throws(DatabaseError) -> RollupRepair {
        try self.keeper.repair(days, rows: rows)
    }

    public func fillRollups(rows: Int64) throws(DatabaseError) -> Bool { try self.keeper.fill(rows: rows) }

    // MARK: The dead

    public func recover(host: UInt32, instance: UInt32) throws(DatabaseError) -> Int {
        // All that was added before is looked at, too.
        try self.write()
        self.clear()
        let open = try self.database.statement(
            "SELECT record FROM requests WHERE rank < 3 AND rank = 0 AND substr(record, 7, 6) = $1")
        try open.bind(1, blob: RecordID.edge(host: host, instance: instance))
        var records: [RecordID] = []
        while try open.step() {
            if let record = RecordID(bytes: open.bytes(0)) { records.append(record) }
        }
        for record in records { self.recoveries.append(try self.recovery(of: record)) }
        return records.count
    }

    public func suspects(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> [UInt64] {
        var fingerprints: Set<UInt64> = []
        let statement: any DatabaseStatement
        if role == .upstream {
            statement = try self.database.statement(Recovery.unendedFingerprints)
            try statement.bind(1, Int64(host))
            try statement.bind(2, Int64(instance))
        } else {
            statement = try self.database.statement(
                """
                SELECT fingerprint FROM requests
                WHERE rank < 3 AND fingerprint IS NOT NULL AND substr(record, 7, 6) = $1
                """)
            try statement.bind(1, blob: RecordID.edge(host: host, instance: instance))
        }
        while try statement.step() { fingerprints.insert(UInt64(bitPattern: statement.integer(0))) }
        return fingerprints.sorted()
    }

    private func recovery(of record: RecordID) throws(DatabaseError) -> PendingRequest {
        try Recovery.request(record, in: self.database, self.rows)
    }

    /// Another call of a recovered request has come: it is settled anew, by all of them.
    private func recoverAgain(_ record: RecordID) throws(DatabaseError) -> PendingRequest {
        let lower = try self.database.statement(
            """
            UPDATE requests SET rank = 0 WHERE record = $1 AND rank = 1
            RETURNING \(SQL.joined(PendingRequest.countedColumns))
            """)
        try lower.bind(1, blob: record.bytes)
        while try lower.step() {
            // What it said still stands in it, but for its rank.
            if let old = PendingRequest(counted: lower, rank: .recovery) { try self.gather.add(old, -1) }
        }
        return try self.recovery(of: record)
    }
}

extension PendingBatch {
    /// The months of all records.
    var months: Set<UsageMonth> {
        var months: Set<UsageMonth> = []
        // Neighbours are of the same one.
        var last: UInt64 = .max
        for record in self.requests.lazy.map(\.record) {
            let day = record.milliseconds / 86_400_000
            if day != last { months.insert(UsageMonth(milliseconds: record.milliseconds)) }
            last = day
        }
        for record in self.attempts.lazy.map(\.record) {
            let day = record.milliseconds / 86_400_000
            if day != last { months.insert(UsageMonth(milliseconds: record.milliseconds)) }
            last = day
        }
        return months
    }
}

extension RecordID {
    /// The six bytes in the middle of an edge's records: its host and instance.
    static func edge(host: UInt32, instance: UInt32) -> [UInt8] {
        [host, instance].flatMap { number in [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    }
}
