import Domain

/// Record 16, number 1, status 2, billed 1, usage source 1, finish 1, usage, cost, connected 8, first content 8, total 8,
/// reply bytes 8, error.
extension AttemptEndRecord: JournalEntry {
    static let kind = RecordKind.attemptEnd
    static let maximumPayload = 16 + 1 + 2 + 3 + TokenUsage.maximumEncodedSize + 9 + 4 * 8 + 2 + RecordText.name

    var payloadSize: Int {
        16 + 1 + 2 + 3 + self.usage.encodedSize + (self.cost == nil ? 1 : 9) + 4 * 8
            + RecordText.size(self.error, RecordText.name)
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.number)
        encoder.put(self.status)
        encoder.put(self.billed.rawValue)
        encoder.put(self.usageSource.rawValue)
        encoder.put(self.finish.rawValue)
        encoder.put(self.usage)
        encoder.put(self.cost)
        encoder.put(self.connected)
        encoder.put(self.firstContent)
        encoder.put(self.total)
        encoder.put(self.replyBytes)
        encoder.put(self.error, RecordText.name)
    }

    init(_ lent: LentRecord.AttemptEnd) {
        self.init(
            record: lent.record, number: lent.number, status: lent.status, billed: lent.billed,
            usageSource: lent.usageSource, usage: lent.usage, cost: lent.cost, finish: lent.finish,
            error: lent.error.array, connected: lent.connected, firstContent: lent.firstContent, total: lent.total,
            replyBytes: lent.replyBytes)
    }
}

extension LentRecord.AttemptEnd {
    init(from decoder: inout RecordDecoder) throws(RecordDecoder.Malformed) {
        self.init(
            record: try decoder.takeRecordID(), number: try decoder.take(), status: try decoder.take(),
            billed: try decoder.take(Billed.self), usageSource: try decoder.take(UsageSource.self),
            finish: try decoder.take(FinishReason.self), usage: try decoder.takeUsage(), cost: try decoder.takeCost(),
            connected: try decoder.take(), firstContent: try decoder.take(), total: try decoder.take(),
            replyBytes: try decoder.take(), error: try decoder.takeText(RecordText.name))
    }
}
