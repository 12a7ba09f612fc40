import Database
import Domain
import Journal
import UsageStore

/// Takes the records of one owner that a reader shows it into a batch of the usage database, which begins with the first of them.
///
/// After a failure, which is to be asked for after each record, nothing more is taken.
final class RecordIntake: RecordVisitor {
    private let sink: any UsageSink
    private let journal: JournalOwner
    private(set) var hasBegun: Bool
    private(set) var failure: DatabaseError?
    /// The owner's number in the usage database, once it is known.
    private(set) var owner: UInt32?
    /// Milliseconds since 1970 of the newest request in what was read of the owner.
    private(set) var time: UInt64

    /// `owner`, `time` and whether the batch has begun are as another intake left them.
    init(_ sink: any UsageSink, _ journal: JournalOwner, owner: UInt32?, time: UInt64, hasBegun: Bool) {
        self.sink = sink
        self.journal = journal
        self.owner = owner
        self.time = time
        self.hasBegun = hasBegun
    }

    /// A batch is needed, whatever goes into it.
    func begin() throws(DatabaseError) {
        guard !self.hasBegun else { return }
        try self.sink.begin()
        self.hasBegun = true
    }

    func visit(_ begin: borrowing LentRecord.Begin) {
        do throws(DatabaseError) {
            guard try self.ready(begin.record) != nil else { return }
            try self.sink.add(begin)
        } catch { self.failure = error }
    }

    func visit(_ attempt: borrowing LentRecord.Attempt) {
        do throws(DatabaseError) {
            guard let owner = try self.ready(attempt.record) else { return }
            try self.sink.add(attempt, owner: owner)
        } catch { self.failure = error }
    }

    func visit(_ end: borrowing LentRecord.AttemptEnd) {
        do throws(DatabaseError) {
            guard let owner = try self.ready(end.record) else { return }
            try self.sink.add(end, owner: owner)
        } catch { self.failure = error }
    }

    func visit(_ settle: borrowing LentRecord.Settle) {
        do throws(DatabaseError) {
            guard try self.ready(settle.record) != nil else { return }
            try self.sink.add(settle)
        } catch { self.failure = error }
    }

    /// The number of the owner, whose record can be taken; nil after a failure.
    @inline(__always)
    private func ready(_ record: RecordID) throws(DatabaseError) -> UInt32? {
        guard self.failure == nil else { return nil }
        self.time = max(self.time, record.milliseconds)
        try self.begin()
        if let owner = self.owner { return owner }
        let journal = self.journal
        let owner = try self.sink.owner(host: journal.host, instance: journal.instance, role: journal.role)
        self.owner = owner
        return owner
    }
}
