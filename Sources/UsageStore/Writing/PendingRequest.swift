import Domain
import Journal

/// What a batch has to say about one request. Holds numbers only, so that thousands of them move without reference counting;
/// texts are in the batch's lists of extras and trails.
struct PendingRequest {
    let record: RecordID
    var hasBegin = false

    // Of its BEGIN.
    var principal: Int64 = 0
    var endpoint: UInt8 = 0
    var bodyBytes: UInt64 = 0
    var fingerprint: UInt64 = 0
    /// Of the caller's clocks, in quarter hours from UTC.
    var zone: Int8 = 0
    /// Its place in the list of extras, -1 for none.
    var extras = -1

    /// Of its SETTLE of the highest rank; `open` when there is none.
    var rank = SettleRank.open
    var route: Int64 = 0
    var status: UInt16 = 0
    var outcome = ClientOutcome.unknown
    var finish = FinishReason.none
    var isStream = false
    var isCacheHit = false
    /// Nil also where an older version of the program has not said it.
    var fault: GatewayError.Source?
    var usageSource = UsageSource.none
    var usage = TokenUsage()
    var cost: Int64?
    var attempts: UInt8 = 0
    /// Of `names`, 0 for none.
    var error: Int64 = 0
    var replyBytes: UInt64 = 0
    var received: UInt64 = 0
    var dispatched: UInt64 = 0
    var firstByte: UInt64 = 0
    var total: UInt64 = 0
    /// Its trail's place in the batch's list of trails, -1 for none.
    var trail = -1

    /// Its one call, packed (`InlineAttempt`), and the call's place in the batch; -1 where it does not lie in the row.
    var attempt: Int64 = -1
    var attemptPlace = -1

    /// Everything that will ever be said of it is here, but perhaps its one call.
    var isWhole: Bool { self.hasBegin && self.rank == .edge && self.attempts == 1 }

    init(record: RecordID) {
        self.record = record
    }

    /// False when there was a BEGIN already.
    mutating func take(_ begin: borrowing LentRecord.Begin, principal: Int64) -> Bool {
        guard !self.hasBegin else { return false }
        self.hasBegin = true
        self.principal = principal
        self.endpoint = begin.endpoint.rawValue
        self.bodyBytes = begin.bodyBytes
        self.fingerprint = begin.fingerprint
        self.zone = min(max(begin.zone, -LocalDay.furthestZone), LocalDay.furthestZone)
        return true
    }

    /// False when it has heard as high a rank already.
    mutating func take(_ settle: borrowing LentRecord.Settle, route: Int64, error: Int64) -> Bool {
        guard settle.rank > self.rank else { return false }
        self.rank = settle.rank
        self.route = route
        self.error = error
        self.status = settle.status
        self.outcome = settle.outcome
        self.finish = settle.finish
        self.isStream = settle.isStream
        self.isCacheHit = settle.isCacheHit
        self.fault = settle.fault
        self.usageSource = settle.usageSource
        self.usage = settle.usage
        self.cost = settle.cost
        self.attempts = settle.attempts
        self.replyBytes = settle.replyBytes
        self.received = settle.received
        self.dispatched = settle.dispatched
        self.firstByte = settle.firstByte
        self.total = settle.total
        self.trail = -1
        return true
    }

    /// The texts of a BEGIN that most requests do not have.
    struct Extras {
        var traceID: [UInt8]
        var label: [UInt8]
        var tags: [UInt8]
    }
}

extension LentRecord.Begin {
    /// Whether it has one of the texts that most have not.
    var hasTexts: Bool { !self.traceID.isEmpty || !self.label.isEmpty || !self.tags.isEmpty }
}
