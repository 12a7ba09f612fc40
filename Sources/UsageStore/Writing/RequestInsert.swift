import Database
import Domain

/// A statement that inserts several whole rows into `requests`, in their order, up to the first that is there already.
///
/// To insert all of them or none, SQLite would first copy each page that it changes, to a file: more of them than of rows.
///
/// It binds what has changed since the last row in the same place, and no more: most of what requests say is the same for all
/// (status, route, outcome …), and a binding costs as much as SQLite's own way with a number. Bindings outlive a reset.
final class RequestInsert {
    private static let columns: [SQL] = [
        "rank", "route", "status", "outcome", "usage_source", "input", "cache_read", "output", "reasoning", "cost",
        "error",
        "first_byte", "total", "principal", "endpoint", "body_bytes", "fingerprint", "zone", "attempt", "record",
        "detail",
        "attempt_detail", "trace_id", "label", "tags",
    ]
    /// The first columns are numbers.
    private static let numbers = 19
    /// What `bound` says for NULL; no number is bound that is the same.
    private static let null = Int64.min

    private let database: SQLiteDatabase
    private let statement: SQLiteStatement
    private let scratch: RowScratch
    /// The numbers, row by row, as they are bound; new statements have NULL everywhere.
    private var bound: [Int64]
    private var places: [Place]

    /// What else is bound for a row.
    private struct Place {
        var hasKey = false
        var detail = -1
        var attemptDetail = 0
        var hasTexts = false
    }

    init(rows: Int, _ database: SQLiteDatabase) throws(DatabaseError) {
        self.database = database
        self.scratch = RowScratch(rows: rows, trail: RowBatch.maximumTrail)
        self.bound = [Int64](repeating: Self.null, count: rows * Self.numbers)
        self.places = [Place](repeating: Place(), count: rows)
        self.statement = try database.prepare(
            """
            INSERT OR FAIL INTO requests (\(SQL.joined(Self.columns)))
            VALUES \(RowBatch.values(columns: Self.columns.count, rows: rows))
            """)
    }

    /// Inserts the rows and returns how many of them: less than all where the next one was there already.
    func run() throws(DatabaseError) -> Int {
        do throws(DatabaseError) {
            try self.statement.run()
            return self.places.count
        } catch {
            guard error.isDuplicate else { throw error }
            return min(Int(clamping: self.database.changes), self.places.count)
        }
    }

    /// Binds a row, whose trail is at most `RowBatch.maximumTrail` bytes. `extras`, `trails` and `attempts` are the batch's lists.
    func bind(
        row: Int, _ request: PendingRequest, _ extras: [PendingRequest.Extras], _ trails: [[UInt8]],
        _ attempts: [PendingAttempt]
    ) throws(DatabaseError) {
        var number = row * Self.numbers
        var parameter = row * Self.columns.count + 1
        func next(_ value: Int64) throws(DatabaseError) {
            if self.bound[number] != value {
                try self.statement.bind(parameter, value == Self.null ? nil : value)
                self.bound[number] = value
            }
            number &+= 1
            parameter &+= 1
        }
        try next(Int64(request.rank.rawValue))
        try next(request.route)
        try next(Int64(request.status))
        try next(Int64(request.outcome.rawValue))
        try next(Int64(request.usageSource.rawValue))
        try next(request.usage.input)
        try next(request.usage.cacheRead)
        try next(request.usage.output)
        try next(request.usage.reasoning)
        try next(request.cost ?? Self.null)
        try next(request.error == 0 ? Self.null : request.error)
        try next(Int64(clamping: request.firstByte))
        try next(Int64(clamping: request.total))
        try next(request.principal)
        try next(Int64(request.endpoint))
        try next(Int64(clamping: request.bodyBytes))
        try next(Int64(bitPattern: request.fingerprint))
        try next(Int64(request.zone))
        try next(request.attempt < 0 ? Self.null : request.attempt)
        try self.bindBytes(row: row, parameter, request, extras, trails, attempts)
    }

    /// The memory that is lent stays in its place; only a new length is to be said.
    @inline(__always)
    private func bindBytes(
        row: Int, _ parameter: Int, _ request: PendingRequest, _ extras: [PendingRequest.Extras],
        _ trails: [[UInt8]], _ attempts: [PendingAttempt]
    ) throws(DatabaseError) {
        self.scratch.start(row: row, request.record)
        if !self.places[row].hasKey {
            unsafe try self.statement.lend(parameter, blob: self.scratch.key)
            self.places[row].hasKey = true
        }
        request.pack(into: self.scratch, request.trail < 0 ? [] : trails[request.trail])
        let detail = unsafe self.scratch.detail.count
        if self.places[row].detail != detail {
            unsafe try self.statement.lend(parameter + 1, blob: self.scratch.detail)
        }
        if request.attempt >= 0 {
            self.scratch.startSecond()
            attempts[request.attemptPlace].pack(into: self.scratch)
            let second = unsafe self.scratch.detail.count
            // It begins behind the first.
            if self.places[row].attemptDetail != second || self.places[row].detail != detail {
                unsafe try self.statement.lend(parameter + 2, blob: self.scratch.detail)
                self.places[row].attemptDetail = second
            }
        } else if self.places[row].attemptDetail != 0 {
            try self.statement.bindNull(parameter + 2)
            self.places[row].attemptDetail = 0
        }
        self.places[row].detail = detail
        guard request.extras >= 0 || self.places[row].hasTexts else { return }
        let texts = request.extras < 0 ? nil : extras[request.extras]
        try self.statement.bind(parameter + 3, blob: texts?.traceID.nonEmpty)
        try self.statement.bind(parameter + 4, text: texts?.label.nonEmpty)
        try self.statement.bind(parameter + 5, text: texts?.tags.nonEmpty)
        self.places[row].hasTexts = request.extras >= 0
    }
}
