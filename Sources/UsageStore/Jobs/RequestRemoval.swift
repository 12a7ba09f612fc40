import Database
import Domain

/// Removes requests that have ended and came before a time, and provider calls whose request is gone, in the order of their keys.
///
/// A request that is not settled stays, and so do its calls: its journal is not read, or not to its end. Nothing is removed before it is summed.
/// The same text of SQL for both products.
final class RequestRemoval: JobSteps {
    private let database: any DatabaseConnection
    private let time: UInt64
    private let end: [UInt8]
    private var isSummed = false
    /// Everything before it has been looked at.
    private var from = RecordID(high: 0, low: 0).bytes

    /// `time` in milliseconds since 1970.
    init(_ database: any DatabaseConnection, before time: UInt64) {
        self.database = database
        self.time = time
        self.end = RecordID.first(atMilliseconds: time).bytes
    }

    func step(limit: Int) throws(DatabaseError) -> JobStep {
        // Of a database from before there were sums.
        if !self.isSummed { self.isSummed = try RollupState.unfilled(in: self.database).isEmpty }
        guard self.isSummed else { return JobStep(amount: 0, state: .waits) }
        let from = self.from
        let (until, amount) = try self.database.transaction { () throws(DatabaseError) in
            try RollupState.set(keptFrom: self.time, in: self.database)
            let until = try self.until(from: from, limit: limit)
            let amount = try self.remove(
                """
                DELETE FROM requests WHERE record >= $1 AND record < $2 AND rank > \(SettleRank.open.rawValue)
                """, from, until)
            _ = try self.remove(
                """
                DELETE FROM attempts WHERE record >= $1 AND record < $2
                    AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.record = attempts.record)
                """, from, until)
            return (until, amount)
        }
        self.from = until
        return JobStep(amount: amount, isFull: until != self.end, state: until == self.end ? .done : .more)
    }

    /// The key behind `limit` requests, or behind `limit` calls where these come first.
    private func until(from: [UInt8], limit: Int) throws(DatabaseError) -> [UInt8] {
        let request = try self.key(
            "SELECT record FROM requests WHERE record >= $1 AND record < $2 ORDER BY record LIMIT 1 OFFSET $3", from,
            limit)
        let call = try self.key(
            "SELECT record FROM attempts WHERE record >= $1 AND record < $2 ORDER BY record, number LIMIT 1 OFFSET $3",
            from, limit)
        let ends = [request, call].compactMap { $0 }.filter { $0 != from }
        guard let first = ends.min(by: { $0.lexicographicallyPrecedes($1) }) else {
            // One request with more calls than that.
            return call == from ? Self.next(after: from) : self.end
        }
        return first
    }

    private func key(_ sql: SQL, _ from: [UInt8], _ offset: Int) throws(DatabaseError) -> [UInt8]? {
        let statement = try self.database.statement(sql)
        defer { statement.reset() }
        try statement.bind(1, blob: from)
        try statement.bind(2, blob: self.end)
        try statement.bind(3, Int64(offset))
        return try statement.step() ? statement.bytes(0) : nil
    }

    private func remove(_ sql: SQL, _ from: [UInt8], _ until: [UInt8]) throws(DatabaseError) -> Int64 {
        let statement = try self.database.statement(sql)
        try statement.bind(1, blob: from)
        try statement.bind(2, blob: until)
        try statement.run()
        return self.database.changes
    }

    /// The key of 16 bytes that follows.
    private static func next(after key: [UInt8]) -> [UInt8] {
        var next = key
        for place in next.indices.reversed() {
            next[place] &+= 1
            if next[place] != 0 { break }
        }
        return next
    }
}
