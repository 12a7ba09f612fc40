import Database
import Domain

/// What is said of a request whose edge is dead, by its calls; the same text of SQL for both products.
enum Recovery {
    /// Of the calls of an upstream ($1 host, $2 instance) that have no end.
    static let unendedFingerprints: SQL = """
        SELECT r.fingerprint FROM attempts a JOIN requests r ON r.record = a.record
        WHERE a.status IS NULL AND a.owner = (SELECT id FROM owners WHERE host = $1 AND instance = $2)
            AND r.fingerprint IS NOT NULL
        """

    /// A settlement of the rank `recovery`: what the attempts of a request say of it.
    static func request(
        _ record: RecordID, in database: any DatabaseConnection, _ rows: NumberedRows
    ) throws(DatabaseError) -> PendingRequest {
        let statement = try database.statement(
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
        recovery.route = try rows.route(model: [UInt8](), provider: provider, modelSent: model)
        recovery.error = try rows.name(Array("edge_lost".utf8))
        return recovery
    }
}
