import Database
import Domain

/// The table `audit`.
struct AuditTable {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let columns: SQL = """
        number, time, actor, actor_name, organization, action, kind, target, before, after, address, request
        """

    /// Writes down the change with that number, in its transaction; `now` in milliseconds since 1970.
    func insert(_ entry: AuditEntry, number: Int64, now: UInt64) throws(DatabaseError) {
        let insert = try self.connection.statement(
            """
            INSERT INTO audit(\(Self.columns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """)
        try insert.bind(1, number)
        try insert.bind(2, Int64(clamping: now))
        try insert.bind(3, text: entry.origin.actorID)
        try insert.bind(4, text: entry.origin.actorName)
        try insert.bind(5, id: entry.organization)
        try insert.bind(6, text: entry.action.rawValue)
        try insert.bind(7, text: entry.kind.rawValue)
        try insert.bind(8, text: entry.target)
        try insert.bind(9, text: entry.before)
        try insert.bind(10, text: entry.after)
        try insert.bind(11, text: entry.origin.address)
        try insert.bind(12, text: entry.origin.request)
        try insert.run()
    }

    /// Whether the change with that number is the one written down so.
    func contains(_ entry: AuditEntry, number: Int64, now: UInt64) throws(DatabaseError) -> Bool {
        let select = try self.connection.statement(
            "SELECT time, actor, action, kind, target FROM audit WHERE number = $1")
        defer { select.reset() }
        try select.bind(1, number)
        guard try select.step() else { return false }
        let texts = [entry.origin.actorID, entry.action.rawValue, entry.kind.rawValue, entry.target]
        return select.time(0) == now
            && texts.enumerated().allSatisfy { select.bytes($0.offset + 1).elementsEqual($0.element.utf8) }
    }

    /// Removes up to `limit` changes from before `time` (milliseconds since 1970), the oldest first; returns how many there were. What a clock that
    /// was wrong has put between newer ones goes with these.
    func remove(before time: UInt64, limit: Int) throws(DatabaseError) -> Int {
        let delete = try self.connection.statement(
            """
            DELETE FROM audit WHERE number IN (
                SELECT number FROM audit WHERE number < coalesce(
                    (SELECT n.number FROM audit n WHERE n.time >= $1 ORDER BY n.number LIMIT 1), \(Int64.max))
                ORDER BY number LIMIT $2)
            """)
        try delete.bind(1, Int64(clamping: time))
        try delete.bind(2, Int64(limit))
        try delete.run()
        return Int(self.connection.changes)
    }

    func rows(_ query: AuditQuery) throws(DatabaseError) -> [AuditRow] {
        // PostgreSQL takes the type of a parameter from its first use, so the comparisons come first.
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) FROM audit
            WHERE (actor = $1 OR $1 IS NULL) AND (kind = $2 OR $2 IS NULL) AND (target = $3 OR $3 IS NULL)
                AND (organization = $4 OR $4 IS NULL) AND time >= $5 AND time < $6 AND number < $7
            ORDER BY number DESC LIMIT $8
            """)
        defer { select.reset() }
        try select.bind(1, text: query.actor)
        try select.bind(2, text: query.kind)
        try select.bind(3, text: query.target)
        try select.bind(4, id: query.organization)
        try select.bind(5, Int64(clamping: query.since ?? 0))
        try select.bind(6, Int64(clamping: query.until ?? .max))
        try select.bind(7, query.before ?? .max)
        try select.bind(8, Int64(query.limit))
        var rows: [AuditRow] = []
        while try select.step() {
            rows.append(
                AuditRow(
                    number: select.integer(0), time: UInt64(clamping: select.integer(1)), actor: select.text(2),
                    actorName: select.text(3), organization: select.id(4), action: select.text(5),
                    kind: select.text(6), target: select.text(7), before: select.isNull(8) ? nil : select.bytes(8),
                    after: select.isNull(9) ? nil : select.bytes(9), address: select.optionalText(10),
                    request: select.optionalText(11)))
        }
        return rows
    }
}
