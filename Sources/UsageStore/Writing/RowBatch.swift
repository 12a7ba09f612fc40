import Database

/// Statements that insert several rows: opening tables and cursors once for all of them halves what a row costs.
enum RowBatch {
    /// Rows of one statement.
    static let size = 16
    /// Bytes of a trail that a row of such a statement has room for; a longer one goes by itself.
    static let maximumTrail = 256

    /// `($1, $2, …), (…), …`.
    static func values(columns: Int, rows: Int) -> SQL {
        let rows = (0..<rows).map { row in
            let parameters = (1...columns).map { "$\(row * columns + $0)" as SQL }
            return "(\(SQL.joined(parameters)))" as SQL
        }
        return SQL.joined(rows)
    }
}
