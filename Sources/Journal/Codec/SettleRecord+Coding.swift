import Domain

/// Record 16, rank 1, status 2, outcome 1, finish 1, flags 1, usage source 1, attempts 1, usage, cost, reply bytes 8,
/// received 8, dispatched 8, first byte 8, total 8, model, provider, model sent, error, trail.
///
/// Flags: 1 a stream, 2 a hit of the cache; from the third bit on whose fault it was, 0 for nobody's: see `GatewayError.Source`.
extension SettleRecord: JournalEntry {
    static let kind = RecordKind.settle
    static let maximumPayload =
        16 + 1 + 2 + 5 + TokenUsage.maximumEncodedSize + 9 + 5 * 8 + 4 * (2 + RecordText.name) + 2
        + DecisionTrail.maximumSize
    /// Bytes that are kept ready for one in a segment: of the longest with a short trail; a longer one is left away when there is no room.
    static let reservedSize = SegmentFormat.size(
        payload: maximumPayload - DecisionTrail.maximumSize + DecisionTrail.shortSize)

    /// Never a part of one: that would be none.
    private var keptTrail: [UInt8] { self.trail.count <= DecisionTrail.maximumSize ? self.trail : [] }

    var payloadSize: Int {
        16 + 1 + 2 + 5 + self.usage.encodedSize + (self.cost == nil ? 1 : 9) + 5 * 8
            + RecordText.size(self.model, RecordText.name) + RecordText.size(self.provider, RecordText.name)
            + RecordText.size(self.modelSent, RecordText.name) + RecordText.size(self.error, RecordText.name)
            + 2 + self.keptTrail.count
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.rank.rawValue)
        encoder.put(self.status)
        encoder.put(self.outcome.rawValue)
        encoder.put(self.finish.rawValue)
        encoder.put(
            (self.isStream ? 1 : 0) | (self.isCacheHit ? 2 : 0) | (self.fault.map { $0.rawValue &+ 1 } ?? 0) << 2)
        encoder.put(self.usageSource.rawValue)
        encoder.put(self.attempts)
        encoder.put(self.usage)
        encoder.put(self.cost)
        encoder.put(self.replyBytes)
        encoder.put(self.received)
        encoder.put(self.dispatched)
        encoder.put(self.firstByte)
        encoder.put(self.total)
        encoder.put(self.model, RecordText.name)
        encoder.put(self.provider, RecordText.name)
        encoder.put(self.modelSent, RecordText.name)
        encoder.put(self.error, RecordText.name)
        encoder.put(self.keptTrail, DecisionTrail.maximumSize)
    }

    init(_ lent: borrowing LentRecord.Settle) {
        self.init(
            record: lent.record, rank: lent.rank, status: lent.status, outcome: lent.outcome, finish: lent.finish,
            isStream: lent.isStream, isCacheHit: lent.isCacheHit, fault: lent.fault)
        self.usageSource = lent.usageSource
        self.attempts = lent.attempts
        self.usage = lent.usage
        self.cost = lent.cost
        self.replyBytes = lent.replyBytes
        self.received = lent.received
        self.dispatched = lent.dispatched
        self.firstByte = lent.firstByte
        self.total = lent.total
        self.model = lent.model.array
        self.provider = lent.provider.array
        self.modelSent = lent.modelSent.array
        self.error = lent.error.array
        self.trail = lent.trail.array
    }
}

extension LentRecord.Settle {
    init(from decoder: inout RecordDecoder) {
        let record = decoder.takeRecordID()
        let rank = decoder.take(or: SettleRank.open)
        let status = decoder.take(UInt16.self)
        let outcome = decoder.take(or: ClientOutcome.unknown)
        let finish = decoder.take(or: FinishReason.none)
        let flags = decoder.take(UInt8.self)
        if flags >= 16 { decoder.refuse() }
        self.init(
            record: record, rank: rank, status: status, outcome: outcome, finish: finish, isStream: flags & 1 != 0,
            isCacheHit: flags & 2 != 0, fault: flags >> 2 == 0 ? nil : GatewayError.Source(rawValue: flags >> 2 &- 1),
            usageSource: decoder.take(or: UsageSource.none), attempts: decoder.take(), usage: decoder.takeUsage(),
            cost: decoder.takeCost(), replyBytes: decoder.take(), received: decoder.take(), dispatched: decoder.take(),
            firstByte: decoder.take(), total: decoder.take(), model: decoder.takeText(RecordText.name),
            provider: decoder.takeText(RecordText.name), modelSent: decoder.takeText(RecordText.name),
            error: decoder.takeText(RecordText.name), trail: decoder.takeText(DecisionTrail.maximumSize))
    }
}
