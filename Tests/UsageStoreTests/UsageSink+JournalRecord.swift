import Database
import Domain

@testable import Journal
@testable import UsageStore

extension UsageSink {
    /// Adds a record as it comes from a segment.
    func add(_ record: JournalRecord, owner: UInt32) throws {
        try self.add(encoded: record.encodedBody, owner: owner)
    }

    /// Adds a record by its kind and payload.
    func add(encoded bytes: [UInt8], owner: UInt32) throws {
        let visitor = AddingVisitor(self, owner)
        try unsafe bytes.withUnsafeBytes { bytes in try unsafe LentRecord.show(bytes, to: visitor) }
        if let failure = visitor.failure { throw failure }
    }

    /// One batch of records, of the host 0xABCDEF, its edge 7 and its upstream 9.
    func apply(_ batch: [JournalRecord]) throws {
        try self.begin()
        let edge = try self.owner(host: 0xABCDEF, instance: 7, role: .edge)
        let upstream = try self.owner(host: 0xABCDEF, instance: 9, role: .upstream)
        for record in batch {
            switch record {
            case .begin, .settle: try self.add(record, owner: edge)
            case .attempt, .attemptEnd: try self.add(record, owner: upstream)
            }
        }
        try self.commit()
    }
}

/// Adds what it is shown.
private final class AddingVisitor<Sink: UsageSink>: RecordVisitor {
    private let sink: Sink
    private let owner: UInt32
    private(set) var failure: DatabaseError?

    init(_ sink: Sink, _ owner: UInt32) {
        self.sink = sink
        self.owner = owner
    }

    func visit(_ begin: borrowing LentRecord.Begin) {
        do { try self.sink.add(begin) } catch { self.failure = error }
    }

    func visit(_ attempt: borrowing LentRecord.Attempt) {
        do { try self.sink.add(attempt, owner: self.owner) } catch { self.failure = error }
    }

    func visit(_ end: borrowing LentRecord.AttemptEnd) {
        do { try self.sink.add(end, owner: self.owner) } catch { self.failure = error }
    }

    func visit(_ settle: borrowing LentRecord.Settle) {
        do { try self.sink.add(settle) } catch { self.failure = error }
    }
}
