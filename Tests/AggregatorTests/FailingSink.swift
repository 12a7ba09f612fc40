import Database
import Domain
import Journal
import UsageStore

/// A usage database that refuses one record or one owner, somewhere in the middle of a batch, and is well again afterwards.
final class FailingSink: UsageSink {
    /// Calls of `add` and of `owner` that still go well; nil for all of them.
    var adds: Int?
    var owners: Int?
    private let writer: UsageWriter

    init(_ writer: UsageWriter) {
        self.writer = writer
    }

    private func pass(_ left: inout Int?) throws(DatabaseError) {
        guard let count = left else { return }
        left = count == 0 ? nil : count - 1
        guard count == 0 else { return }
        throw DatabaseError(path: "usage.db", operation: "write", code: 10, message: "refused", fault: .machine)
    }

    func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32 {
        try self.pass(&self.owners)
        return try self.writer.owner(host: host, instance: instance, role: role)
    }

    func add(_ begin: borrowing LentRecord.Begin) throws(DatabaseError) {
        try self.pass(&self.adds)
        try self.writer.add(begin)
    }

    func add(_ attempt: borrowing LentRecord.Attempt, owner: UInt32) throws(DatabaseError) {
        try self.pass(&self.adds)
        try self.writer.add(attempt, owner: owner)
    }

    func add(_ end: borrowing LentRecord.AttemptEnd, owner: UInt32) throws(DatabaseError) {
        try self.pass(&self.adds)
        try self.writer.add(end, owner: owner)
    }

    func add(_ settle: borrowing LentRecord.Settle) throws(DatabaseError) {
        try self.pass(&self.adds)
        try self.writer.add(settle)
    }

    func begin() throws(DatabaseError) { try self.writer.begin() }
    func setPosition(_ offset: UInt64, of segment: String) throws(DatabaseError) {
        try self.writer.setPosition(offset, of: segment)
    }
    func removePosition(of segment: String) throws(DatabaseError) { try self.writer.removePosition(of: segment) }
    func positions() throws(DatabaseError) -> [String: UInt64] { try self.writer.positions() }
    func commit() throws(DatabaseError) { try self.writer.commit() }
    func rollback() { self.writer.rollback() }
    func add(prices: [Price]) throws(DatabaseError) { try self.writer.add(prices: prices) }
    func size() throws(DatabaseError) -> UInt64 { try self.writer.size() }
    func recover(host: UInt32, instance: UInt32) throws(DatabaseError) -> Int {
        try self.writer.recover(host: host, instance: instance)
    }
    func suspects(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> [UInt64] {
        try self.writer.suspects(host: host, instance: instance, role: role)
    }
    var jobs: JobTable { self.writer.jobs }
    func removal(ofRequestsBefore time: UInt64) -> any JobSteps { self.writer.removal(ofRequestsBefore: time) }
    func removal(ofSumsBefore day: Int64) -> any JobSteps { self.writer.removal(ofSumsBefore: day) }
    func repair(days: Range<Int64>, rows: Int64) throws(DatabaseError) -> RollupRepair {
        try self.writer.repair(days: days, rows: rows)
    }
    func fillRollups(rows: Int64) throws(DatabaseError) -> Bool { try self.writer.fillRollups(rows: rows) }
}
