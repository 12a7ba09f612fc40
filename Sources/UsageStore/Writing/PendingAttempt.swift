import Domain
import Journal

/// What a batch has to say about one provider call.
struct PendingAttempt {
    let record: RecordID
    let number: UInt8
    /// The upstream's instance.
    var owner: UInt32 = 0

    var hasBegin = false
    /// Of `targets`.
    var target: Int64 = 0
    /// Milliseconds since 1970.
    var startedAt: UInt64 = 0

    var hasEnd = false
    var status: UInt16 = 0
    var billed = Billed.unknown
    var usageSource = UsageSource.none
    var usage = TokenUsage()
    var service = ServiceTier.standard
    var units: CallUnits?
    var cost: Int64?
    var finish = FinishReason.none
    /// Of `names`, 0 for none.
    var error: Int64 = 0
    var connected: UInt64 = 0
    var firstContent: UInt64 = 0
    var total: UInt64 = 0
    var replyBytes: UInt64 = 0

    /// It lies in its request's row.
    var isInline = false

    init(record: RecordID, number: UInt8) {
        self.record = record
        self.number = number
    }

    /// Does nothing when there was one already.
    mutating func take(_ attempt: borrowing LentRecord.Attempt, owner: UInt32, target: Int64) {
        guard !self.hasBegin else { return }
        self.hasBegin = true
        self.owner = owner
        self.target = target
        self.startedAt = attempt.startedAt
    }

    /// Does nothing when there was one already.
    mutating func take(_ end: borrowing LentRecord.AttemptEnd, owner: UInt32, error: Int64) {
        guard !self.hasEnd else { return }
        self.hasEnd = true
        self.owner = owner
        self.error = error
        self.status = end.status
        self.billed = end.billed
        self.usageSource = end.usageSource
        self.usage = end.usage
        self.service = end.service
        self.units = end.units
        self.cost = end.cost
        self.finish = end.finish
        self.connected = end.connected
        self.firstContent = end.firstContent
        self.total = end.total
        self.replyBytes = end.replyBytes
    }
}
