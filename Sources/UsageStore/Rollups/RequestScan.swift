import Database
import Domain

/// Goes through the requests of a stretch of time in their order, a page at a time.
final class RequestScan {
    private let database: any DatabaseConnection
    private let until: [UInt8]
    private var from: [UInt8]
    private var isFirst = true

    /// In milliseconds since 1970.
    init(_ database: any DatabaseConnection, _ milliseconds: Range<UInt64>) {
        self.database = database
        self.from = RecordID.first(atMilliseconds: milliseconds.lowerBound).bytes
        self.until = RecordID.first(atMilliseconds: milliseconds.upperBound).bytes
    }

    /// Calls `body` with the requests of the next page, of `rows` at most. False when it was the last.
    func page(_ rows: Int64 = UsageReader.page, _ body: (PendingRequest) throws(DatabaseError) -> Void)
        throws(DatabaseError) -> Bool
    {
        let comparison: SQL = self.isFirst ? ">=" : ">"
        let statement = try self.database.statement(
            """
            SELECT \(SQL.joined(PendingRequest.countedColumns)) FROM requests
            WHERE record \(comparison) $1 AND record < $2 ORDER BY record LIMIT $3
            """)
        defer { statement.reset() }
        try statement.bind(1, blob: self.from)
        try statement.bind(2, blob: self.until)
        try statement.bind(3, rows)
        self.isFirst = false
        var count: Int64 = 0
        while try statement.step() {
            count += 1
            if count == rows { self.from = statement.bytes(0) }
            if let request = PendingRequest(counted: statement) { try body(request) }
        }
        return count == rows
    }
}
