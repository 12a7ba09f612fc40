public import Database
public import Domain
public import Journal

/// The one writer of `usage.db`.
///
/// Lives on one thread; never blocks longer than the disk does, or a reader's lock (a second).
public final class UsageWriter: UsageSink {
    let database: SQLiteDatabase
    let rows: NumberedRows
    let requestTable: RequestTable
    private let attemptTable: AttemptTable
    private let batch: PendingBatch
    private let faults: RequestFault
    private let gather: RollupGather
    let scopes: RollupScopes
    let rollups: RollupTable
    private lazy var keeper = RollupKeeper(self)
    /// The rows of rank `recovery`: another attempt of one of these changes it.
    var recovered: Set<RecordID> = []

    /// Opens the file, made where it is missing, and brings it to this version's schema. See `SQLiteDatabase` for what it
    /// refuses; nothing is ever deleted or repaired.
    public init(path: String) throws(DatabaseError) {
        self.database = try SQLiteDatabase(
            path: path, options: UsageSchema.writing, migrations: UsageSchema.migrations)
        self.rows = NumberedRows(self.database)
        self.faults = RequestFault(self.database)
        self.gather = RollupGather(self.faults)
        self.scopes = RollupScopes(self.database)
        self.rollups = RollupTable(self.database)
        self.requestTable = try RequestTable(self.database, self.gather)
        self.attemptTable = try AttemptTable(self.database)
        self.batch = PendingBatch(self.rows)
        self.recovered = try self.loadRecovered()
    }

    // MARK: Batches

    public func begin() throws(DatabaseError) {
        try self.database.begin()
    }

    public func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32 {
        try self.rows.owner(host: host, instance: instance, role: role)
    }

    public func add(_ begin: borrowing LentRecord.Begin) throws(DatabaseError) {
        try self.batch.add(begin)
        if self.batch.isFull { try self.flush() }
    }

    public func add(_ attempt: borrowing LentRecord.Attempt, owner: UInt32) throws(DatabaseError) {
        try self.batch.add(attempt, owner)
        if self.batch.isFull { try self.flush() }
    }

    public func add(_ end: borrowing LentRecord.AttemptEnd, owner: UInt32) throws(DatabaseError) {
        try self.batch.add(end, owner)
        if self.batch.isFull { try self.flush() }
    }

    public func add(_ settle: borrowing LentRecord.Settle) throws(DatabaseError) {
        try self.batch.add(settle)
        if self.batch.isFull { try self.flush() }
    }

    public func setPosition(_ offset: UInt64, of segment: String) throws(DatabaseError) {
        let statement = try self.database.statement(
            """
            INSERT INTO positions (segment, offset) VALUES ($1, $2)
            ON CONFLICT (segment) DO UPDATE SET offset = excluded.offset
            """)
        try statement.bind(1, text: segment)
        try statement.bind(2, Int64(clamping: offset))
        try statement.run()
    }

    public func removePosition(of segment: String) throws(DatabaseError) {
        let statement = try self.database.statement("DELETE FROM positions WHERE segment = $1")
        try statement.bind(1, text: segment)
        try statement.run()
    }

    public func positions() throws(DatabaseError) -> [String: UInt64] {
        let statement = try self.database.statement("SELECT segment, offset FROM positions")
        var positions: [String: UInt64] = [:]
        while try statement.step() { positions[statement.text(0)] = UInt64(clamping: statement.integer(1)) }
        return positions
    }

    public func commit() throws(DatabaseError) {
        try self.flush()
        try self.rollups.add(self.gather.rows(self.scopes))
        try self.database.commit()
        self.gather.clear()
        self.keeper.committed()
    }

    public func rollback() {
        self.database.rollback()
        self.batch.clear()
        self.gather.clear()
        self.rows.forget()
        self.scopes.forget()
        self.faults.forget()
        // Should this fail too, then a later recovery says it again.
        if let recovered = try? self.loadRecovered() { self.recovered = recovered }
    }

    public func add(prices: [Price]) throws(DatabaseError) {
        try self.database.transaction { () throws(DatabaseError) in
            try PriceTable.add(prices, to: self.database)
        }
    }

    public func repair(days: Range<Int64>, rows: Int64) throws(DatabaseError) -> RollupRepair {
        try self.keeper.repair(days, rows: rows)
    }

    public func fillRollups(rows: Int64) throws(DatabaseError) -> Bool { try self.keeper.fill(rows: rows) }

    /// Bytes of the database, without its log.
    public func size() throws(DatabaseError) -> UInt64 {
        var size: Int64 = 1
        for sql: SQL in ["PRAGMA page_count", "PRAGMA page_size"] {
            let statement = try self.database.statement(sql)
            guard try statement.step() else { return 0 }
            size = size.multipliedReportingOverflow(by: statement.integer(0)).partialValue
            statement.reset()
        }
        return UInt64(clamping: size)
    }

    // MARK: Jobs

    public var jobs: JobTable { JobTable(self.database) }

    public func removal(ofRequestsBefore time: UInt64) -> any JobSteps { RequestRemoval(self.database, before: time) }

    public func removal(ofSumsBefore day: Int64) -> any JobSteps { RollupRemoval(self.database, before: day) }

    /// Writes what was gathered, in the order of the keys: neighbours go to the same page.
    func flush() throws(DatabaseError) {
        let batch = self.batch
        batch.takeInAttempts()
        let alone = try self.requestTable.write(
            batch.requests, order: batch.requestOrder, batch.extras, batch.trails, batch.attempts)
        for place in alone { batch.attempts[place].isInline = false }
        try self.attemptTable.write(batch.attempts, order: batch.attemptOrder)
        let late =
            self.recovered.isEmpty ? [] : batch.attempts.map(\.record).filter { self.recovered.contains($0) }
        batch.clear()
        for record in Set(late) { try self.recoverAgain(record) }
    }
}

extension UsageWriter: RollupCorrecting {
    var writing: any DatabaseConnection { self.database }

    func recounting() throws(DatabaseError) -> (any DatabaseConnection)? {
        try SQLiteDatabase(
            path: self.database.path, options: UsageSchema.reading, migrations: UsageSchema.migrations)
    }

    func correct(_ changes: (hours: RollupRows, days: RollupRows), unfilled: Range<Int64>?) throws(DatabaseError) {
        try self.database.transaction { () throws(DatabaseError) in
            try self.rollups.add(changes)
            if let unfilled { try RollupState.set(unfilled: unfilled, in: self.database) }
        }
    }
}
