import Domain

/// Record 16, number 1, price 8, started at 8, provider, model, key name.
extension AttemptRecord: JournalEntry {
    static let kind = RecordKind.attempt
    static let maximumPayload = 16 + 1 + 8 + 8 + 3 * (2 + RecordText.name)

    var payloadSize: Int {
        16 + 1 + 8 + 8 + RecordText.size(self.provider, RecordText.name) + RecordText.size(self.model, RecordText.name)
            + RecordText.size(self.keyName, RecordText.name)
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.number)
        encoder.put(self.price)
        encoder.put(self.startedAt)
        encoder.put(self.provider, RecordText.name)
        encoder.put(self.model, RecordText.name)
        encoder.put(self.keyName, RecordText.name)
    }

    init(_ lent: borrowing LentRecord.Attempt) {
        self.init(
            record: lent.record, number: lent.number, provider: lent.provider.array, model: lent.model.array,
            keyName: lent.keyName.array, price: lent.price, startedAt: lent.startedAt)
    }
}

extension LentRecord.Attempt {
    init(from decoder: inout RecordDecoder) {
        self.init(
            record: decoder.takeRecordID(), number: decoder.take(), price: decoder.take(), startedAt: decoder.take(),
            provider: decoder.takeText(RecordText.name), model: decoder.takeText(RecordText.name),
            keyName: decoder.takeText(RecordText.name))
    }
}
