import Domain

/// Record 16, number 1, status 2, billed 1, usage source 1, finish 1, usage (with service and units), cost, connected 8, first content 8, total 8,
/// reply bytes 8, error.
extension AttemptEndRecord: JournalEntry {
    static let kind = RecordKind.attemptEnd
    static let maximumPayload =
        16 + 1 + 2 + 3 + TokenUsage.maximumEncodedSize + CallUnits.maximumEncodedSize + 9 + 4 * 8 + 2 + RecordText.name

    var payloadSize: Int {
        16 + 1 + 2 + 3 + self.usage.encodedSize(self.service, self.units) + (self.cost == nil ? 1 : 9) + 4 * 8
            + RecordText.size(self.error, RecordText.name)
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.number)
        encoder.put(self.status)
        encoder.put(self.billed.rawValue)
        encoder.put(self.usageSource.rawValue)
        encoder.put(self.finish.rawValue)
        encoder.put(self.usage, self.service, self.units)
        encoder.put(self.cost)
        encoder.put(self.connected)
        encoder.put(self.firstContent)
        encoder.put(self.total)
        encoder.put(self.replyBytes)
        encoder.put(self.error, RecordText.name)
    }

    init(_ lent: borrowing LentRecord.AttemptEnd) {
        self.init(
            record: lent.record, number: lent.number, status: lent.status, billed: lent.billed,
            usageSource: lent.usageSource, usage: lent.usage, service: lent.service, units: lent.units, cost: lent.cost,
            finish: lent.finish,
            error: lent.error.array, connected: lent.connected, firstContent: lent.firstContent, total: lent.total,
            replyBytes: lent.replyBytes)
    }
}

extension LentRecord.AttemptEnd {
    init(from decoder: inout RecordDecoder) {
        let record = decoder.takeRecordID()
        let number = decoder.take(UInt8.self)
        let status = decoder.take(UInt16.self)
        let billed = decoder.take(or: Billed.unknown)
        let usageSource = decoder.take(or: UsageSource.none)
        let finish = decoder.take(or: FinishReason.none)
        let (usage, service, units) = decoder.takeUsageAndExtras()
        self.init(
            record: record, number: number, status: status, billed: billed, usageSource: usageSource, finish: finish,
            usage: usage, service: service, units: units, cost: decoder.takeCost(), connected: decoder.take(),
            firstContent: decoder.take(), total: decoder.take(), replyBytes: decoder.take(),
            error: decoder.takeText(RecordText.name))
    }
}
