import Database

/// The two tables of sums.
enum RollupPeriod: CaseIterable {
    case hour
    case day

    var table: SQL {
        switch self {
        case .hour: "rollup_hours"
        case .day: "rollup_days"
        }
    }

    /// The first column of the key.
    var column: SQL {
        switch self {
        case .hour: "hour"
        case .day: "day"
        }
    }

    /// The columns of the key.
    var key: SQL { "\(self.column), scope, route, host" }

    /// A row, whether there is one already or not: the key, `RollupSums.columns`, the detail.
    var put: SQL {
        let parameters = (1...5 + RollupSums.columns.count).map { "$\($0)" as SQL }
        return """
            INSERT INTO \(self.table) (\(self.key), \(SQL.joined(RollupSums.columns)), detail)
            VALUES (\(SQL.joined(parameters))) ON CONFLICT (\(self.key)) DO UPDATE SET \(self.update)
            """
    }

    /// What an upsert sets.
    var update: SQL {
        SQL.joined((RollupSums.columns + ["detail"]).map { "\($0) = excluded.\($0)" })
    }
}
