import Domain

/// Record 16, organization 16, project 16, key 16, flags 1 (1: a user, 2: a trace id, 4: a zone), user 16?, endpoint 1, body
/// bytes 8, fingerprint 8, zone 1?, trace id 16?, label, tags. Where clocks show UTC there is no zone, as in records of before.
extension BeginRecord: JournalEntry {
    static let kind = RecordKind.begin
    static let maximumPayload = 16 * 6 + 1 + 1 + 8 + 8 + 1 + 2 * (2 + BeginRecord.maximumText)
    fileprivate static let traceSize = 16
    fileprivate static let hasUser: UInt8 = 1
    fileprivate static let hasTrace: UInt8 = 2
    fileprivate static let hasZone: UInt8 = 4

    var payloadSize: Int {
        16 * 4 + 1 + (self.principal.user == nil ? 0 : 16) + 1 + 8 + 8 + (self.zone == 0 ? 0 : 1)
            + (self.traceID.count == BeginRecord.traceSize ? BeginRecord.traceSize : 0)
            + RecordText.size(self.label, BeginRecord.maximumText) + RecordText.size(self.tags, BeginRecord.maximumText)
    }

    func encode(into encoder: inout RecordEncoder) {
        encoder.put(self.record)
        encoder.put(self.principal.organization)
        encoder.put(self.principal.project)
        encoder.put(self.principal.key)
        // Trace ids have one length; anything else is none.
        let hasTrace = self.traceID.count == BeginRecord.traceSize
        encoder.put(
            (self.principal.user == nil ? 0 : BeginRecord.hasUser) | (hasTrace ? BeginRecord.hasTrace : 0)
                | (self.zone == 0 ? 0 : BeginRecord.hasZone))
        if let user = self.principal.user { encoder.put(user) }
        encoder.put(self.endpoint.rawValue)
        encoder.put(self.bodyBytes)
        encoder.put(self.fingerprint)
        if self.zone != 0 { encoder.put(self.zone) }
        if hasTrace { encoder.putBytes(self.traceID, BeginRecord.traceSize) }
        encoder.put(self.label, BeginRecord.maximumText)
        encoder.put(self.tags, BeginRecord.maximumText)
    }

    init(_ lent: borrowing LentRecord.Begin) {
        self.init(
            record: lent.record, principal: lent.principal, endpoint: lent.endpoint, bodyBytes: lent.bodyBytes,
            fingerprint: lent.fingerprint, zone: lent.zone, traceID: lent.traceID.array, label: lent.label.array,
            tags: lent.tags.array)
    }
}

extension LentRecord.Begin {
    init(from decoder: inout RecordDecoder) {
        let record = decoder.takeRecordID()
        var principal = Principal(
            organization: decoder.takeEntityID(), project: decoder.takeEntityID(), key: decoder.takeEntityID())
        let flags = decoder.take(UInt8.self)
        if flags > BeginRecord.hasUser | BeginRecord.hasTrace | BeginRecord.hasZone { decoder.refuse() }
        if flags & BeginRecord.hasUser != 0 { principal.user = decoder.takeEntityID() }
        self.init(
            record: record, principal: principal, endpoint: decoder.take(or: Endpoint.chatCompletions),
            bodyBytes: decoder.take(), fingerprint: decoder.take(),
            zone: flags & BeginRecord.hasZone != 0 ? decoder.takeZone() : 0,
            traceID: decoder.takeBytes(flags & BeginRecord.hasTrace != 0 ? BeginRecord.traceSize : 0),
            label: decoder.takeText(BeginRecord.maximumText), tags: decoder.takeText(BeginRecord.maximumText))
    }
}

extension RecordDecoder {
    /// Not that of UTC, which is not written.
    fileprivate mutating func takeZone() -> Int8 {
        let zone = self.take(Int8.self)
        if zone == 0 { self.refuse() }
        return zone
    }
}
