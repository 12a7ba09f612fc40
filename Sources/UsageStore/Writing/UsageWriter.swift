public import Database
public import Domain
public import Journal

/// The one writer of `usage.db`.
///
/// Use: `begin`, any number of `add`, `setPosition`, then `commit`; after an error `rollback`, and all that was added since
/// `begin` is as if it never was. Records may come in any order and any number of times: each request has one row, and each
/// provider call one, and both become the same. Lives on one thread; never blocks longer than the disk does, or a reader's lock
/// (a second).
public final class UsageWriter {
    /// Requests and attempts that are gathered before they are written: enough that both ends of most are there.
    private static let capacity = 8192

    let database: SQLiteDatabase
    let rows: NumberedRows
    let requestTable: RequestTable
    private let attemptTable: AttemptTable
    private var requests: [PendingRequest] = []
    private var requestIndex = PendingIndex(capacity: capacity)
    private var attempts: [PendingAttempt] = []
    private var attemptIndex = PendingIndex(capacity: capacity)
    private var extras: [PendingRequest.Extras] = []
    private var trails: [[UInt8]] = []
    /// The rows of rank `recovery`: another attempt of one of these changes it.
    var recovered: Set<RecordID> = []

    /// Opens the file, made where it is missing, and brings it to this version's schema. See `SQLiteDatabase` for what it
    /// refuses; nothing is ever deleted or repaired.
    public init(path: String) throws(DatabaseError) {
        self.database = try SQLiteDatabase(
            path: path, options: UsageSchema.writing, migrations: UsageSchema.migrations)
        self.rows = NumberedRows(self.database)
        self.requestTable = try RequestTable(self.database)
        self.attemptTable = try AttemptTable(self.database)
        self.requests.reserveCapacity(Self.capacity)
        self.attempts.reserveCapacity(Self.capacity)
        self.recovered = try self.loadRecovered()
    }

    // MARK: Batches

    /// Begins a batch.
    public func begin() throws(DatabaseError) {
        try self.database.begin()
    }

    /// The number by which `add` knows a process.
    public func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32 {
        let sql: [SQL] = [
            "SELECT id FROM owners WHERE host = $1 AND instance = $2",
            "INSERT INTO owners (host, instance, role) VALUES ($1, $2, $3) RETURNING id",
        ]
        for (index, text) in sql.enumerated() {
            let statement = try self.database.statement(text)
            try statement.bind(1, Int64(host))
            try statement.bind(2, Int64(instance))
            if index == 1 { try statement.bind(3, Int64(role.rawValue)) }
            guard try statement.step() else { continue }
            let number = statement.integer(0)
            try statement.run()
            return UInt32(clamping: number)
        }
        return 0
    }

    /// Adds a record to the batch; nothing of it is kept by reference. `owner` is the process whose journal it is from.
    public func add(_ record: LentRecord, owner: UInt32) throws(DatabaseError) {
        switch record {
        case .begin(let begin): try self.add(begin)
        case .settle(let settle): try self.add(settle)
        case .attempt(let attempt): try self.add(attempt, owner)
        case .attemptEnd(let end): try self.add(end, owner)
        }
        if self.requests.count >= Self.capacity || self.attempts.count >= Self.capacity { try self.flush() }
    }

    /// Remembers how far a segment was read, with the same commit as what was read in it.
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

    /// Forgets a segment that is gone.
    public func removePosition(of segment: String) throws(DatabaseError) {
        let statement = try self.database.statement("DELETE FROM positions WHERE segment = $1")
        try statement.bind(1, text: segment)
        try statement.run()
    }

    /// How far each segment was read.
    public func positions() throws(DatabaseError) -> [String: UInt64] {
        let statement = try self.database.statement("SELECT segment, offset FROM positions")
        var positions: [String: UInt64] = [:]
        while try statement.step() { positions[statement.text(0)] = UInt64(clamping: statement.integer(1)) }
        return positions
    }

    /// Makes the batch last. When it throws, `rollback`.
    public func commit() throws(DatabaseError) {
        try self.flush()
        try self.database.commit()
    }

    /// Undoes the batch.
    public func rollback() {
        self.database.rollback()
        self.clear()
        self.rows.forget()
        // Should this fail too, then a later recovery says it again.
        if let recovered = try? self.loadRecovered() { self.recovered = recovered }
    }

