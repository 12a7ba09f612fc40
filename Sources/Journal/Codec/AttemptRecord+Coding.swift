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

    init(from decoder: inout RecordDecoder) throws(RecordDecoder.Malformed) {
        let record = try decoder.takeRecordID()
        let number = try decoder.take(UInt8.self)
        let price = try decoder.take(UInt64.self)
        let startedAt = try decoder.take(UInt64.self)
        self.init(
            record: record, number: number, provider: try decoder.takeText(RecordText.name),
            model: try decoder.takeText(RecordText.name), keyName: try decoder.takeText(RecordText.name), price: price,
            startedAt: startedAt)
    }
}
