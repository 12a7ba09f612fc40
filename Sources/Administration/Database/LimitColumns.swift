import Database
import Domain

// The columns of limits stand together, in the order of the kinds.
extension ControlDatabase {
    /// `$1, $2, …`
    static func parameters(_ numbers: Range<Int>) -> SQL {
        SQL.joined(numbers.map { "$\($0)" as SQL })
    }

    /// `requests_per_minute = $6, …`
    static func assignments(from first: Int) -> SQL {
        SQL.joined(ControlSchema.limitColumns.enumerated().map { "\($1) = $\(first + $0)" as SQL })
    }
}

extension DatabaseStatement {
    /// Binds one parameter for each kind of limit, from `$first` on.
    func bind(_ first: Int, limits: LimitSet) throws(DatabaseError) {
        for (index, kind) in LimitKind.allCases.enumerated() { try self.bind(first + index, limits[kind]) }
    }

    /// The limits in the columns from `first` on.
    func limits(_ first: Int) -> LimitSet {
        var limits = LimitSet()
        for (index, kind) in LimitKind.allCases.enumerated() { limits[kind] = self.optionalInteger(first + index) }
        return limits
    }
}