    /// Makes sure that the prices are in the database: records mean them by `Price.id`. A batch of its own.
    public func add(prices: [Price]) throws(DatabaseError) {
        try self.database.transaction { () throws(DatabaseError) in
            for price in prices { try PriceTable.add(price, to: self.database) }
        }
    }

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

    // MARK: What the batch says

    private func add(_ begin: LentRecord.Begin) throws(DatabaseError) {
        let principal = try self.rows.principal(begin.principal)
        let place = self.place(of: begin.record)
        guard self.requests[place].take(begin, principal: principal), begin.hasTexts else { return }
        self.requests[place].extras = self.extras.count
        self.extras.append(
            PendingRequest.Extras(
                traceID: begin.traceID.array, label: begin.label.array, tags: begin.tags.array))
    }

    private func add(_ settle: LentRecord.Settle) throws(DatabaseError) {
        let route = try self.rows.route(
            model: settle.model, provider: settle.provider, modelSent: settle.modelSent)
        let error = try self.rows.name(settle.error)
        let place = self.place(of: settle.record)
        guard self.requests[place].take(settle, route: route, error: error), !settle.trail.isEmpty else { return }
        self.requests[place].trail = self.trails.count
        self.trails.append(settle.trail.array)
    }

    private func add(_ attempt: LentRecord.Attempt, _ owner: UInt32) throws(DatabaseError) {
        let target = try self.rows.target(attempt)
        let place = self.place(of: attempt.record, attempt.number)
        self.attempts[place].take(attempt, owner: owner, target: target)
    }

    private func add(_ end: LentRecord.AttemptEnd, _ owner: UInt32) throws(DatabaseError) {
        let error = try self.rows.name(end.error)
        let place = self.place(of: end.record, end.number)
        self.attempts[place].take(end, owner: owner, error: error)
    }

    private func place(of record: RecordID) -> Int {
        let place = self.requestIndex.place(record, 0, next: self.requests.count) { self.requests[$0].record == record }
        if place == self.requests.count { self.requests.append(PendingRequest(record: record)) }
        return place
    }

    private func place(of record: RecordID, _ number: UInt8) -> Int {
        let place = self.attemptIndex.place(record, number, next: self.attempts.count) {
            self.attempts[$0].record == record && self.attempts[$0].number == number
        }
        if place == self.attempts.count { self.attempts.append(PendingAttempt(record: record, number: number)) }
        return place
    }

    /// Writes what was gathered, in the order of the keys: neighbours go to the same page.
    func flush() throws(DatabaseError) {
        for place in self.requests.indices { self.takeIn(attemptOf: place) }
        let requestOrder = self.order(self.requests.indices) { self.requests[$0].record }
        let alone = try self.requestTable.write(
            self.requests, order: requestOrder, self.extras, self.trails, self.attempts)
        for place in alone {
            self.attempts[place].isInline = false
        }
        let ownRows = self.attempts.indices.filter { !self.attempts[$0].isInline }
        try self.attemptTable.write(self.attempts, order: self.order(ownRows) { self.attempts[$0].record })
        let late =
            self.recovered.isEmpty ? [] : self.attempts.map(\.record).filter { self.recovered.contains($0) }
        self.clear()
        for record in Set(late) { try self.recoverAgain(record) }
    }

    /// Lets the request's one call lie in its own row, where it may.
    @inline(__always)
    private func takeIn(attemptOf place: Int) {
        let request = self.requests[place]
        guard request.isWhole else { return }
        let found = self.attemptIndex.find(request.record, 1) {
            self.attempts[$0].record == request.record && self.attempts[$0].number == 1
        }
        guard let found, let packed = InlineAttempt.packed(self.attempts[found], of: request) else { return }
        self.attempts[found].isInline = true
        self.requests[place].attempt = packed
        self.requests[place].attemptPlace = found
    }

    /// `places` by their records, which mostly are in order already, each edge's for itself.
    private func order(_ places: some Sequence<Int>, _ record: (Int) -> RecordID) -> [Int] {
        places.map { (record($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func clear() {
        self.requests.removeAll(keepingCapacity: true)
        self.requestIndex.clear()
        self.attempts.removeAll(keepingCapacity: true)
        self.attemptIndex.clear()
        self.extras.removeAll(keepingCapacity: true)
        self.trails.removeAll(keepingCapacity: true)
    }
}
