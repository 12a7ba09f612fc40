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

    init(_ lent: LentRecord.Begin) {
        self.init(
            record: lent.record, principal: lent.principal, endpoint: lent.endpoint, bodyBytes: lent.bodyBytes,
            fingerprint: lent.fingerprint, zone: lent.zone, traceID: lent.traceID.array, label: lent.label.array,
            tags: lent.tags.array)
    }
}

extension LentRecord.Begin {
    init(from decoder: inout RecordDecoder) throws(RecordDecoder.Malformed) {
        let record = try decoder.takeRecordID()
        var principal = Principal(
            organization: try decoder.takeEntityID(), project: try decoder.takeEntityID(),
            key: try decoder.takeEntityID())
        let flags = try decoder.take(UInt8.self)
        guard flags <= BeginRecord.hasUser | BeginRecord.hasTrace | BeginRecord.hasZone else {
            throw RecordDecoder.Malformed()
        }
        if flags & BeginRecord.hasUser != 0 { principal.user = try decoder.takeEntityID() }
        self.init(
            record: record, principal: principal, endpoint: try decoder.take(Endpoint.self),
            bodyBytes: try decoder.take(), fingerprint: try decoder.take(),
            zone: flags & BeginRecord.hasZone != 0 ? try decoder.takeZone() : 0,
            traceID: try decoder.takeBytes(flags & BeginRecord.hasTrace != 0 ? BeginRecord.traceSize : 0),
            label: try decoder.takeText(BeginRecord.maximumText), tags: try decoder.takeText(BeginRecord.maximumText))
    }
}

extension RecordDecoder {
    /// Not that of UTC, which is not written.
    fileprivate mutating func takeZone() throws(Malformed) -> Int8 {
        let zone = try self.take(Int8.self)
        guard zone != 0 else { throw Malformed() }
        return zone
    }
}
