import Domain

/// Record 16, rank 1, status 2, outcome 1, finish 1, stream 1, usage source 1, attempts 1, usage, cost, reply bytes 8,
/// received 8, dispatched 8, first byte 8, total 8, model, provider, model sent, error.
extension SettleRecord: JournalEntry {
    static let kind = RecordKind.settle
    static let maximumPayload =
        16 + 1 + 2 + 5 + TokenUsage.maximumEncodedSize + 9 + 5 * 8 + 4 * (2 + RecordText.name)

    var payloadSize: Int {
        16 + 1 + 2 + 5 + self.usage.encodedSize + (self.cost == nil ? 1 : 9) + 5 * 8
            + RecordText.size(self.model, RecordText.name) + RecordText.size(self.provider, RecordText.name)
            + RecordText.size(self.modelSent, RecordText.name) + RecordText.size(self.error, RecordText.name)
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.rank.rawValue)
        encoder.put(self.status)
        encoder.put(self.outcome.rawValue)
        encoder.put(self.finish.rawValue)
        encoder.put(UInt8(self.isStream ? 1 : 0))
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
    }

    init(from decoder: inout RecordDecoder) throws(RecordDecoder.Malformed) {
        self.init(
            record: try decoder.takeRecordID(), rank: try decoder.take(SettleRank.self), status: try decoder.take(),
            outcome: try decoder.take(ClientOutcome.self), finish: try decoder.take(FinishReason.self),
            isStream: try decoder.takeFlag())
        self.usageSource = try decoder.take(UsageSource.self)
        self.attempts = try decoder.take()
        self.usage = try decoder.takeUsage()
        self.cost = try decoder.takeCost()
        self.replyBytes = try decoder.take()
        self.received = try decoder.take()
        self.dispatched = try decoder.take()
        self.firstByte = try decoder.take()
        self.total = try decoder.take()
        self.model = try decoder.takeText(RecordText.name)
        self.provider = try decoder.takeText(RecordText.name)
        self.modelSent = try decoder.takeText(RecordText.name)
        self.error = try decoder.takeText(RecordText.name)
    }
}
